"""Each material fact that changes ends exactly the approvals that rest on it, with the reason, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from governance.models import Adoption, Approval, AuditEntry
from governance.triage import triage_changes
from registry.models import Change, ChangeKind, Offering, Revision
from tests import factories as make
from tests.admin_rows import adoption
from tests.factories import TODAY
from tests.governance.test_triage_flow import LATER, approval, change, set_facts

pytestmark = pytest.mark.django_db


@dataclass
class Standing:
    """The approval that is to end, and what is to stay: two uses of the same model elsewhere, and another model."""

    spare: Offering
    used: Offering  # what `ends` is an alternative to
    ends: Approval
    other_revision: Approval
    other_model: Approval
    copy: Approval


def standing() -> Standing:
    spare = make.offering(revision="a" * 40)
    Revision.objects.create(offering=spare, revision="b" * 40, license=make.license_("MIT"), observed_at=LATER)
    used = make.dependency()
    ends = approval(used, spare)
    copy = approval(make.dependency(), spare, held_copy_digest="sha256:1", held_copy_verified_on=TODAY)
    set_facts(spare, head_revision="b" * 40)
    spare.refresh_from_db()
    other_revision = approval(make.dependency(), spare)
    set_facts(spare, head_revision="a" * 40)
    spare.refresh_from_db()
    adoption(1)
    return Standing(spare, used.offering, ends, other_revision, approval(make.dependency(), make.offering()), copy)


def relicense(spare: Offering) -> Change:
    other = make.license_("CC-BY-NC-4.0", "non-commercial")
    Revision.objects.filter(offering=spare, revision="a" * 40).update(license=other)
    return change(ChangeKind.LICENSE_CHANGED, offering=spare, before="Apache-2.0", after="cc-by-nc-4.0")


def gate(spare: Offering) -> Change:
    set_facts(spare, gating="manual")
    return change(ChangeKind.GATED, offering=spare)


def re_register(spare: Offering) -> Change:
    set_facts(spare, upstream_id="f" * 24)
    return change(ChangeKind.REREGISTERED, offering=spare)


def remove(spare: Offering) -> Change:
    set_facts(spare, status="removed")
    return change(ChangeKind.REMOVED, offering=spare)


def take_over(spare: Offering) -> Change:
    developer = spare.model.developer
    developer.parent = make.vendor("alibaba")
    developer.save()
    return change(ChangeKind.VENDOR_CHANGED, vendor=developer)


def learn_of_a_base(spare: Offering) -> Change:
    make.derived(spare.model, make.model())
    return change(ChangeKind.LINEAGE_CHANGED, model=spare.model)


def move_on(spare: Offering) -> Change:
    set_facts(spare, head_revision="b" * 40)
    return change(ChangeKind.REVISION_MOVED, offering=spare)


def open_up(spare: Offering) -> Change:
    set_facts(spare, gating="open")
    return change(ChangeKind.UNGATED, offering=spare)


# By fact: what changes it, which approvals end, and words of the reason.
FACTS: dict[str, tuple[Callable[[Offering], Change], set[str], str]] = {
    "license": (relicense, {"ends", "copy"}, "its license was Apache-2.0 and is CC-BY-NC-4.0"),
    "gating": (gate, {"ends", "other_revision"}, "its gating was open and is manual"),
    "identity": (re_register, {"ends", "other_revision", "copy"}, "upstream gave the name to another repository"),
    "removal": (remove, {"ends", "other_revision"}, "it is gone upstream"),
    "vendor parent": (take_over, {"ends", "other_revision", "copy"}, "the vendors behind it were"),
    "lineage": (learn_of_a_base, {"ends", "other_revision", "copy"}, "the vendors behind it were"),
    "a newer revision": (move_on, set(), ""),
    "more open": (open_up, set(), ""),
}


@pytest.mark.parametrize("fact", FACTS)
def test_what_rests_on_the_fact_ends_and_nothing_else_is_touched(fact: str) -> None:
    alter, expected, reason = FACTS[fact]
    rows = standing()
    alter(rows.spare)
    assert_ended(rows, expected, reason)


def the_vendor_in_use_is_bought(rows: Standing) -> Change:
    developer = rows.used.model.developer
    developer.parent = rows.spare.model.developer
    developer.save()
    return change(ChangeKind.VENDOR_CHANGED, vendor=developer)


def somebody_else_buys_the_vendor_in_use(rows: Standing) -> Change:
    return take_over(rows.used)


def the_model_in_use_was_made_from_the_spare(rows: Standing) -> Change:
    make.derived(rows.used.model, rows.spare.model)
    return change(ChangeKind.LINEAGE_CHANGED, model=rows.used.model)


def the_model_in_use_was_made_from_another(rows: Standing) -> Change:
    return learn_of_a_base(rows.used)


def the_lineage_in_use_is_in_doubt(rows: Standing) -> Change:
    model = rows.used.model
    model.lineage_status, model.lineage_source = model.LineageStatus.UNKNOWN, ""
    model.save()
    return change(ChangeKind.LINEAGE_CHANGED, model=model)


SHARED = "now behind the model in use as well: vendor-"
# The same for what becomes of the model that the alternative is to replace.
FACTS_OF_THE_USED: dict[str, tuple[Callable[[Standing], Change], set[str], str]] = {
    "bought by the vendor of the spare": (the_vendor_in_use_is_bought, {"ends"}, SHARED),
    "bought by somebody else": (somebody_else_buys_the_vendor_in_use, set(), ""),
    "made from the spare": (the_model_in_use_was_made_from_the_spare, {"ends"}, SHARED),
    "made from another": (the_model_in_use_was_made_from_another, set(), ""),
    "lineage in doubt": (
        the_lineage_in_use_is_in_doubt,
        {"ends"},
        "the lineage of the model in use is no longer known",
    ),
}


@pytest.mark.parametrize("fact", FACTS_OF_THE_USED)
def test_what_becomes_of_the_model_in_use_ends_the_approvals_of_what_is_to_replace_it(fact: str) -> None:
    alter, expected, reason = FACTS_OF_THE_USED[fact]
    rows = standing()
    alter(rows)
    assert_ended(rows, expected, reason)


def assert_ended(rows: Standing, expected: set[str], reason: str) -> None:
    """Working the changes through ends the expected approvals, for that reason, and nothing else."""
    triage_changes(now=LATER)
    ended = set(Approval.objects.exclude(ended_at=None).values_list("pk", flat=True))
    assert ended == {getattr(rows, name).pk for name in expected}
    assert all(reason in text for text in Approval.objects.filter(pk__in=ended).values_list("end_reason", flat=True))
    assert AuditEntry.objects.filter(tag="governance:approval:ended").count() == len(expected)
    assert not Adoption.objects.exclude(ended_at=None).exists()
