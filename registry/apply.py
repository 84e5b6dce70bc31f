"""Write the effective values of what the sources say onto the offerings in use: their own fields, revisions, models."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from registry import licenses
from registry.believe import Hold, believed
from registry.diff import license_as_given
from registry.effective import Claim, Effective, combine, is_stale
from registry.models import (
    AIModel,
    Alias,
    ChangeKind,
    Correction,
    License,
    Listing,
    Method,
    Observation,
    Offering,
    Revision,
)
from registry.records import ListingRecord, from_facts

BATCH = 500
# What an explicit withdrawal takes back. Nothing else is ever set to empty: absence is no statement.
TAKEN_BACK = {
    ChangeKind.RETIREMENT_WITHDRAWN: ("retires_on",),
    ChangeKind.UNDEPRECATED: ("deprecated_on", "is_deprecated"),
}
# The offering's field and the fact it follows.
_FIELDS = {
    "deprecated_on": "deprecated_on",
    "retires_on": "retires_on",
    "gating": "gating",
    "upstream_id": "upstream_id",
    "head_revision": "sha",
    "input_price": "input_price",
    "output_price": "output_price",
}
_CAPABILITIES = (
    "task",
    "context_length",
    "embedding_dimension",
    "supports_tools",
    "input_modalities",
    "output_modalities",
)
_CENT_OF_A_CENT = Decimal("0.000001")
_LONGEST_LICENSE = Revision._meta.get_field("license_as_given").max_length or 0

Values = Mapping[str, Effective]


def apply_effective(
    offering_ids: Collection[int],
    *,
    now: datetime,
    taken_back: Mapping[int, Collection[str]] | None = None,
) -> None:
    """Bring the offerings up to what their sources say together. Needs a transaction.

    What no source states stays as a person left it, unless `taken_back` names it. Capabilities of the model are
    filled in where they are blank and overwritten by a correction alone.
    """
    ids = sorted(offering_ids)
    for start in range(0, len(ids), BATCH):
        _apply(ids[start : start + BATCH], taken_back or {}, now=now)


def claims_about(offering_ids: Collection[int], *, now: datetime) -> dict[int, list[Claim]]:
    """What each source says now and is believed in, and what people correct, by offering, in three queries."""
    rows = (
        Listing.objects.filter(offering__in=offering_ids, current__isnull=False)
        .select_related("source", "current", "section")
        .prefetch_related("held")
    )
    found: dict[int, list[Claim]] = defaultdict(list)
    for listing in rows.exclude(current__run__completed_at=None):
        if listing.offering_id is not None:
            found[listing.offering_id].append(_claim(listing, now=now))
    for correction in Correction.objects.in_force(now.date()).filter(offering__in=offering_ids):
        found[correction.offering_id].append(_correcting(correction))
    return found


def _claim(listing: Listing, *, now: datetime) -> Claim:
    observation = listing.current
    assert observation is not None, "asked for in the query"  # noqa: S101
    source, confirmed_at = listing.source, last_confirmed(listing, observation)
    holds = [Hold(one.believed, one.said, one.reason) for one in listing.held.all()]
    return Claim(
        source=source.slug,
        method=source.method,
        record=from_facts(listing.external_id, believed(observation.facts, holds)),
        last_confirmed_at=confirmed_at,
        is_stale=is_stale(confirmed_at, interval=source.interval, now=now),
        is_removed=listing.removed_at is not None,
        evidence_url=observation.evidence_url,
        evidence_sha256=observation.evidence_sha256,
    )


def last_confirmed(listing: Listing, observation: Observation) -> datetime:
    """A row that is there is as fresh as the section that lists it; one that is missing, as its own last answer."""
    section = listing.section
    if section is None or section.confirmed_at is None or listing.missing_since is not None:
        return observation.last_confirmed_at
    return max(section.confirmed_at, observation.last_confirmed_at)


def _correcting(correction: Correction) -> Claim:
    stated = {} if correction.value is None else {correction.fact: correction.value}
    name = f"correction {correction.pk}"
    return Claim(
        source=name,
        method=Method.REPORTED,
        record=from_facts(name, stated),
        last_confirmed_at=correction.made_at,
        is_stale=False,
        evidence_url=correction.evidence_url,
        corrects=correction.fact,
    )


def _apply(ids: Sequence[int], taken_back: Mapping[int, Collection[str]], *, now: datetime) -> None:
    claims = claims_about(ids, now=now)
    offerings = list(Offering.objects.filter(pk__in=claims.keys()).select_related("model").order_by("pk"))
    values = {pk: combine(stated) for pk, stated in claims.items()}
    for offering in offerings:
        _set_fields(offering, values[offering.pk], taken_back.get(offering.pk, ()), today=now.date())
        if _is_removed(claims[offering.pk]):
            offering.status = Offering.Status.REMOVED
        offering.facts_as_of = _confirmed_at(offering, claims[offering.pk])
    Offering.objects.bulk_update(offerings, [*_FIELDS, "status", "facts_as_of"])
    _keep_license_facts(offerings, values, now=now)
    _fill_blanks((offering.model, values[offering.pk]) for offering in offerings)
    _answer_to_new_names({one.pk: name for one in offerings if (name := _new_name(one, values[one.pk]))})


def _new_name(offering: Offering, values: Values) -> str:
    """The name that the Hub itself has given it, or "". A name decides what a ref means in the gate: no report is enough."""
    renamed = values.get("renamed_to")
    is_its_own_word = renamed is not None and renamed.evidence.method == Method.VENDOR_API
    return str(renamed.value) if renamed and is_its_own_word and offering.host == "huggingface" else ""


def _answer_to_new_names(names: Mapping[int, str]) -> None:
    """Let refs that write the name that the Hub has given an offering mean that offering, where nothing else has it."""
    keys = {name.casefold() for name in names.values()}
    if not keys:
        return
    taken = {*Alias.objects.filter(namespace=Alias.Namespace.HUB, key__in=keys).values_list("key", flat=True)}
    taken |= {
        *Offering.objects.filter(host="huggingface", external_key__in=keys).values_list("external_key", flat=True)
    }
    for pk, name in names.items():
        if name.casefold() not in taken:
            Alias.objects.create(namespace=Alias.Namespace.HUB, text=name, offering_id=pk)


def _is_removed(claims: Iterable[Claim]) -> bool:
    """Whether the place itself has removed it. Nobody else's list can say that."""
    by_place = [claim for claim in claims if claim.method == Method.VENDOR_API]
    return bool(by_place) and all(claim.is_removed for claim in by_place)


