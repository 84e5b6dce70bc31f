"""By what a model that could stand in is judged: named criteria, each with a sentence. There is no score; pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

from registry.capabilities import EMBEDDING_TASKS, Fit, Needs, compare, listed, needs_met_by
from registry.lineage import Roots
from registry.models import AIModel, License, LicenseClass, Offering


class Verdict(IntEnum):
    """What a criterion says, best first. What nobody knows is a question, not a failure."""

    FOR = 0
    QUESTION = 1
    AGAINST = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Criterion(StrEnum):
    """In the order in which they decide."""

    INDEPENDENCE = "independence"
    APPROVAL = "approval"
    ADOPTION = "adoption"
    LICENSE = "license"
    CAPABILITIES = "capabilities"
    FUTURE = "future"
    DIMENSION = "dimension"
    HOST = "host"
    SWITCH = "switch"
    PRICE = "price"

    @property
    def in_words(self) -> str:
        return _TITLES[self]


_TITLES = {
    Criterion.INDEPENDENCE: "other vendors behind it",
    Criterion.APPROVAL: "approved here as a way out",
    Criterion.ADOPTION: "adopted here for this use",
    Criterion.LICENSE: "license allowed here",
    Criterion.CAPABILITIES: "does what is needed",
    Criterion.FUTURE: "here to stay",
    Criterion.DIMENSION: "keeps the dimension",
    Criterion.HOST: "another host",
    Criterion.SWITCH: "switch measured here",
    Criterion.PRICE: "price",
}


@dataclass(frozen=True, slots=True)
class Reason:
    criterion: Criterion
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Profile:
    """An offering with all that the criteria look at. `ancestors` are the models of its lineage, itself included."""

    offering: Offering
    roots: Roots
    ancestors: Mapping[int, str]
    license: License | None

    @property
    def model(self) -> AIModel:
        return self.offering.model


@dataclass(frozen=True, slots=True)
class Terms:
    """What the organisation has decided; None where the caller does not say."""

    today: date
    adopted: Collection[int] | None = None
    """Ids of the offerings that may be used already."""
    allowed_license_classes: Collection[str] | None = None
    approved: Mapping[int, str] | None = None
    """By the id of an offering that is approved as a way out: of what, in words."""
    measured: Mapping[int, timedelta] | None = None
    """By the id of an offering: how long a drill here took to switch to it."""
    lead_days: int | None = None
    """What policy reckons with where nobody has measured."""
    needs: Needs | None = None
    """What the purpose is said to need; left out: what the model in use is known to do."""

    def needs_beside(self, primary: AIModel) -> Needs:
        """What a candidate for `primary` is judged by."""
        return self.needs or needs_met_by(primary.capabilities)


def judge(primary: Profile, candidate: Profile, terms: Terms) -> tuple[Reason, ...]:
    """One reason per criterion that applies, in the order in which they decide."""
    reasons = (
        _independence(primary, candidate),
        _approval(candidate, terms),
        _adoption(candidate, terms),
        _license(candidate, terms),
        _capabilities(primary, candidate, terms),
        _future(candidate, terms),
        _dimension(primary, candidate),
        _host(primary.offering, candidate.offering),
        _switch(candidate, terms),
        _price(primary.offering, candidate.offering),
    )
    return tuple(reason for reason in reasons if reason is not None)


def _independence(primary: Profile, candidate: Profile) -> Reason:
    def reason(verdict: Verdict, text: str) -> Reason:
        return Reason(Criterion.INDEPENDENCE, verdict, text)

    if primary.model.pk == candidate.model.pk:
        return reason(Verdict.AGAINST, "Not independent: the same model at another place keeps you running, no more.")
    kinship = _kinship(primary, candidate)
    shared = sorted(set(primary.roots.vendor_names) & set(candidate.roots.vendor_names), key=str.casefold)
    if primary.roots.shares_a_vendor_with(candidate.roots):
        stand = "stands" if len(shared) == 1 else "stand"
        why = kinship or _through_bases(primary, candidate)
        return reason(Verdict.AGAINST, f"Not independent: {listed(shared)} {stand} behind both{why}.")
    if kinship:
        return reason(Verdict.AGAINST, f"Not independent{kinship}.")
    unknown = primary.roots.unknown_models + candidate.roots.unknown_models
    if not (primary.roots.is_known and candidate.roots.is_known):
        whose = f" of {listed(dict.fromkeys(unknown))}" if unknown else ""
        return reason(Verdict.QUESTION, f"Not shown independent: the lineage{whose} is not known.")
    vendors = candidate.roots.vendor_names or ("our own organisation",)
    stand = "stands" if len(vendors) == 1 else "stand"
    return reason(Verdict.FOR, f"Independent: only {listed(vendors)} {stand} behind it.")


def _kinship(primary: Profile, candidate: Profile) -> str:
    if primary.model.pk in candidate.ancestors:
        return f", it is made from {primary.model.name}"
    if candidate.model.pk in primary.ancestors:
        return f", {primary.model.name} is made from it"
    common = sorted(primary.ancestors[pk] for pk in primary.ancestors.keys() & candidate.ancestors.keys())
    return f", both are made from {listed(common)}" if common else ""


def _through_bases(primary: Profile, candidate: Profile) -> str:
    """The bases by which `candidate` shares a vendor; nothing where its own developer is such a vendor."""
    shared = primary.roots.vendor_ids & candidate.roots.vendor_ids
    carriers = frozenset[int]().union(*(candidate.roots.carriers[pk] for pk in shared))
    if candidate.model.pk in carriers or not carriers:
        return ""
    return f", through {listed(sorted(candidate.ancestors[pk] for pk in carriers))}"


def _approval(candidate: Profile, terms: Terms) -> Reason | None:
    if terms.approved is None:
        return None
    of_what = terms.approved.get(candidate.offering.pk)
    if of_what is not None:
        return Reason(Criterion.APPROVAL, Verdict.FOR, f"Approved here as a way out {of_what}.")
    return Reason(Criterion.APPROVAL, Verdict.QUESTION, "Approved here as nobody's way out yet.")


def _adoption(candidate: Profile, terms: Terms) -> Reason | None:
    if terms.adopted is None:
        return None
    if candidate.offering.pk in terms.adopted:
        return Reason(Criterion.ADOPTION, Verdict.FOR, "Adopted here already.")
    return Reason(Criterion.ADOPTION, Verdict.QUESTION, "Not adopted here yet: that is a proposal of its own.")


def _license(candidate: Profile, terms: Terms) -> Reason:
    if candidate.license is None or candidate.license.license_class == LicenseClass.UNKNOWN:
        name = f" ({candidate.license})" if candidate.license else ""
        return Reason(Criterion.LICENSE, Verdict.QUESTION, f"Its license{name} is not known to allow this use.")
    license_class = candidate.license.license_class
    text = f"License {candidate.license} ({candidate.license.get_license_class_display().lower()})"
    if terms.allowed_license_classes is not None and license_class not in terms.allowed_license_classes:
        return Reason(Criterion.LICENSE, Verdict.AGAINST, f"{text}: policy does not allow that here.")
    allowed = ", allowed here" if terms.allowed_license_classes is not None else ""
    return Reason(Criterion.LICENSE, Verdict.FOR, f"{text}{allowed}.")


_OF_FIT = {Fit.MEETS: Verdict.FOR, Fit.UNKNOWN: Verdict.QUESTION, Fit.LACKS: Verdict.AGAINST}


def _capabilities(primary: Profile, candidate: Profile, terms: Terms) -> Reason:
    matches = compare(terms.needs_beside(primary.model), candidate.model.capabilities)
    gaps = [(_OF_FIT[match.fit], match.gap) for match in matches if match.fit is not Fit.MEETS]
    if not gaps:
        text = "Does all that is needed here." if terms.needs else "Does all that is known of the model in use."
        return Reason(Criterion.CAPABILITIES, Verdict.FOR, text)
    gaps.sort(key=lambda gap: -gap[0])
    text = "; ".join(text for _, text in gaps)
    return Reason(Criterion.CAPABILITIES, gaps[0][0], f"{text[0].upper()}{text[1:]}.")


def _future(candidate: Profile, terms: Terms) -> Reason | None:
    offering = candidate.offering
    if offering.retires_on is not None:
        days = (offering.retires_on - terms.today).days
        return Reason(Criterion.FUTURE, Verdict.AGAINST, f"Retires on {offering.retires_on}, in {days} days.")
    if offering.status == Offering.Status.DEPRECATED:
        return Reason(Criterion.FUTURE, Verdict.AGAINST, "Deprecated, with no date.")
    if offering.status == Offering.Status.UNKNOWN:
        return Reason(Criterion.FUTURE, Verdict.QUESTION, "No source says whether it is available.")
    return None


def _dimension(primary: Profile, candidate: Profile) -> Reason | None:
    ours, theirs = primary.model.embedding_dimension, candidate.model.embedding_dimension
    if primary.model.task not in EMBEDDING_TASKS and ours is None:
        return None
    if primary.model.pk == candidate.model.pk:
        return Reason(Criterion.DIMENSION, Verdict.FOR, "The same weights give the same vectors: the index stays.")
    again = "the index has to be built again, as with any other embedding model"
    if ours is None or theirs is None:
        return Reason(
            Criterion.DIMENSION, Verdict.QUESTION, f"Whether the dimension is the same is not known; {again}."
        )
    if ours == theirs:
        return Reason(Criterion.DIMENSION, Verdict.FOR, f"Keeps the schema (dimension {ours}); {again}.")
    return Reason(
        Criterion.DIMENSION, Verdict.AGAINST, f"Changes the schema (dimension {ours} → {theirs}), and {again}."
    )


def _host(primary: Offering, candidate: Offering) -> Reason:
    if candidate.kind == Offering.Kind.WEIGHTS:
        text = f"Weights at {candidate.host}: whoever serves weights for us can serve these."
        return Reason(Criterion.HOST, Verdict.FOR, text)
    if primary.kind == Offering.Kind.SERVICE and candidate.host == primary.host:
        return Reason(Criterion.HOST, Verdict.AGAINST, f"At the same host, {candidate.host}: it fails when that fails.")
    return Reason(Criterion.HOST, Verdict.FOR, f"Served by {candidate.host}: another endpoint, and a key for it.")


def _switch(candidate: Profile, terms: Terms) -> Reason | None:
    if terms.measured is None:
        return None
    took = terms.measured.get(candidate.offering.pk)
    if took is not None:
        return Reason(Criterion.SWITCH, Verdict.FOR, f"A drill here switched to it in {_span(took)}.")
    lead = f"; policy reckons with {terms.lead_days} days" if terms.lead_days is not None else ""
    return Reason(Criterion.SWITCH, Verdict.QUESTION, f"Nobody here has measured the switch to it{lead}.")


def _span(time: timedelta) -> str:
    hours = time / timedelta(hours=1)
    if hours < 1:
        return f"{max(round(hours * 60), 1)} minutes"
    return f"{hours:.2g} hours" if hours < 48 else f"{hours / 24:.2g} days"  # noqa: PLR2004 - two days


def _price(primary: Offering, candidate: Offering) -> Reason | None:
    factor = price_factor(primary, candidate)
    if factor is not None:
        verdict = Verdict.FOR if factor <= 1 else Verdict.AGAINST
        compared = "as much as" if factor == 1 else f"{factor:.2g} times"
        text = f"Costs {candidate.input_price:.2f} USD per million input tokens, {compared} the model in use."
        return Reason(Criterion.PRICE, verdict, text)
    if candidate.kind == Offering.Kind.WEIGHTS:
        return None
    if candidate.input_price is None:
        return Reason(Criterion.PRICE, Verdict.QUESTION, "Its price is not known.")
    text = f"Costs {candidate.input_price:.2f} USD per million input tokens; the model in use has no price to compare."
    return Reason(Criterion.PRICE, Verdict.QUESTION, text)


def price_factor(primary: Offering, candidate: Offering) -> Decimal | None:
    """What an input token of `candidate` costs against one of `primary`; None where either is free or not known."""
    if not primary.input_price or candidate.input_price is None:
        return None
    return candidate.input_price / primary.input_price
