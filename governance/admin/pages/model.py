"""One model at a glance: who makes it, who stands behind it, where it is offered, who uses it, and what was decided."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from governance import candidates
from governance.admin.pages import evidence, word
from governance.admin.pages.candidate_filters import filters_of
from governance.admin.pages.frame import person_of, show
from governance.admin.pages.plan_states import PlanLine, lines_of
from governance.candidates import Filters
from governance.disputes import Dispute, load_disputes
from governance.facts import load_staleness
from governance.models import Action, Adoption, Approval, Block
from governance.permissions import can_decide, can_propose, can_retire
from governance.rules.facts import StaleFacts, same_revision
from registry.criteria import Criterion, Verdict
from registry.lineage import Roots, roots_of
from registry.models import AIModel, Change, Dependency, License, LineageEdge, Listing, Member, Offering, Revision
from registry.suggest import Candidate

MAX_CHANGES = 12
MAX_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class PinnedLicense:
    """The license of a revision that a system pins; None where nobody recorded it."""

    revision: str
    license: License | None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Candidates for one dependency that has no plan that holds."""

    dependency: Dependency
    candidates: list[Candidate]
    hidden: list[Candidate]
    """What follows those; the plan's page shows them."""

    @property
    def hidden_not_independent(self) -> int:
        return sum(candidate.verdict_on(Criterion.INDEPENDENCE) is Verdict.AGAINST for candidate in self.hidden)


@dataclass(frozen=True, slots=True)
class Use:
    """One dependency on the model. `pinned` is its revision where that is under another license than the newest one."""

    line: PlanLine
    pinned: PinnedLicense | None


@dataclass(frozen=True, slots=True)
class ModelPage:
    model: AIModel
    owners: list[Member]
    roots: Roots
    base_edges: list[LineageEdge]
    derived_edges: list[LineageEdge]
    offerings: list[Offering]
    uses: list[Use]
    adoptions: list[Adoption]
    approvals: list[Approval]
    blocks: list[Block]
    actions: list[Action]
    changes: list[Change]
    evidence: evidence.Comparison
    stale: Mapping[int, StaleFacts]
    disputes: Mapping[int, list[Dispute]]
    suggestions: Suggestions | None

    @property
    def licenses(self) -> list[License]:
        """The licenses of the newest revision at each place, each once."""
        newest = [_newest_license(offering) for offering in self.offerings]
        return list(dict.fromkeys(license_ for license_ in newest if license_))


def load(model: AIModel, *, now: datetime, filters: Filters | None = None) -> ModelPage:
    """The page in a number of queries that does not depend on how many offerings and uses there are."""
    uses = _uses_of(model)
    lines = lines_of(uses, now=now)
    edges = _edges_around(model)
    offerings = _offerings_of(model)
    return ModelPage(
        model=model,
        owners=list(Member.objects.active().filter(team=model.owner, role=Member.Role.OWNER).select_related("user")),
        roots=roots_of([model.pk])[model.pk],
        base_edges=[edge for edge in edges if edge.base_id != model.pk],
        derived_edges=[edge for edge in edges if edge.base_id == model.pk],
        offerings=offerings,
        uses=_with_licenses(lines, offerings),
        adoptions=list(Adoption.objects.filter(offering__model=model, ended_at=None).select_related("offering")),
        approvals=_approvals(model),
        blocks=_blocks(model, now=now),
        actions=list(Action.objects.open().filter(dependency__in=uses).select_related("dependency__system", "team")),
        changes=_changes(model),
        evidence=evidence.compare(_listings_of(model)),
        stale=load_staleness([offering.pk for offering in offerings], now=now),
        disputes=_disputes(offerings, now=now),
        suggestions=_suggestions(lines, now=now, filters=filters),
    )


def _uses_of(model: AIModel) -> list[Dependency]:
    return list(
        Dependency.objects.current()
        .filter(offering__model=model)
        .select_related("system__team", "environment", "offering__model", "served_by")
    )


def _edges_around(model: AIModel) -> list[LineageEdge]:
    """The edges of the whole ancestry, nearest first, and those to what was made from the model."""
    ancestors = model.ancestor_rows.values("ancestor_id")
    return list(
        LineageEdge.objects.filter(Q(child__in=ancestors) | Q(base=model))
        .select_related("child", "base__developer", "child__developer", "asserted_by")
        .order_by("pk")
    )