def _confirmed_at(offering: Offering, claims: Iterable[Claim]) -> datetime | None:
    """When a source last confirmed the facts. A person's word on one of them says nothing about the others."""
    sources = (claim.last_confirmed_at for claim in claims if claim.method != Method.REPORTED)
    return max(filter(None, (offering.facts_as_of, *sources)), default=None)


def _set_fields(offering: Offering, values: Values, taken_back: Collection[str], *, today: date) -> None:
    for field, fact in _FIELDS.items():
        if fact in values:
            setattr(offering, field, _as_column(values[fact].value))
        elif fact in taken_back:
            setattr(offering, field, None)
    offering.status = status_of(offering, values, today=today)


def _as_column(value: Any) -> Any:
    return value.quantize(_CENT_OF_A_CENT) if isinstance(value, Decimal) else value


def status_of(offering: Offering, values: Values, *, today: date) -> str:
    """The status that the facts amount to.

    An announced day is a deprecation, and only the clock retires: feeds have had days in the past for living models.
    What has retired stays so until its day is moved or taken back.
    """
    if "is_disabled" in values and values["is_disabled"].value:
        return Offering.Status.DISABLED
    if _corrected(values, "is_retired"):
        return Offering.Status.RETIRED
    has_retired = offering.status == Offering.Status.RETIRED and not _denied(values, "is_retired", "retires_on")
    if has_retired and (offering.retires_on is None or offering.retires_on <= today):
        return Offering.Status.RETIRED
    is_deprecated = "is_deprecated" in values and values["is_deprecated"].value
    since = None if _denied(values, "is_deprecated") else offering.deprecated_on
    if is_deprecated or since or offering.retires_on:
        return Offering.Status.DEPRECATED
    # A person who names its price has not seen it run.
    is_seen = any(fact.evidence.method != Method.REPORTED for fact in values.values())
    return Offering.Status.AVAILABLE if is_seen or offering.status != Offering.Status.UNKNOWN else offering.status


