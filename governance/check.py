"""The gate: may this system ship with these models? From question to facts to rules to a stored answer."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import models
from governance.answer import (
    Answer,
    AnsweredFinding,
    Location,
    digest_of_findings,
    merge,
    of_the_system_once,
    worst_first,
)
from governance.canonical import canonical
from governance.circles import no_circles_collected
from governance.facts import Asked, Judged, StaleFacts, SystemFacts, Use, load, load_declared, load_system
from governance.grounds import grounds_of
from governance.idempotency import tie
from governance.links import page_url
from governance.rules.findings import Finding, Page
from governance.rules.judge import judge, judge_unnamed, judge_unresolved
from governance.rules.policy import Policy
from governance.rules.verdict import verdict_of
from governance.signing import sign
from governance.stored_answer import as_text
from governance.terms import terms_in_force
from registry.models import Environment, Source, System, User
from registry.scope import reaches_system

MAX_MODELS = 2000
MAX_LOCATIONS = 200
_MAX_TEXT = 1000
_MAX_REF = 400
# Controls and lone surrogates (Unicode's Cc and Cs).
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CLASS = Environment.Class
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,50}")


class UnknownSystem(LookupError):
    """The system is not in the register."""


class UnknownEnvironment(LookupError):
    """The environment is not in the register; a typo must not soften the gate."""


@dataclass(frozen=True, slots=True)
class RequestedModel:
    """A model that a pipeline found, as it is written there."""

    ref: str
    via: str | None = None
    revision: str | None = None
    purpose: str | None = None
    locations: tuple[Location, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The question of a pipeline. `is_complete` where it says that the system uses no other model."""

    system: str
    environment: str
    models: tuple[RequestedModel, ...]
    is_complete: bool = False
    commit: str = ""
    source_url: str = ""


def check(
    request: CheckRequest, *, asked_by: User | None, now: datetime, key: models.IdempotencyKey | None = None
) -> models.Check:
    """Answer and store the answer, which stays the same for ever; raises as `evaluate` does.

    Where it is asked under a `key`, key and answer are tied in one transaction: raises `KeyInUse` where the key is lost.
    """
    with no_circles_collected():
        return _check(request, asked_by=asked_by, now=now, key=key)


def _check(
    request: CheckRequest, *, asked_by: User | None, now: datetime, key: models.IdempotencyKey | None
) -> models.Check:
    system = _find_system(request.system, request.environment)
    terms = terms_in_force(now)
    answer = _answer(request, system, terms, now)
    row = models.Check(
        system=System(pk=system.id, slug=system.slug, name=system.name),
        environment=Environment(pk=system.environment_id, slug=system.environment),
        request=_understood(request, system),
        verdict=answer.verdict,
        checked_at=now,
        facts_as_of=answer.facts_as_of,
        policy_version=answer.policy_version,
        commit=_storable(request.commit, 64),
        source_url=_storable(request.source_url, 500),
        question_digest=digest_of_question(request),
        findings_digest=digest_of_findings(answer.findings),
        stale_sources=_silent_sources(answer),
        grounds_id=_kept_grounds(answer),
        asked_by=asked_by,
    )
    row.signed = sign(row, valid_for=timedelta(hours=terms.cached_verdict_hours))
    findings = [_row(row, position, finding) for position, finding in enumerate(answer.findings)]
    with transaction.atomic():
        row.save(force_insert=True)
        models.Finding.objects.bulk_create(findings)
        if key is not None:
            tie(key, row)
    return row


def evaluate(request: CheckRequest, *, now: datetime) -> Answer:
    """The answer to `request`, not stored.

    Raises `UnknownSystem`, `UnknownEnvironment`, and `ValidationError` for a question that cannot be meant. A ref that
    names nothing is a finding.
    """
    return _answer(request, _find_system(request.system, request.environment), terms_in_force(now), now)