def _offerings_of(model: AIModel) -> list[Offering]:
    revisions = Revision.objects.select_related("license").order_by("-observed_at")
    rows = model.offerings.with_as_of().select_related("provider")
    return list(rows.prefetch_related(Prefetch("revisions", revisions)))


def _with_licenses(lines: list[PlanLine], offerings: list[Offering]) -> list[Use]:
    by_id = {offering.pk: offering for offering in offerings}
    return [Use(line, _pinned(line.dependency, by_id[line.dependency.offering_id])) for line in lines]


def _pinned(dependency: Dependency, offering: Offering) -> PinnedLicense | None:
    wanted = dependency.pinned_revision
    if not wanted or same_revision(wanted, offering.head_revision):
        return None
    license_ = _license_at(offering, wanted)
    return PinnedLicense(wanted, license_) if license_ != _newest_license(offering) else None


def _license_at(offering: Offering, wanted: str) -> License | None:
    """As the rules read it: what a service is offered under stands at the revision ''."""
    known = {row.revision: row.license for row in offering.revisions.all()}
    return next((known[revision] for revision in known if same_revision(revision, wanted)), known.get(""))


def _newest_license(offering: Offering) -> License | None:
    newest = next(iter(offering.revisions.all()), None)
    return newest.license if newest else None


def _approvals(model: AIModel) -> list[Approval]:
    """Approvals by which this model is backed, and those by which it backs another."""
    about = Q(dependency__offering__model=model) | Q(alternative__offering__model=model)
    return list(
        Approval.objects.filter(about, ended_at=None).select_related(
            "alternative__offering", "dependency__system", "dependency__offering", "dependency__environment"
        )
    )


def _blocks(model: AIModel, *, now: datetime) -> list[Block]:
    vendors = model.developer.ancestor_rows.values("ancestor_id")
    about = Q(model=model) | Q(offering__model=model) | Q(vendor__in=vendors)
    return list(Block.objects.in_force(now).filter(about).select_related("vendor", "model", "offering", "blocked_by"))


def _changes(model: AIModel) -> list[Change]:
    about = (
        Q(listing__offering__model=model)
        | Q(offering__model=model)
        | Q(model=model)
        | Q(vendor__in=model.developer.ancestor_rows.values("ancestor_id"))
    )
    return list(
        Change.objects.in_force()
        .filter(about)
        .select_related("listing__source", "offering", "model", "vendor")[:MAX_CHANGES]
    )


def _listings_of(model: AIModel) -> list[Listing]:
    return list(
        Listing.objects.filter(offering__model=model)
        .select_related("source", "current", "offering", "section")
        .order_by("offering_id", "source__name")
    )


def _disputes(offerings: list[Offering], *, now: datetime) -> dict[int, list[Dispute]]:
    """By offering, the days that its sources contradict each other about."""
    found: dict[int, list[Dispute]] = defaultdict(list)
    for (offering_id, _), dispute in load_disputes([offering.pk for offering in offerings], now=now).items():
        found[offering_id].append(dispute)
    return found


def _suggestions(lines: list[PlanLine], *, now: datetime, filters: Filters | None) -> Suggestions | None:
    """Candidates for the most critical use whose plan does not hold; None where every plan does."""
    for line in lines:
        if not line.holds:
            ranked = candidates.rank(line.dependency, now=now, filters=filters)
            return Suggestions(line.dependency, ranked[:MAX_CANDIDATES], ranked[MAX_CANDIDATES:])
    return None


def model(request: HttpRequest, slug: str) -> HttpResponse:
    cards = AIModel.objects.with_registry_card().select_related("lineage_asserted_by")
    row = get_object_or_404(cards, slug=slug)
    person, now = person_of(request), timezone.now()
    filters = filters_of(request)
    page = load(row, now=now, filters=filters)
    return show(
        request,
        "model.html",
        title=row.name,
        page=page,
        filters=filters,
        criteria=list(Criterion),
        word=word.load(row, page.offerings, person=person, today=now.date()),
        can_assert=person.has_perm("registry.assert_lineage", row),
        can_edit=person.has_perm("registry.change_aimodel", row),
        can_propose=can_propose(person),
        can_retire=row.state != AIModel.State.WITHDRAWN and can_retire(person, row),
        can_block=can_decide(person),
    )
