"""The evidence about one system as one archive that an auditor reads without the product.

It is put together out of rows and lines of audit as they are now; nothing in it needs a script, a network or us. The
lines that concern the system stand in it whole and those between them as links without content, so that the chain can
be computed with the verifier that comes along, and compared with a checkpoint that somebody kept elsewhere.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.http import HttpResponse

from governance import audit, checkpoints, verifier
from governance.evidence_files import Evidence, Part, Row, zipped
from governance.models import (
    Action,
    Adoption,
    Approval,
    Attestation,
    AuditEntry,
    Basis,
    Block,
    BreakGlass,
    Check,
    Comment,
    Decision,
    Delegation,
    Finding,
    Impact,
    Notice,
    Policy,
    Proposal,
    Ticket,
    Waiver,
)
from governance.snapshot import snapshot
from registry.models import (
    AIModel,
    Alternative,
    Change,
    Correction,
    Dependency,
    Drill,
    Environment,
    FallbackPlan,
    License,
    LineageEdge,
    Member,
    Offering,
    PlanRevision,
    Revision,
    System,
    Team,
    User,
    Vendor,
)

CHECKS = 200
_LINK = tuple(sorted(verifier.WITHHELD))


def pack(system: System, *, now: datetime) -> bytes:
    """The archive as a ZIP."""
    program = Path(verifier.__file__).read_text(encoding="utf-8")
    return zipped(collect(system, now=now), verifier=program)


def download(system: System, *, now: datetime) -> HttpResponse:
    """The archive as an answer that a browser saves."""
    name = f"evidence-{system.slug}-{now:%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(pack(system, now=now), content_type="application/zip", headers=headers)


def collect(system: System, *, now: datetime) -> Evidence:
    """What there is to show about `system`, in a number of queries that does not depend on how much it is."""
    tables = list(_tables(system))
    subjects = {f"{row._meta.label_lower}:{row.pk}" for _, _, rows in tables for row in rows}
    parts = [Part(name, says, [_row(row) for row in rows]) for name, says, rows in tables]
    chain, people = _excerpt(subjects)
    people |= {one for part in parts for row in part.rows for one in _people_in(row)}
    parts.append(Part("people", "Who the numbers of persons in the other files are.", _named(people)))
    return Evidence(system, now, parts, chain, _checkpoints(chain))


def _tables(system: System) -> Iterator[tuple[str, str, list[Model]]]:
    """Name, a sentence, and rows; what hangs on nothing of the system is not in it."""
    dependencies = Dependency.objects.filter(system=system)
    plans = FallbackPlan.objects.filter(dependency__in=dependencies)
    revisions = PlanRevision.objects.filter(plan__in=plans)
    alternatives = Alternative.objects.filter(plan_revision__in=revisions)
    offerings = Offering.objects.filter(Q(dependencies__in=dependencies) | Q(alternatives__in=alternatives)).distinct()
    models = AIModel.objects.filter(descendant_rows__model__offerings__in=offerings).distinct()
    vendors = Vendor.objects.filter(
        Q(descendant_rows__vendor__models__in=models) | Q(offerings__in=offerings)
    ).distinct()
    proposals = Proposal.objects.filter(
        Q(dependency__in=dependencies)
        | Q(system=system)
        | Q(model__in=models)
        | Q(offering__in=offerings, distribution=system.distribution, purpose__in=dependencies.values("purpose"))
    )
    about_system: dict[str, Any] = {"system": system}
    yield _table("system", "The system itself.", System.objects.filter(pk=system.pk))
    teams = Team.objects.filter(Q(systems=system) | Q(models__in=models)).distinct()
    yield _table("teams", "Who owns it, and the models in use.", teams)
    yield _table(
        "members", "Who belongs to those teams, in which role, until when.", Member.objects.filter(team__in=teams)
    )
    yield _table(
        "environments",
        "Where it runs, and of which class that is.",
        Environment.objects.filter(dependencies__in=dependencies).distinct(),
    )
    yield _table("dependencies", "What it uses, for what, where; also what has ended.", dependencies)
    yield _table("offerings", "The places that offer the models in use and their alternatives.", offerings)
    yield _table(
        "license-facts", "The license of each known revision of them.", Revision.objects.filter(offering__in=offerings)
    )
    yield _table(
        "licenses",
        "Those licenses, each with its class.",
        License.objects.filter(revisions__offering__in=offerings).distinct(),
    )
    yield _table("models", "Those models, and all that they were made from.", models)
    yield _table("vendors", "Who made them or serves them, with owners.", vendors)
    yield _table("plans", "A fallback plan for each dependency that has one.", plans)
    yield _table("plan-revisions", "Each state of those plans; a submitted one never changes.", revisions)
    yield _table("alternatives", "What takes over, in order, by plan revision.", alternatives)
    yield _table(
        "drills",
        "Exercises of alternatives, and what was measured.",
        Drill.objects.filter(alternative__in=alternatives),
    )
    yield _table("proposals", "What was asked for, and the state of facts it was asked on.", proposals)
    yield _table("decisions", "Who decided, when, and on which state.", Decision.objects.filter(proposal__in=proposals))
    yield _table("comments", "What was said and asked about it.", Comment.objects.filter(proposal__in=proposals))
    delegations = Delegation.objects.filter(decisions__proposal__in=proposals).distinct()
    yield _table("delegations", "By which somebody decided in the place of another.", delegations)
    adoptions = Adoption.objects.filter(proposal__in=proposals)
    approvals = Approval.objects.filter(dependency__in=dependencies)
    yield _table("adoptions", "Models that may be used, by decision.", adoptions)
    yield _table("approvals", "Alternatives that may take over, by decision.", approvals)
    yield _table(
        "basis",
        "The facts that those rest on, as they were when they were granted.",
        Basis.objects.filter(Q(adoption__in=adoptions) | Q(approval__in=approvals)),
    )
    waivers = Waiver.objects.filter(Q(dependency__in=dependencies) | Q(**about_system))
    yield _table("waivers", "Rules that were waived, until when, and why.", waivers)
    blocks = Block.objects.filter(Q(offering__in=offerings) | Q(model__in=models) | Q(vendor__in=vendors))
    yield _table("blocks", "What must not be used.", blocks)
    yield _table(
        "break-glass",
        "When one person held the gate open, why, and who reviewed that.",
        BreakGlass.objects.filter(system=system),
    )
    yield _table(
        "lineage",
        "What those models were made from, who says so and where.",
        LineageEdge.objects.filter(child__in=models),
    )
    corrections = Correction.objects.filter(offering__in=offerings)
    yield _table("corrections", "What people put above the word of sources, until when.", corrections)
    yield _table("policies", "What the gate asked for, version by version.", Policy.objects.all())
    attestations = Attestation.objects.filter(Q(dependency__in=dependencies) | Q(model__in=models))
    yield _table("attestations", "What its owners confirmed, and what they saw.", attestations)
    yield from _events(system, dependencies)


def _events(system: System, dependencies: "QuerySet[Dependency]") -> Iterator[tuple[str, str, list[Model]]]:
    """What came from upstream and what pipelines asked, with all that followed."""
    impacts = Impact.objects.filter(dependency__in=dependencies)
    tickets = Ticket.objects.filter(dependency__in=dependencies)
    last = Check.objects.filter(system=system).values_list("pk", flat=True)[:CHECKS]
    checks = Check.objects.filter(pk__in=list(last))
    yield _table(
        "changes", "What changed upstream and touched it.", Change.objects.filter(impacts__in=impacts).distinct()
    )
    yield _table("impacts", "Which change touched which dependency, and how.", impacts)
    yield _table("actions", "What had to be done about it.", Action.objects.filter(dependency__in=dependencies))
    notices = Notice.objects.filter(Q(items__dependency__in=dependencies) | Q(ticket__in=tickets)).distinct()
    yield _table("notices", "Messages that told of it.", notices)
    yield _table("tickets", "Tickets in a tracker.", tickets)
    yield _table("checks", f"The last {CHECKS} questions of pipelines and their answers.", checks)
    yield _table(
        "findings", "What those checks found, a rule on a reference each.", Finding.objects.filter(check_run__in=checks)
    )


def _table(name: str, says: str, rows: "QuerySet[Any]") -> tuple[str, str, list[Model]]:
    return name, says, list(rows.order_by("pk"))


def _row(row: Model) -> Row:
    return {"id": str(row.pk), "name": str(row) if isinstance(row, _NAMED) else ""} | snapshot(row)


# Their text needs no further row.
_NAMED = (System, AIModel, Vendor, Offering)

PERSONS = (
    "proposer",
    "decider",
    "blocked_by",
    "lifted_by",
    "recorded_by",
    "created_by",
    "reported_by",
    "attested_by",
    "asked_by",
    "changed_by",
    "deputy",
    "plan_author",
    "plan_submitter",
    "submitted_by",
    "user",
    "acting_for",
    "delegator",
    "delegate",
    "ended_by",
    "author",
    "opened_by",
    "closed_by",
    "reviewed_by",
    "asserted_by",
    "lineage_asserted_by",
    "made_by",
    "asked_of",
)


def _people_in(row: Row) -> Iterator[int]:
    yield from (row[name] for name in PERSONS if isinstance(row.get(name), int))


def _named(people: set[int]) -> list[Row]:
    """By number; a person whose name was removed stands with what is left of it."""
    rows = User.objects.filter(pk__in=people).order_by("pk")
    return [{"id": one.pk, "username": one.username, "name": one.get_full_name()} for one in rows]


# --- the chain -----------------------------------------------------------------------------------------------------


def _excerpt(subjects: set[str]) -> tuple[list[str], set[int]]:
    """From the first line that concerns one of `subjects` to the end, the others as links; and who acted in them."""
    first = _first_of(subjects)
    if first is None:
        return [], set()
    lines: list[str] = []
    people: set[int] = set()
    entries = AuditEntry.objects.filter(sequence__gte=first).order_by("sequence")
    for entry in entries.values(*audit.HASHED, "hash").iterator(chunk_size=audit.ROWS_AT_A_TIME):
        if entry["subject"] in subjects:
            lines.append(audit.as_json(entry))
            people |= {entry["actor_id"]} - {None}
        else:
            lines.append(json.dumps({name: entry[name] for name in _LINK}, sort_keys=True, separators=(",", ":")))
    return lines, people


def _first_of(subjects: set[str]) -> int | None:
    """In pieces that SQLite takes as parameters."""
    names = sorted(subjects)
    found = [
        number for start in range(0, len(names), 500) if (number := _oldest(names[start : start + 500])) is not None
    ]
    return min(found, default=None)


def _oldest(names: list[str]) -> int | None:
    lines = AuditEntry.objects.filter(subject__in=names).order_by("sequence")
    return lines.values_list("sequence", flat=True).first()


def _checkpoints(chain: list[str]) -> list[str]:
    """Those kept outside the database that lie in the excerpt, and its own end."""
    if not chain:
        return []
    first, last = json.loads(chain[0]), json.loads(chain[-1])
    kept = [one for one in checkpoints.read(settings.CHECKPOINT_FOLDER) if one.sequence >= first["sequence"]]
    own = audit.Checkpoint(last["sequence"], last["hash"])
    return [json.dumps(asdict(one)) for one in [*(one for one in kept if one.sequence < own.sequence), own]]