def digest_of_question(request: CheckRequest) -> str:
    """The hash of what decides: system, environment, and each model with what is said of it, in order and once.

    The client makes the same of the same question, so an answer that it kept can be told to be about this one:

        sha256(["product-search", "production", false, [["acme/e5", "huggingface", "9c925d64", "embedding"]]])

    as JSON without spaces in UTF-8; what was not said is an empty text. Places, commit and link decide nothing.
    """
    asked = sorted({(one.ref, one.via or "", one.revision or "", one.purpose or "") for one in request.models})
    question = [request.system, request.environment, request.is_complete, [list(one) for one in asked]]
    text = json.dumps(question, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def preview(system: str, environment: str, *, now: datetime) -> Answer:
    """Would it ship now? The answer for all that the system (by slug) has declared; raises as `evaluate` does."""
    facts = _find_system(system, environment)
    judged = load_declared(facts, now=now)
    return _judge(facts, [(one, ()) for one in judged], terms_in_force(now), now)


def unknown_system(slug: str) -> UnknownSystem:
    """Says the same of a system that is not there and of one beyond the token in use."""
    return UnknownSystem(f"There is no system “{_storable(slug, 60)}” in the register. Systems are named by slug.")


def _find_system(slug: str, environment: str) -> SystemFacts:
    facts = load_system(slug, environment if _SLUG.fullmatch(environment) else "") if _SLUG.fullmatch(slug) else None
    if facts is None or not reaches_system(facts.id):
        raise unknown_system(slug)
    if not facts.environment_id:
        known = ", ".join(Environment.objects.values_list("slug", flat=True)) or "none yet"
        raise UnknownEnvironment(f"There is no environment “{_storable(environment, 60)}”; known are: {known}.")
    return facts


def _answer(request: CheckRequest, system: SystemFacts, terms: Policy, now: datetime) -> Answer:
    _refuse_the_impossible(request)
    places = _places(request)
    judged = load(system, list(places), now=now, is_complete=request.is_complete)
    # What nobody named stands nowhere.
    stands = [*places.values(), *([[]] * (len(judged) - len(places)))]
    return _judge(system, list(zip(judged, stands, strict=True)), terms, now)


def _refuse_the_impossible(request: CheckRequest) -> None:
    """Refuse what no ref, however wrong, explains: raises `ValidationError` with the field."""
    if not request.models:
        raise ValidationError({"models": ["Name at least one model: an answer about nothing would be green."]})
    if len(request.models) > MAX_MODELS:
        raise ValidationError({"models": [f"{len(request.models)} models; at most {MAX_MODELS} fit into one check."]})
    for position, model in enumerate(request.models):
        for field in ("revision", "purpose"):
            if _has_unseen(getattr(model, field) or ""):
                raise ValidationError({f"models[{position}].{field}": ["It has a control character: remove it."]})
        if len(model.locations) > MAX_LOCATIONS:
            raise ValidationError({f"models[{position}].locations": [f"At most {MAX_LOCATIONS} are kept."]})


def _has_unseen(text: str) -> bool:
    return _UNSEEN.search(text) is not None


def _places(request: CheckRequest) -> dict[Asked, list[Location]]:
    """What is asked, each question once, with all the places where it stands."""
    places: dict[Asked, list[Location]] = defaultdict(list)
    for model in request.models:
        places[Asked(model.ref, model.via, model.revision, model.purpose)] += model.locations
    return places


def _judge(
    system: SystemFacts, judged: Iterable[tuple[Judged, Sequence[Location]]], policy: Policy, now: datetime
) -> Answer:
    found = [(one, _findings(one, system, policy), locations) for one, locations in judged]
    merged = [
        finding
        for one, findings, locations in found
        for finding in merge(
            findings, ref=_storable(one.ref, _MAX_REF), locations=locations, dependency_ids=_dependency_ids(one)
        )
    ]
    uses = [(_storable(one.ref, _MAX_REF), use) for one, _, _ in found for use in one.uses]
    whole = uses[0][1].system if uses else system
    confirmed = [use.offering.facts_as_of for _, use in uses]
    return Answer(
        system=system.slug,
        environment=system.environment,
        verdict=verdict_of([finding for _, findings, _ in found for finding in findings]),
        checked_at=now,
        facts_as_of=min((moment for moment in confirmed if moment is not None), default=None),
        policy_version=policy.version,
        findings=worst_first(of_the_system_once(merged, system=system.slug)),
        stale=_stale(use for _, use in uses),
        grounds=grounds_of(whole, uses, lead_days=policy.lead_days[system.criticality]),
    )


def _dependency_ids(judged: Judged) -> list[int]:
    return [use.dependency.id for use in judged.uses if use.dependency is not None]


def _stale(uses: Iterable[Use]) -> tuple[StaleFacts, ...]:
    """Whose silence the facts in use suffer from, those of alternatives included; by source the longest."""
    longest: dict[int, StaleFacts] = {}
    for use in uses:
        plan = use.dependency.plan if use.dependency else None
        spares = [one.offering for one in plan.alternatives] if plan else []
        for offering in (use.offering, *spares):
            stale = offering.stale if offering else None
            if stale is not None and stale.since <= longest.get(stale.source_id, stale).since:
                longest[stale.source_id] = stale
    return tuple(longest[pk] for pk in sorted(longest))


def _findings(judged: Judged, system: SystemFacts, policy: Policy) -> list[Finding]:
    resolution = judged.resolution
    if resolution is not None and resolution.problem is not None:
        return [judge_unresolved(resolution.problem, resolution.message, system, policy)]
    if judged.is_unnamed:
        return [judge_unnamed(use, policy) for use in judged.uses]
    return [finding for use in judged.uses for finding in judge(use, policy)]


def _row(check_row: models.Check, position: int, finding: AnsweredFinding) -> models.Finding:
    return models.Finding(
        check_run_id=check_row.pk,
        position=position,
        rule=finding.rule,
        level=finding.level,
        ref=finding.ref,
        message=finding.message,
        fix=f"{finding.fix} {page_url(finding.page)}" if finding.page else finding.fix,
        waiver=_waiver(finding),
        locations=[_location(location) for location in finding.locations],
    )


def _waiver(finding: AnsweredFinding) -> dict[str, str] | None:
    if finding.waiver is None:
        return None
    return {
        "until": finding.waiver.until.isoformat(),
        "reason": finding.waiver.reason,
        "proposal": page_url(Page("proposal", finding.waiver.proposal_id)),
    }


def _location(location: Location) -> dict[str, str | int | None]:
    return {"path": _storable(location.path, _MAX_TEXT), "line": location.line}


def _silent_sources(answer: Answer) -> list[dict[str, str | None]]:
    """The sources of `answer.stale` as the API tells them."""
    since = {one.source_id: one.since for one in answer.stale}
    if not since:
        return []
    return [
        {
            "slug": source.slug,
            "name": source.name,
            "silent_since": as_text(since[source.pk]),
            "last_success_at": as_text(source.last_success_at) if source.last_success_at else None,
        }
        for source in Source.objects.filter(pk__in=since).order_by("slug")
    ]


def _kept_grounds(answer: Answer) -> str:
    """The hash under which the grounds of the answer are kept; most answers rest on what an earlier one rested on."""
    # What it says are texts and numbers already, so nothing has to be made plain first.
    digest = sha256(canonical(answer.grounds)).hexdigest()
    if not models.Grounds.objects.filter(pk=digest).exists():
        row = models.Grounds(digest=digest, document=answer.grounds)
        models.Grounds.objects.bulk_create([row], ignore_conflicts=True)
    return digest


def _understood(request: CheckRequest, system: SystemFacts) -> dict[str, Any]:
    """The question as JSON that any database takes."""
    return {
        "models": [
            {
                "ref": _storable(model.ref, _MAX_REF),
                "via": _storable(model.via or "", _MAX_TEXT),
                "revision": _storable(model.revision or "", _MAX_TEXT),
                "purpose": _storable(model.purpose or "", _MAX_TEXT),
                "locations": [_location(location) for location in model.locations],
            }
            for model in request.models
        ],
        "complete": request.is_complete,
        "environment_class": (_CLASS.PRODUCTION if system.is_production else _CLASS.NONPRODUCTION).value,
    }


def _storable(text: str, longest: int) -> str:
    """`text` without what PostgreSQL or UTF-8 cannot hold, cut to `longest` characters."""
    if _has_unseen(text):
        text = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
