"""Facts for the rules: a use with which nothing is wrong, and short ways to make one thing wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from governance import basis
from governance.rules.facts import (
    JSON,
    ActionFacts,
    AdoptionFacts,
    AlternativeFacts,
    ApprovalFacts,
    DependencyFacts,
    DrillFacts,
    LicenseFacts,
    OfferingFacts,
    PlanFacts,
    RootFacts,
    SystemFacts,
    Use,
    WaiverFacts,
)
from governance.rules.findings import Finding
from governance.rules.judge import judge
from governance.rules.policy import Policy

NOW = datetime(2026, 4, 15, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
GRANTED = NOW - timedelta(days=100)
LATER = TODAY + timedelta(days=200)
SHA, OTHER_SHA = "a" * 40, "b" * 40
APACHE = LicenseFacts("Apache-2.0", "open")
QWEN_RESEARCH = LicenseFacts("LicenseRef-qwen-research", "non-commercial")
USE = {"purpose": "embedding", "distribution": "saas"}


def roots(*vendors: str, unknown: tuple[str, ...] = ()) -> RootFacts:
    """The vendors by name; a vendor's id is made of its name, so that equal names are one vendor."""
    names = {int.from_bytes(vendor.encode(), "big"): vendor for vendor in vendors}
    return RootFacts(names, tuple(sorted(vendor.casefold() for vendor in vendors)), not unknown, unknown)


def adopted(offering: OfferingFacts, *, revision: str = SHA, **fields: Any) -> OfferingFacts:
    """`offering` with an adoption for the use of these tests, resting on its facts as they are."""
    given: dict[str, Any] = {"basis": basis.of_adoption(offering, revision)} | USE | fields
    adoption = AdoptionFacts(**{"id": 1, "proposal_id": 11, "granted_at": GRANTED, "expires_on": LATER} | given)
    return replace(offering, adoptions=(*offering.adoptions, adoption))


def unadopted(name: str, vendor: str, **fields: Any) -> OfferingFacts:
    number = sum(name.encode())
    given: dict[str, Any] = {
        "id": number,
        "model_id": number,
        "model_name": name.rsplit("/", maxsplit=1)[-1],
        "name": name,
        "host": "huggingface",
        "owner": "Search",
        "provider": "Hugging Face",
        "upstream_id": f"{number:024x}",
        "head_revision": SHA,
        "facts_as_of": NOW,
        "licenses": {SHA: APACHE},
        "roots": roots(vendor),
    }
    return OfferingFacts(**(given | fields))


def gte(**fields: Any) -> OfferingFacts:
    return adopted(unadopted("Alibaba-NLP/gte-base", "Alibaba", **fields))


def arctic(**fields: Any) -> OfferingFacts:
    return adopted(unadopted("Snowflake/arctic-m", "Snowflake", **fields))


def approved(alternative: AlternativeFacts, primary: OfferingFacts | None = None, **fields: Any) -> AlternativeFacts:
    """`alternative` with an approval that rests on its facts and on those of `primary` (gte) as they are."""
    given: dict[str, Any] = {"id": 2, "proposal_id": 12, "granted_at": GRANTED, "expires_on": LATER}
    rests_on: dict[str, JSON] = basis.of_approval(alternative.offering, alternative.pinned_revision, primary or gte())
    approval = ApprovalFacts(**(given | {"basis": rests_on, "alternative_id": alternative.id} | fields))
    return replace(alternative, approval=approval)


def alternative(offering: OfferingFacts | None = None, order: int = 1, **fields: Any) -> AlternativeFacts:
    """An approved and drilled alternative of another vendor, unless told otherwise."""
    offering = offering or arctic()
    given: dict[str, Any] = {
        "offering": offering,
        "pinned_revision": offering.head_revision,
        "drill": drilled(),
        "switch_time_days": 0.25,
    }
    return approved(AlternativeFacts(**({"id": order, "order": order} | given | fields)))


def drilled(**fields: Any) -> DrillFacts:
    return DrillFacts(**{"drilled_on": TODAY - timedelta(days=40), "expires_on": TODAY + timedelta(days=140)} | fields)


def plan(*alternatives: AlternativeFacts) -> PlanFacts:
    return PlanFacts(id=7, number=1, alternatives=alternatives)


def system(**fields: Any) -> SystemFacts:
    given: dict[str, Any] = {
        "id": 3,
        "slug": "product-search",
        "name": "Product search",
        "criticality": "critical",
        "distribution": "saas",
        "environment": "production",
        "is_production": True,
    }
    return SystemFacts(**(given | fields))


def dependency(offering: OfferingFacts | None = None, **fields: Any) -> DependencyFacts:
    """A pinned dependency whose plan holds, unless told otherwise."""
    given: dict[str, Any] = {"pinned_revision": SHA, "purpose": "embedding", "plan": plan(alternative())}
    return DependencyFacts(id=5, offering=offering or gte(), **(given | fields))


def use(offering: OfferingFacts | None = None, *, of: SystemFacts | None = None, **fields: Any) -> Use:
    """A declared use of `offering`; fields of the dependency go there, those of the use here."""
    own = {name: fields.pop(name) for name in ("asked_revision", "is_floating", "purpose", "now") if name in fields}
    declared = fields.pop("dependency", None) or dependency(offering, **fields)
    revision = own.get("asked_revision") or declared.pinned_revision
    given = {"purpose": declared.purpose, "now": NOW, "revision": revision} | own
    return Use(system=of or system(), offering=declared.offering, dependency=declared, **given)


def undeclared(offering: OfferingFacts | None = None, **fields: Any) -> Use:
    given = {"system": system(), "purpose": "embedding", "now": NOW, "revision": SHA} | fields
    return Use(offering=offering or gte(), dependency=None, **given)


def action(concern: str, *, due_in: int = 10, is_of_an_event: bool = True) -> ActionFacts:
    return ActionFacts(concern, "Move off", TODAY + timedelta(days=due_in), NOW, is_of_an_event)


def waiver(rule: str, *, ends_in: int = 30, dependency_id: int | None = 5) -> WaiverFacts:
    return WaiverFacts(
        id=9,
        proposal_id=19,
        granted_at=GRANTED,
        expires_on=TODAY + timedelta(days=ends_in),
        rule=rule,
        dependency_id=dependency_id,
        reason="The migration runs.",
    )


def found(one: Use, policy: Policy | None = None) -> dict[str, Finding]:
    """The findings by rule; a test is about one of each."""
    findings = judged(one, policy)
    assert len({finding.rule for finding in findings}) == len(findings), findings
    return {finding.rule: finding for finding in findings}


def levels(one: Use, policy: Policy | None = None) -> dict[str, str]:
    return {rule: finding.level for rule, finding in found(one, policy).items()}


def judged(one: Use, policy: Policy | None = None) -> list[Finding]:
    return judge(one, policy or Policy())
