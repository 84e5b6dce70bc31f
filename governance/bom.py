"""The bill of materials of one system: its models, how their plans stand, and what the gate says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse

from governance.answer import Answer
from governance.check import preview
from governance.plan_states import plan_states
from governance.rules.facts import AlternativeFacts
from governance.rules.plan import PlanState, Standing
from registry.exports.cyclonedx import (
    MEDIA_TYPE,
    SPEC_VERSION,
    Ancestor,
    Application,
    Model,
    Properties,
    bill_of_materials,
    purl_of,
)
from registry.models import AIModel, Dependency, LineageEdge, ModelAncestor, Offering, System
from registry.refs import HUB

_Place = tuple[int, str]
"""An offering and the revision of it that is in use: one component."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What stands behind the uses of one system, each by the key that a component needs."""

    states: Mapping[int, PlanState]
    answers: Mapping[str, Answer]
    ancestors: Mapping[int, tuple[Ancestor, ...]]


def bom_of(system: System, *, now: datetime) -> str:
    """CycloneDX 1.6 as JSON: the same bytes for the same state, in a number of queries that the models do not change."""
    uses = list(_uses(system))
    environments = list(dict.fromkeys(use.environment.slug for use in uses))
    known = _Known(
        states=plan_states([use.pk for use in uses], now=now),
        answers={slug: preview(system.slug, slug, now=now) for slug in environments},
        ancestors=_ancestors({use.offering.model_id for use in uses}),
    )
    by_place: dict[_Place, list[Dependency]] = defaultdict(list)
    for use in uses:
        by_place[use.offering_id, use.pinned_revision or _head(use.offering)].append(use)
    return bill_of_materials(
        _application(system, known.answers),
        [_model(group, revision, known) for (_, revision), group in by_place.items()],
        as_of=_as_of(uses),
        version=str(settings.SPECTACULAR_SETTINGS["VERSION"]),
    )


def download(system: System, *, now: datetime) -> HttpResponse:
    """The bill as an answer that a browser saves."""
    headers = {
        "Content-Disposition": f'attachment; filename="{system.slug}.cdx.json"',
        "Cache-Control": "no-store",
    }
    content_type = f"{MEDIA_TYPE}; version={SPEC_VERSION}"
    return HttpResponse(bom_of(system, now=now), content_type=content_type, headers=headers)


def _uses(system: System) -> QuerySet[Dependency]:
    return (
        Dependency.objects.current()
        .filter(system=system)
        .select_related("environment", "offering__model__developer", "offering__bom_component")
        .prefetch_related("offering__revisions__license")
        .order_by("offering__host", "offering__external_key", "environment__slug", "purpose", "pk")
    )


def _head(offering: Offering) -> str:
    """A service is what its host runs today."""
    return offering.head_revision if offering.kind == Offering.Kind.WEIGHTS else ""


def _as_of(uses: Iterable[Dependency]) -> datetime | None:
    """The newest moment that anything in the bill is from, as the register keeps it; None without a model."""
    moments = [use.offering.model.updated_at for use in uses]
    moments += [use.offering.facts_as_of for use in uses if use.offering.facts_as_of]
    return max(moments, default=None)


def _application(system: System, answers: Mapping[str, Answer]) -> Application:
    verdicts = tuple((f"understudy:verdict:{slug}", answer.verdict) for slug, answer in answers.items())
    versions = {str(answer.policy_version) for answer in answers.values()}
    return Application(
        slug=system.slug,
        name=system.name,
        description=system.description,
        supplier=system.team.name,
        properties=(
            ("understudy:criticality", system.criticality),
            ("understudy:distribution", system.distribution),
            *(("understudy:policy-version", version) for version in sorted(versions)),
            *verdicts,
        ),
    )


