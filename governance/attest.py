"""Owners confirm that nothing changed, or that what changed is right: each line shows what did, and binds to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from governance import audit
from governance.canonical import plain
from governance.check import preview
from governance.models import Attestation, Impact
from governance.permissions import owns
from governance.refused import Refused
from governance.state import State, differences, digest
from registry.models import AIModel, Change, Dependency, Drill, LineageEdge, Offering, PlanRevision, Team, User

Subject = AIModel | Dependency
SHOWN_CHANGES = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to confirm: how it stands, what differs from what was confirmed last, and the news since."""

    subject: Subject
    kind: str
    state: State
    digest: str
    last: Attestation | None
    due_on: date
    differences: list[dict[str, Any]]
    changes: list[Change]

    @property
    def key(self) -> str:
        """What a form sends to confirm the subject in the state that it showed."""
        return f"{self.kind}:{self.subject.pk}:{self.digest}"

    @property
    def is_unchanged(self) -> bool:
        return not self.differences and not self.changes


def lines_for(person: User, *, now: datetime) -> list[Line]:
    """What the person has to confirm from time to time, the most urgent first."""
    models, dependencies = _models_of(person), _dependencies_of(person)
    lines = [*_lines(models, now=now), *_lines(dependencies, now=now)]
    return sorted(lines, key=lambda line: (line.due_on, line.kind, line.subject.pk))


def count_overdue(person: User, *, now: datetime) -> int:
    """How many of the person's models and uses were not confirmed in time."""
    before = now - _period()
    last = {"attestations__attested_at__gt": before}
    models = _models_of(person).filter(created_at__lte=before).exclude(**last)
    dependencies = _dependencies_of(person).filter(declared_on__lte=before.date()).exclude(**last)
    return models.count() + dependencies.count()


def _period() -> timedelta:
    return timedelta(days=settings.ATTEST_DAYS)


def _models_of(person: User) -> QuerySet[AIModel]:
    mine = Q(owner__in=Team.objects.of(person)) | Q(deputy=person)
    return AIModel.objects.filter(mine).exclude(state=AIModel.State.WITHDRAWN)


def _dependencies_of(person: User) -> QuerySet[Dependency]:
    return Dependency.objects.current().owned_by(person)


def _lines(subjects: "QuerySet[AIModel] | QuerySet[Dependency]", *, now: datetime) -> list[Line]:
    rows = _loaded(subjects)
    last = _last_of(rows)
    news = _news_since(rows, last, now=now)
    states = _states(rows, now=now)
    return [_line(row, states[row.pk], last.get(row.pk), news.get(row.pk, [])) for row in rows]


def _line(row: Subject, state: State, last: Attestation | None, news: list[Change]) -> Line:
    since = last.attested_at.date() if last else _began(row)
    return Line(
        subject=row,
        kind=_kind(row),
        state=state,
        # The news belongs to what was seen, though a state that was confirmed is compared without it.
        digest=digest({"state": state, "changes": [change.pk for change in news]}),
        last=last,
        due_on=since + _period(),
        differences=differences(last.seen, state) if last else [],
        changes=news[:SHOWN_CHANGES],
    )


def _kind(row: Subject) -> str:
    return "model" if isinstance(row, AIModel) else "dependency"


def _began(row: Subject) -> date:
    return row.created_at.date() if isinstance(row, AIModel) else row.declared_on


def _loaded(subjects: Any) -> list[Any]:
    if subjects.model is AIModel:
        offerings = Offering.objects.order_by("pk").prefetch_related("revisions__license")
        edges = LineageEdge.objects.select_related("base").order_by("base__slug")
        return list(
            subjects.select_related("owner", "deputy", "developer").prefetch_related(
                Prefetch("offerings", offerings), Prefetch("base_edges", edges)
            )
        )
    drills = Prefetch("alternatives__drills", Drill.objects.order_by("-drilled_on", "-pk"))
    revisions = PlanRevision.objects.exclude(submitted_at=None).order_by("-number")
    revisions = revisions.prefetch_related("alternatives__offering", drills)
    return list(
        subjects.select_related(
            "system__team", "environment", "offering__model__owner", "served_by", "fallback_plan"
        ).prefetch_related(Prefetch("fallback_plan__revisions", revisions, to_attr="submitted"))
    )


def _last_of(rows: list[Any]) -> dict[int, Attestation]:
    if not rows:
        return {}
    newest: dict[int, Attestation] = {}
    kind = _kind(rows[0])
    for one in Attestation.objects.filter(**{f"{kind}__in": rows}).select_related("attested_by").order_by("pk"):
        newest[getattr(one, f"{kind}_id")] = one
    return newest


def _news_since(rows: list[Any], last: Mapping[int, Attestation], *, now: datetime) -> dict[int, list[Change]]:
    """By subject, the changes that reach it since it was confirmed, newest first; a period back where it never was."""
    news: dict[int, list[Change]] = defaultdict(list)
    for pk, change in _news(rows, since=now - _period()):
        confirmed = last.get(pk)
        if (confirmed is None or change.detected_at > confirmed.attested_at) and change not in news[pk]:
            news[pk].append(change)
    return news


