"""Load what the register has seen of vendors, in a number of queries that does not depend on how many they are."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q

from registry.history import Gate, History, Move, Quarter, Read, Registered, see
from registry.models import AIModel, Change, ChangeKind, HubNamespace, Offering, Section, VendorAncestor
from registry.refs import HUB


@dataclass(frozen=True, slots=True)
class _Facts:
    """What histories are made of; Hub names by their casefolded namespace, the rest by vendor."""

    owner: Mapping[str, int]
    spelt: Mapping[str, str]
    reads: Mapping[str, Read]
    watched: Mapping[str, int]
    gates: Mapping[str, Collection[Gate]]
    moves: Collection[Move]
    models: Mapping[int, Collection[Registered]]


def load_histories(vendor_ids: Collection[int] | None = None, *, today: date) -> dict[int, History]:
    """By vendor, each with all that belongs to it; of every vendor where none are named."""
    families: defaultdict[int, set[int]] = defaultdict(set)
    rows = (
        VendorAncestor.objects.all() if vendor_ids is None else VendorAncestor.objects.filter(ancestor__in=vendor_ids)
    )
    for ancestor_id, vendor_id in rows.values_list("ancestor_id", "vendor_id"):
        families[ancestor_id].add(vendor_id)
    facts = _load(None if vendor_ids is None else set().union(*families.values()))
    return {vendor_id: _history(family, facts, today=today) for vendor_id, family in families.items()}


def _history(family: Collection[int], facts: _Facts, *, today: date) -> History:
    own = {name for name, vendor_id in facts.owner.items() if vendor_id in family}
    seen = see(
        {facts.spelt[name] for name in own}, facts.reads, facts.moves, foreign=facts.owner.keys() - own, today=today
    )
    return History(
        seen=seen,
        gates=tuple(gate for name in sorted(own) for gate in facts.gates.get(name, ())),
        watched_count=sum(facts.watched.get(name, 0) for name in own),
        models=tuple(model for vendor_id in sorted(family) for model in facts.models.get(vendor_id, ())),
        moves=_onward(own, facts.moves),
    )


def _onward(own: Collection[str], moves: Collection[Move]) -> tuple[Move, ...]:
    """The moves out of these namespaces, and on from where they led."""
    reached, found = set(own), []
    for move in sorted(moves, key=lambda move: move.on):
        if move.former.casefold() in reached:
            reached.add(move.present.casefold())
            found.append(move)
    return tuple(found)


def _load(vendor_ids: Collection[int] | None) -> _Facts:
    """Of all vendors where none are named. Who owns a namespace is always known of all, to tell a move from a sale."""
    rows = list(HubNamespace.objects.values_list("key", "name", "vendor_id"))
    of = None if vendor_ids is None else [key for key, _, vendor_id in rows if vendor_id in vendor_ids]
    watched = _watched(of)
    moves = _moves(of, watched)
    read = None if of is None else {*of, *(move.present.casefold() for move in moves)}
    return _Facts(
        owner={key: vendor_id for key, _, vendor_id in rows},
        spelt={key: name for key, name, _ in rows},
        reads=_reads(read),
        watched=watched,
        gates=_gates(of),
        moves=moves,
        models=_models(vendor_ids),
    )


def _within(namespaces: Collection[str] | None, path: str) -> Q:
    """What lies in one of them; everything where None is given, nothing where there is none."""
    if namespaces is None:
        return Q()
    inside = Q(pk__in=())
    for name in namespaces:
        inside |= Q(**{f"{path}external_key__startswith": f"{name}/"})
    return inside


def _watched(namespaces: Collection[str] | None) -> Counter[str]:
    rows = Offering.objects.filter(_within(namespaces, ""), host=HUB).exclude(status=Offering.Status.REMOVED)
    keys = rows.order_by().values_list("external_key", flat=True)
    return Counter(_namespace(key) for key in keys.iterator(chunk_size=10_000))


def _reads(namespaces: Collection[str] | None) -> dict[str, Read]:
    sections = Section.objects.filter(source__slug=HUB)
    if namespaces is not None:
        sections = sections.filter(name__in=namespaces)
    return {
        name: Read(confirmed_at.date() if confirmed_at else None, tuple(map(Quarter.from_line, releases)))
        for name, confirmed_at, releases in sections.values_list("name", "confirmed_at", "releases")
    }


def _gates(namespaces: Collection[str] | None) -> dict[str, list[Gate]]:
    """What was open and became gated, and still is, by namespace.

    A change that is about an offering itself tells what stood already when the offering came into the register.
    """
    kinds = (ChangeKind.GATED, ChangeKind.UNGATED)
    changes = Change.objects.in_force().filter(_within(namespaces, "listing__offering__"), kind__in=kinds)
    rows = changes.filter(listing__offering__host=HUB).order_by("detected_at", "pk")
    last: dict[str, tuple[str, datetime]] = {}
    for external_id, kind, detected_at in rows.values_list("listing__offering__external_id", "kind", "detected_at"):
        if kind != last.get(external_id, ("",))[0]:
            last[external_id] = (kind, detected_at)
    gates: defaultdict[str, list[Gate]] = defaultdict(list)
    for external_id, (kind, detected_at) in last.items():
        if kind == ChangeKind.GATED:
            gates[_namespace(external_id)].append(Gate(external_id, detected_at.date()))
    return gates


def _moves(namespaces: Collection[str] | None, watched: Mapping[str, int]) -> list[Move]:
    """From one namespace to another; a repository that was only renamed within its own has not moved."""
    inside = _within(namespaces, "listing__offering__") | _within(namespaces, "offering__")
    on_hub = Q(listing__offering__host=HUB) | Q(offering__host=HUB)
    rows = Change.objects.in_force().filter(inside, on_hub, kind=ChangeKind.RENAMED).order_by("detected_at", "pk")
    moved: defaultdict[tuple[str, str], dict[str, date]] = defaultdict(dict)
    spelt: dict[str, str] = {}
    for before, after, detected_at in rows.values_list("before", "after", "detected_at"):
        former, present = _spelt_namespace(before), _spelt_namespace(after)
        if former and present and former.casefold() != present.casefold():
            spelt |= {former.casefold(): former, present.casefold(): present}
            moved[former.casefold(), present.casefold()][str(before).casefold()] = detected_at.date()
    return [
        Move(
            spelt[former],
            spelt[present],
            on=max(days.values()),
            moved_count=len(days),
            watched_count=watched.get(former, 0),
        )
        for (former, present), days in moved.items()
    ]


def _models(vendor_ids: Collection[int] | None) -> dict[int, list[Registered]]:
    """By developer, the models that are offered anywhere."""
    models = AIModel.objects.exclude(state=AIModel.State.WITHDRAWN).filter(offerings__isnull=False).distinct()
    if vendor_ids is not None:
        models = models.filter(developer__in=vendor_ids)
    weights = Offering.objects.filter(model=OuterRef("pk"), kind=Offering.Kind.WEIGHTS)
    rows = models.annotate(has_weights=Exists(weights)).order_by("created_at", "pk")
    found: defaultdict[int, list[Registered]] = defaultdict(list)
    for vendor_id, name, created_at, has_weights in rows.values_list(
        "developer_id", "name", "created_at", "has_weights"
    ):
        found[vendor_id].append(Registered(name, created_at.date(), is_hosted_only=not has_weights))
    return found


def _namespace(external_id: str) -> str:
    return external_id.partition("/")[0].casefold()


def _spelt_namespace(said: object) -> str:
    """Of a Hub id as a change keeps it; "" for an id without one."""
    name, slash, _ = said.partition("/") if isinstance(said, str) else ("", "", "")
    return name if slash else ""