def _model(uses: Sequence[Dependency], revision: str, known: _Known) -> Model:
    offering = uses[0].offering
    model = offering.model
    component = getattr(offering, "bom_component", None)
    return Model(
        host=offering.host,
        external_id=offering.external_id,
        name=model.name,
        developer=model.developer.name,
        revision=revision,
        license=_license(offering, revision),
        description=model.description,
        task=model.task,
        inputs=tuple(model.input_modalities),
        outputs=tuple(model.output_modalities),
        facts=tuple(_facts(model)),
        ancestors=known.ancestors.get(model.pk, ()),
        properties=tuple(_about_uses(uses, known)),
        original=component.document if component else {},
    )


def _license(offering: Offering, revision: str) -> str:
    """The SPDX text of the license of that revision, else of the one that holds for all; empty where none is known."""
    by_revision = {row.revision: row.license for row in offering.revisions.all()}
    license_ = by_revision.get(revision) or by_revision.get("")
    return "" if license_ is None or license_.spdx_id == "NOASSERTION" else license_.spdx_id


def _facts(model: AIModel) -> Iterator[tuple[str, str]]:
    if model.context_length:
        yield "understudy:context-length", str(model.context_length)
    if model.embedding_dimension:
        yield "understudy:embedding-dimension", str(model.embedding_dimension)
    yield from (("understudy:language", str(one)) for one in model.languages)
    yield "understudy:lineage-status", model.lineage_status


def _about_uses(uses: Iterable[Dependency], known: _Known) -> Iterator[tuple[str, str]]:
    """How the plan of each use stands, then what the gate has to say of the model, environment by environment."""
    environments: dict[str, str] = {}
    for use in uses:
        environments[use.environment.slug] = str(use.offering)
        yield from _about_plan(f"understudy:plan:{use.environment.slug}:{use.purpose}", known.states[use.pk])
    for slug, ref in environments.items():
        found = {(one.rule, one.level) for one in known.answers[slug].findings if one.ref == ref}
        yield from ((f"understudy:finding:{slug}", f"{rule} {level}") for rule, level in sorted(found))


def _about_plan(name: str, state: PlanState) -> Properties:
    how = "holds" if state.holds else "does-not-hold" if state.standings else "none"
    return ((name, how), *((f"{name}:alternative:{one.alternative.order}", _standing(one)) for one in state.standings))


def _standing(standing: Standing) -> str:
    """`<purl or way>` with `holds`, or with the rules that keep it from holding."""
    flaws = " ".join(sorted({flaw.rule for flaw in standing.flaws}))
    return f"{_way(standing.alternative)} {flaws or 'holds'}"


def _way(alternative: AlternativeFacts) -> str:
    offering = alternative.offering
    return purl_of(offering.host, offering.name, alternative.pinned_revision) if offering else alternative.kind


def _ancestors(model_ids: set[int]) -> dict[int, tuple[Ancestor, ...]]:
    """By model what it was made from, the nearest first; by three queries."""
    closure = ModelAncestor.objects.filter(model_id__in=model_ids).select_related("ancestor__developer")
    rows = [row for row in closure.order_by("ancestor__slug") if row.ancestor_id != row.model_id]
    edges = LineageEdge.objects.filter(child_id__in=model_ids).order_by("-relation")
    relations = {(edge.child_id, edge.base_id): edge.relation for edge in edges}
    ids = Offering.objects.filter(model__in={row.ancestor_id for row in rows}, host=HUB).order_by("-external_key")
    at_the_hub = dict(ids.values_list("model_id", "external_id"))
    found: dict[int, list[Ancestor]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.model_id, row.ancestor_id) not in relations):
        place = at_the_hub.get(row.ancestor_id)
        found[row.model_id].append(
            Ancestor(
                name=row.ancestor.name,
                developer=row.ancestor.developer.name,
                purl=purl_of(HUB, place) if place else "",
                relation=relations.get((row.model_id, row.ancestor_id), ""),
            )
        )
    return {model_id: tuple(ancestors) for model_id, ancestors in found.items()}