def _news(rows: list[Any], *, since: datetime) -> Iterable[tuple[int, Change]]:
    changes = Change.objects.in_force().filter(detected_at__gt=since)
    changes = changes.select_related("listing__source", "offering", "model", "vendor")
    if rows and isinstance(rows[0], Dependency):
        impacts = Impact.objects.filter(dependency__in=rows, change__in=changes).order_by("-change__detected_at", "-pk")
        for impact in impacts.prefetch_related(Prefetch("change", changes)):
            yield impact.dependency_id, impact.change
    elif rows:
        about = Coalesce(F("model"), F("offering__model"), F("listing__offering__model"))
        for change in changes.annotate(about=about).filter(about__in=[row.pk for row in rows]):
            yield change.about, change  # type: ignore[attr-defined]  # annotated above


def _states(rows: list[Any], *, now: datetime) -> dict[int, State]:
    if rows and isinstance(rows[0], Dependency):
        findings = _findings(rows, now=now)
        return {row.pk: _of_dependency(row, findings) for row in rows}
    return {row.pk: _of_model(row) for row in rows}


def _of_model(model: AIModel) -> State:
    return _plain(
        {
            "name": model.name,
            "owner": model.owner and model.owner.slug,
            "deputy": model.deputy and model.deputy.username,
            "register_state": model.state,
            "developer": model.developer.slug,
            "lineage": model.lineage_status,
            "bases": [f"{edge.relation} of {edge.base.slug}" for edge in model.base_edges.all()],
            "task": model.task,
            "languages": model.languages,
            "context_length": model.context_length,
            "embedding_dimension": model.embedding_dimension,
            "offerings": [_offering(one) for one in model.offerings.all()],
        }
    )


def _offering(offering: Offering) -> State:
    revision = next((one for one in offering.revisions.all() if one.revision == offering.head_revision), None)
    return {
        "ref": offering.external_id,
        "host": offering.host,
        "status": offering.status,
        "retires_on": offering.retires_on,
        "gating": offering.gating,
        "license": revision.license.spdx_id if revision and revision.license else None,
    }


def _of_dependency(dependency: Dependency, findings: Mapping[tuple[int, int, str], list[str]]) -> State:
    ref = str(dependency.offering)
    owner = dependency.offering.model.owner
    return _plain(
        {
            "system": dependency.system.slug,
            "team": dependency.system.team.slug,
            "criticality": dependency.system.criticality,
            "distribution": dependency.system.distribution,
            "environment": dependency.environment.slug,
            "purpose": dependency.purpose,
            "offering": ref,
            "model_owner": owner and owner.slug,
            "served_by": dependency.served_by and dependency.served_by.slug,
            "pinned_revision": dependency.pinned_revision,
            "held_copy": dependency.held_copy_digest,
            "has_index": dependency.has_index,
            "plan": _plan(dependency),
            "findings": findings.get((dependency.system_id, dependency.environment_id, ref), []),
        }
    )


def _plan(dependency: Dependency) -> State | None:
    plan = getattr(dependency, "fallback_plan", None)
    revision = next(iter(plan.submitted), None) if plan else None
    if revision is None:
        return None
    return {
        "revision": revision.number,
        "alternatives": [str(one) for one in revision.alternatives.all()],
        "drills": [str(drill) for one in revision.alternatives.all() for drill in one.drills.all()[:1]],
    }


def _findings(rows: list[Dependency], *, now: datetime) -> dict[tuple[int, int, str], list[str]]:
    """What the gate finds now: by system, environment and ref the codes of errors and warnings."""
    found: dict[tuple[int, int, str], list[str]] = defaultdict(list)
    for system, environment in {(row.system, row.environment) for row in rows}:
        for finding in preview(system.slug, environment.slug, now=now).findings:
            if finding.level != "note":
                found[system.pk, environment.pk, finding.ref].append(f"{finding.rule} ({finding.level})")
    return {key: sorted(set(codes)) for key, codes in found.items()}


def _plain(state: Mapping[str, Any]) -> State:
    said = plain(dict(state))
    assert isinstance(said, dict)  # noqa: S101 - a mapping has no other plain form
    return said


def line_of(subject: Subject, *, now: datetime) -> Line:
    """How `subject` stands to be confirmed."""
    return _lines(type(subject)._default_manager.filter(pk=subject.pk), now=now)[0]  # noqa: SLF001 - every model's manager


def attest(subject: Subject, *, seen_digest: str, by: User, now: datetime) -> Attestation:
    """Confirm `subject` in the state that `seen_digest` names.

    Refused: `not_allowed`, `state_changed` where it stands otherwise now, with what differs from the last time.
    """
    with transaction.atomic():
        person = User.objects.get(pk=by.pk)
        if not person.has_perm("governance.add_attestation") or not owns(person, subject):
            raise Refused("not_allowed", "Only its owners confirm it.")
        # Held until we are done: who edits it meanwhile is seen, or waits.
        type(subject)._default_manager.select_for_update().get(pk=subject.pk)  # noqa: SLF001 - every model's manager
        line = line_of(subject, now=now)
        if line.digest != seen_digest:
            raise Refused(
                "state_changed",
                f"{subject} has changed since you saw it. Look at what is different and confirm again.",
                current_digest=line.digest,
                current_state=line.state,
                differences=line.differences,
            )
        made = Attestation.objects.create(
            **{line.kind: subject}, attested_by=person, attested_at=now, digest=line.digest, seen=line.state
        )
        said = {"of": f"{subject._meta.label_lower}:{subject.pk}", "digest": made.digest, "seen": made.seen}
        audit.record("governance:attestation:made", made, actor=person, after=said | {line.kind: subject.pk})
    return made