def _corrected(values: Values, fact: str) -> bool:
    """Whether a person has put this fact right, to something."""
    return fact in values and bool(values[fact].evidence.corrects and values[fact].value)


def _denied(values: Values, *facts: str) -> bool:
    """Whether a person has put right that one of these is not so, or that there is no such day."""
    stated = (values[name] for name in facts if name in values)
    return any(fact.evidence.corrects and not fact.value for fact in stated)


def _keep_license_facts(offerings: Iterable[Offering], values: Mapping[int, Values], *, now: datetime) -> None:
    """A row for each revision whose license is stated; a later statement about the same revision corrects it."""
    stating = [offering for offering in offerings if "license" in values[offering.pk]]
    known = {
        (row.offering_id, row.revision): row for row in Revision.objects.filter(offering__in=[o.pk for o in stating])
    }
    new: list[Revision] = []
    corrected: list[Revision] = []
    look_up = _remembering(licenses.from_hub)
    for offering in stating:
        evidence = values[offering.pk]["license"].evidence
        record = evidence.record
        # People speak of what is there now: they name no revision.
        revision = (offering.head_revision if evidence.method == Method.REPORTED else record.sha) or ""
        row = known.get((offering.pk, revision)) or Revision(offering=offering, revision=revision)
        license_ = look_up(record.license or (), record.license_name, record.license_link)
        if row.license_id == license_.pk:
            continue
        row.license, row.observed_at = license_, now
        row.license_as_given = license_as_given(record)[:_LONGEST_LICENSE]
        (corrected if row.pk else new).append(row)
    Revision.objects.bulk_create(new)
    Revision.objects.bulk_update(corrected, ["license", "license_as_given", "observed_at"])


LookUp = Callable[[tuple[str, ...], str | None, str | None], License]


def _remembering(look_up: LookUp) -> LookUp:
    """`look_up`, asking once for each license: thousands of models share a few."""
    seen: dict[tuple[object, ...], License] = {}

    def remembered(*stated: Any) -> License:
        if stated not in seen:
            seen[stated] = look_up(*stated)
        return seen[stated]

    return remembered


def same_license(before: ListingRecord, after: ListingRecord) -> bool:
    """Whether two cards mean the same license though they write it differently, as `other` with a known name does."""
    return _license_of(before) == _license_of(after)


def _license_of(record: ListingRecord) -> License:
    return licenses.from_hub(record.license or (), record.license_name, record.license_link)


def _fill_blanks(models: Iterable[tuple[AIModel, Values]]) -> None:
    filled: dict[int, AIModel] = {}
    for given, values in models:
        # Offerings of one model share its row, so that what one of them fills in the next finds filled.
        model = filled.get(given.pk, given)
        told = [name for name in _CAPABILITIES if name in values and _may_set(model, name, values[name])]
        for name in told:
            value = values[name].value
            setattr(model, name, list(value) if isinstance(value, tuple) else value)
        if told:
            filled[model.pk] = model
    AIModel.objects.bulk_update(filled.values(), _CAPABILITIES)


def _may_set(model: AIModel, name: str, effective: Effective) -> bool:
    return bool(effective.evidence.corrects) or getattr(model, name) in (None, "", [])
