"""Who may do what with whose rows, for every operation of the API: the table that `test_reach` walks through.

`OWN` stands for roles that may on a row of their own team, `ANY` for roles that may on any row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from governance.models import Concentration, Gateway, Notice, Pipeline
from governance.whatif.ask import save_report
from governance.whatif.question import Question
from registry.models import Change, Correction, Incident, System
from registry.scope import WAYS
from registry.upstream import SOURCES
from tests import admin_rows as rows
from tests import factories as make

ALL = ("viewer", "owner", "reviewer", "admin", "legal")
STEWARDS = ("reviewer", "admin")
NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """`own`: roles that may on a row of their team, `foreign`: on one of another. `body` is made for a row."""

    own: tuple[str, ...]
    foreign: tuple[str, ...]
    body: Callable[[Any], dict[str, Any]] = lambda _row: {}


def both(roles: tuple[str, ...], body: Callable[[Any], dict[str, Any]] = lambda _row: {}) -> Write:
    """Whose row it is makes no difference."""
    return Write(roles, roles, body)


def soon(days: int = 9) -> str:
    return str(timezone.now().date() + timedelta(days=days))


def waiver_proposal(_number: int = 0) -> Model:
    return rows.proposal(
        kind="waive_rule",
        rule="UD401",
        dependency=make.dependency(),
        until=timezone.now().date() + timedelta(days=20),
        compensating_measure="We look every day.",
        purpose="",
        distribution="",
        decide_by=timezone.now() + timedelta(days=9),
    )


def concentration(_number: int) -> Model:
    system = make.system()
    numbers = {"behind": 6, "total": 10, "critical_behind": 1, "critical_total": 2}
    return Concentration.objects.create(day=make.TODAY, scope="system", system=system, vendor=make.vendor(), **numbers)


def pipeline(_number: int) -> Model:
    return Pipeline.objects.create(
        system=make.system(),
        provider="github",
        issuer="https://token.actions.githubusercontent.com",
        audience="https://understudy.example",
        claims={"repository_id": "74", "repository_owner_id": "65"},
        made_by=make.user(),
        made_at=timezone.now(),
    )


def gateway(number: int) -> Gateway:
    """One that is run by the team of the system that it serves."""
    return _run_by_the_team(rows.gateway(number))


def gateway_report(number: int) -> Model:
    row = rows.gateway_report(number)
    row.gateway = _run_by_the_team(row.gateway)
    return row


def _run_by_the_team(row: Gateway) -> Gateway:
    assert row.system is not None
    row.team = row.system.team
    row.save()
    return row


def glass(_number: int) -> Model:
    now = timezone.now()
    return rows.BreakGlass.objects.create(
        system=make.system(),
        environment=make.environment(),
        reason="Checkout is down.",
        opened_by=make.user(),
        opened_at=now,
        ends_at=now + timedelta(hours=2),
    )


def correction(_number: int) -> Model:
    return Correction.objects.create(
        offering=make.offering(),
        fact="gating",
        value="manual",
        reason="Their card.",
        evidence_url="https://lab.example/",
        made_by=make.user(),
        made_at=timezone.now(),
        ends_on=timezone.now().date() + timedelta(days=30),
    )


def incident(number: int) -> Model:
    slug = sorted(SOURCES)[number]
    return Incident.objects.create(
        source=make.source(slug), kind="empty", opened_at=timezone.now(), reason="40 % are gone."
    )


def report(number: int) -> Model:
    row = rows.change(number)
    Change.objects.filter(pk=row.pk).update(origin=Change.Origin.PERSON)
    return row


def dead_letter(number: int) -> Model:
    row = rows.notice(number)
    Notice.objects.filter(pk=row.pk).update(state=Notice.State.DEAD)
    return row


def kept_answer(_number: int) -> Model:
    make.offering()
    asked = Question(gone_on=timezone.now().date(), hosts=("huggingface",))
    return save_report(asked, title="The Hub", by=make.user(), now=timezone.now())


# Resources whose rows belong to a system or a team. A token bound to another sees none of them.
BOUND: dict[str, Callable[[int], Model]] = {
    "actions": rows.action,
    "approvals": rows.approval,
    "attestations": rows.attestation,
    "break-glass": glass,
    "checks": rows.check,
    "concentration": concentration,
    "dependencies": lambda _: make.dependency(),
    "drills": rows.drill,
    "fallback-plans": lambda _: make.plan(make.dependency(), make.offering()).plan,
    "gateway-reports": gateway_report,
    "gateways": gateway,
    "impacts": rows.impact,
    "notices": dead_letter,
    "pipelines": pipeline,
    "proposals": waiver_proposal,
    "systems": lambda _: make.dependency().system,
    "teams": lambda _: make.system().team,
    "tickets": rows.ticket,
    "waivers": rows.waiver,
}
# What everybody reads, every token too: the register's facts, and decisions that hold for all systems.
SHARED: dict[str, Callable[[int], Model]] = {
    "adoptions": rows.adoption,
    "blocks": rows.MAKERS[rows.Block],
    "changes": rows.change,
    "corrections": correction,
    "environments": lambda number: make.environment(f"env-{number}"),
    "incidents": incident,
    "licenses": lambda number: make.license_(f"LicenseRef-{number}"),
    "listings": rows.MAKERS[rows.Listing],
    "models": lambda _: make.model(),
    "observations": rows.observation,
    "offerings": lambda _: make.offering(),
    "policies": rows.policy,
    "reports": report,
    "sources": lambda number: make.source(f"feed-{number}"),
    "vendors": lambda _: make.vendor(),
}
# What tells of all systems and teams at once: no token that is bound to one.
OF_ALL: dict[str, Callable[[int], Model]] = {
    "audit": rows.audit_entry,
    "delegations": rows.delegation,
    "dry-runs": rows.MAKERS[rows.DryRun],
    "leavers": lambda _: make.user(role="viewer"),
    "what-if-reports": kept_answer,
}
# Managed with a password or a session alone; `test_tokens` is about them. And whoever asks for an identity, or for the
# keys by which a verdict is verified, has none yet.
ELSEWHERE = {"tokens", "ci", "keys"}
# No rows of its own to read.
ROWLESS = {"what-if", "imports"}
# Reading these is not for every role.
READ_BY = {"leavers": STEWARDS}

_BARE = {"slug": "new", "name": "New"}


def _evidence(row: Any) -> dict[str, Any]:
    return {"value": "manual", "reason": "Their card.", "evidence_url": "https://lab.example/", "offering": row.pk}


WRITES: dict[str, Write] = {
    "POST actions/{}/acknowledge": Write(("owner",), NOBODY),
    "POST actions/{}/done": Write(("owner",), NOBODY, lambda _: {"reason": "Moved."}),
    "POST actions/{}/snooze": Write(("owner",), NOBODY, lambda _: {"reason": "Busy.", "until": soon()}),
    "POST attestations": Write(("owner",), NOBODY, lambda row: {"dependency": row.dependency_id, "digest": "0" * 64}),
    "POST blocks": both(("reviewer",), lambda _: {"vendor": make.vendor().slug, "reason": "Leaks."}),
    "POST blocks/{}/lift": both(("reviewer",), lambda _: {"reason": "Mended."}),
    "POST break-glass": Write(
        ("owner", "reviewer"),
        ("reviewer",),
        lambda row: {
            "system": row.system.slug,
            "environment": make.environment("dev").slug,
            "reason": "Down.",
            "hours": 1,
        },
    ),
    "POST break-glass/{}/close": Write(("owner", "reviewer"), ("reviewer",)),
    "POST break-glass/{}/review": both(("reviewer",), lambda _: {"verdict": "justified", "review": "It was."}),
    "POST changes": both(
        STEWARDS,
        lambda _: {
            "vendor": make.vendor().slug,
            "severity": "warning",
            "summary": "It closes up.",
            "source_url": "https://news.example/1",
        },
    ),
    "POST checks": both(
        ALL,
        lambda row: {
            "system": row.system.slug,
            "environment": make.environment().slug,
            "models": [{"ref": "openai/gpt-4o"}],
        },
    ),
    "POST corrections": both(STEWARDS, lambda _: {"fact": "gating", "ends_on": soon(30)} | _evidence(make.offering())),
    "POST corrections/{}/lift": both(STEWARDS, lambda _: {"reason": "It is right now."}),
    "POST delegations": both(
        ("reviewer", "legal"),
        lambda _: {"delegate": make.user(role="viewer").username, "until": soon(3), "reason": "A holiday."},
    ),
    "POST delegations/{}/end": both(("admin",)),
    "POST dependencies": Write(
        ("owner", "admin"),
        ("admin",),
        lambda row: {
            "system": row.system.slug,
            "offering": make.offering().pk,
            "purpose": "chat",
            "environment": row.environment.slug,
        },
    ),
    "PATCH dependencies/{}": Write(("owner", "admin"), ("admin",), lambda _: {"has_index": True}),
    "POST drills": Write(
        ("owner",), NOBODY, lambda row: {"alternative": row.alternative_id, "drilled_on": soon(0), "suite": "retrieval"}
    ),
    "POST environments": both(("admin",), lambda _: _BARE | {"environment_class": "nonproduction"}),
    "PATCH environments/{}": both(("admin",), lambda _: {"name": "Other"}),
    "POST fallback-plans": Write(
        ("owner",),
        NOBODY,
        lambda row: {
            "dependency": row.dependency_id,
            "trigger": "It retires.",
            "switch_procedure": "Change the route.",
            "switched_by": "On call",
            "alternatives": [{"kind": "manual", "description": "By hand.", "impact_statement": "Slower."}],
        },
    ),
    "POST fallback-plans/{}/submit": Write(("owner",), NOBODY),
    "POST gateways": Write(("owner", *STEWARDS), STEWARDS, lambda row: _BARE | {"team": row.team.slug}),
    "PATCH gateways/{}": Write(("owner", *STEWARDS), STEWARDS, lambda _: {"name": "Other"}),
    "POST gateways/{}/reports": Write(("owner", *STEWARDS), STEWARDS),
    "POST imports": both(STEWARDS),
    "POST incidents/{}/dismiss": both(STEWARDS, lambda _: {"note": "A mistake of theirs."}),
    "POST incidents/{}/release": both(STEWARDS),
    "POST leavers/{}/transfer": both(("admin",), lambda _: {"successor": make.user(role="owner").username}),
    "POST listings/{}/map": both(STEWARDS, lambda _: {"offering": make.offering().pk}),
    "POST listings/{}/unmap": both(STEWARDS),
    "POST models": both(STEWARDS, lambda _: _BARE | {"developer": make.vendor().slug}),
    "PATCH models/{}": both(STEWARDS, lambda _: {"description": "Other"}),
    "POST models/{}/assert-lineage": both(STEWARDS, lambda _: {"source": "The model card.", "statement": "root"}),
    "POST notices/{}/replay": both(("admin",)),
    "POST offerings": both(
        STEWARDS,
        lambda _: {"model": make.model().slug, "kind": "weights", "host": "huggingface", "external_id": "new/one"},
    ),
    "PATCH offerings/{}": both(STEWARDS, lambda _: {"host": "other"}),
    "POST pipelines": Write(
        ("owner", "admin"),
        ("admin",),
        lambda row: {
            "system": row.system.slug,
            "provider": "github",
            "claims": {"repository_id": "1", "repository_owner_id": "2"},
        },
    ),
    "POST pipelines/{}/agree": both(STEWARDS),
    "POST pipelines/{}/end": Write(("owner", *STEWARDS), STEWARDS),
    "POST policies": both(STEWARDS, lambda _: {"text": "waiver_max_days = 30\n", "reason": "Tighter."}),
    "POST policies/dry-run": both(STEWARDS, lambda _: {"text": "waiver_max_days = 30\n"}),
    "POST proposals": Write(
        ("owner", "reviewer"),
        ("reviewer",),
        lambda row: {
            "kind": "waive_rule",
            "rule": "UD402",
            "dependency": row.dependency_id,
            "until": soon(20),
            "compensating_measure": "We look every day.",
            "reason": "For now.",
        },
    ),
    "POST proposals/{}/again": Write(("owner", "reviewer"), ("reviewer",), lambda _: {"reason": "Still."}),
    "POST proposals/{}/answer": both(NOBODY, lambda row: {"question": _question(row), "text": "Yes."}),
    "POST proposals/{}/ask": both(ALL, lambda _: {"text": "Why?"}),
    "POST proposals/{}/comment": both(ALL, lambda _: {"text": "Well."}),
    # Of legal only where the route asks for them, which it does not here.
    "POST proposals/{}/decide": both(
        ("reviewer",), lambda _: {"verdict": "reject", "state_digest": "0" * 64, "comment": "No."}
    ),
    "POST proposals/{}/edit": both(NOBODY, lambda _: {"reason": "Other."}),
    "POST proposals/{}/withdraw": both(NOBODY),
    "POST reports": both(STEWARDS, lambda _: _report(make.offering())),
    "PATCH sources/{}": both(("admin",), lambda _: {"is_enabled": False}),
    "POST systems": Write(("owner", "admin"), ("admin",), lambda row: _BARE | {"team": row.team.slug}),
    "PATCH systems/{}": Write(("owner", *STEWARDS), STEWARDS, lambda _: {"description": "Other"}),
    "POST systems/{}/bom": both(ALL),
    "POST teams": both(("admin",), lambda _: _BARE),
    "PATCH teams/{}": both(("admin",), lambda _: {"email": "o@northwind.example"}),
    "POST vendors": both(STEWARDS, lambda _: _BARE),
    "PATCH vendors/{}": both(STEWARDS, lambda _: {"name": "Other"}),
    "POST vendors/{}/merge": both(STEWARDS, lambda _: {"into": make.vendor().slug, "reason": "The same."}),
    "POST what-if": both(ALL, lambda _: {"gone_on": soon(), "hosts": [make.offering().host]}),
    "POST what-if-reports": both(ALL, lambda _: {"gone_on": soon(), "hosts": [make.offering().host]}),
}


def _question(proposal: Any) -> int:
    return proposal.comments.create(
        kind="question", author=make.user(), asked_of=make.user(), text="Why?", written_at=timezone.now()
    ).pk


def _report(offering: Any) -> dict[str, Any]:
    return {
        "offering": offering.pk,
        "kind": "deprecated",
        "source_url": "https://lab.example/",
        "summary": "Their page says so.",
    }


def system_of(row: Any) -> System | None:
    """The system that a row belongs to; None where it is a team's alone."""
    for path in WAYS[type(row)].system:
        found = row
        for step in path.split("__"):
            found = {"pk": found, "systems": getattr(found, "systems", None)}.get(step) or getattr(found, step, None)
        if hasattr(found, "first"):
            found = found.first()
        if isinstance(found, System):
            return found
    return None


def team_of(row: Any) -> Any:
    system = system_of(row)
    return system.team if system is not None else row.channel.team


def key_of(row: Any) -> Any:
    """What stands in the address of a row."""
    names = ("slug", "spdx_id", "sequence", "version", "username")
    return next((getattr(row, name) for name in names if hasattr(row, name)), row.pk)
