"""2xx: the license of the revision in use."""

from dataclasses import replace

import pytest

from governance.rules.facts import LicenseFacts
from governance.rules.policy import Policy, from_document
from tests.governance import facts_of_rules as f

LLAMA = LicenseFacts("LicenseRef-llama", "restricted")
OPENAI = LicenseFacts("LicenseRef-openai", "proprietary")


def test_a_license_that_nobody_recorded_is_unknown() -> None:
    offering = f.gte(licenses={})

    finding = f.found(f.use(offering))["UD201"]

    assert finding.level == "error"
    assert finding.message == ("The license of Alibaba-NLP/gte-base (huggingface) at revision aaaaaaaaaa is not known.")
    assert finding.fix == "Record the license at revision aaaaaaaaaa with its source."
    assert f.levels(f.use(offering, of=f.system(criticality="normal"))) == {"UD201": "warning"}
    assert f.levels(f.use(offering, of=f.system(criticality="experimental"))) == {"UD201": "note"}


def test_a_license_that_nobody_has_classed_is_unknown_too() -> None:
    finding = f.found(f.use(f.gte(licenses={f.SHA: LicenseFacts("LicenseRef-odd", "unknown")})))["UD201"]

    assert finding.message.endswith("is under LicenseRef-odd, and nobody has said what that allows.")
    assert finding.fix == "Have LicenseRef-odd read and put into a license class."


def test_the_license_is_that_of_the_pinned_revision_and_not_of_the_newest() -> None:
    moved = f.gte(head_revision=f.OTHER_SHA, licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.QWEN_RESEARCH})

    assert f.found(f.use(moved)) == {}


def test_an_unpinned_use_has_the_license_of_the_newest_revision() -> None:
    offering = f.adopted(f.unadopted("acme/e5", "Acme"), revision="")
    moved = replace(offering, head_revision=f.OTHER_SHA, licenses={f.SHA: f.APACHE, f.OTHER_SHA: f.QWEN_RESEARCH})

    findings = f.found(f.use(moved, pinned_revision=""))

    assert set(findings) == {"UD202", "UD203", "UD307"}
    assert findings["UD203"].message == (
        "acme/e5 (huggingface) was adopted under Apache-2.0; the license of what is in use is LicenseRef-qwen-research."
    )
    assert findings["UD203"].fix.startswith(f"Pin revision {f.SHA}, which is still under Apache-2.0, or propose")


def test_a_service_has_the_license_that_stands_at_no_revision() -> None:
    service = f.adopted(
        f.unadopted("gpt-4o-2024-08-06", "OpenAI", kind="service", licenses={"": OPENAI}, head_revision=""), revision=""
    )

    assert f.found(f.use(service, pinned_revision="")) == {}


@pytest.mark.parametrize(
    ("license_", "distribution", "allowed"),
    [
        (f.APACHE, "internal", True),
        (f.APACHE, "shipped", True),
        (LLAMA, "internal", True),
        (LLAMA, "saas", True),
        (LLAMA, "shipped", False),
        (OPENAI, "shipped", True),
        (f.QWEN_RESEARCH, "internal", False),
        (f.QWEN_RESEARCH, "saas", False),
    ],
)
def test_each_distribution_allows_its_license_classes(
    license_: LicenseFacts, distribution: str, *, allowed: bool
) -> None:
    offering = f.adopted(
        f.unadopted("acme/e5", "Acme", licenses={f.SHA: license_}), purpose="embedding", distribution=distribution
    )
    spare = f.adopted(f.unadopted("Snowflake/arctic-m", "Snowflake"), distribution=distribution)
    one = f.use(offering, of=f.system(distribution=distribution), plan=f.plan(f.alternative(spare)))

    assert ("UD202" not in f.found(one)) == allowed


def test_a_license_class_that_is_not_allowed_says_where_and_what_would_be() -> None:
    finding = f.found(f.use(f.gte(licenses={f.SHA: f.QWEN_RESEARCH})))["UD202"]

    assert finding.level == "error"
    assert finding.message == (
        "Alibaba-NLP/gte-base (huggingface) is under LicenseRef-qwen-research (non-commercial), which is not allowed "
        "in software as a service."
    )
    assert finding.fix == (
        "Switch to Snowflake/arctic-m (huggingface), whose license is allowed there (open, proprietary and restricted), "
        "or propose a waiver that ends."
    )


def test_policy_decides_which_classes_are_allowed() -> None:
    policy = from_document(2, {"allowed_license_classes": {"saas": ["open", "non-commercial"]}})
    offering = f.gte(licenses={f.SHA: f.QWEN_RESEARCH})

    assert "UD202" in f.found(f.use(offering), Policy())
    assert "UD202" not in f.found(f.use(offering), policy)


def test_a_changed_license_warns_until_its_action_is_due_and_stops_after() -> None:
    changed = replace(f.gte(), licenses={f.SHA: LicenseFacts("MIT", "open")})

    assert f.levels(f.use(changed)) == {"UD203": "error"}
    assert f.levels(f.use(changed, actions=(f.action("license"),))) == {"UD203": "warning"}
    assert f.levels(f.use(changed, actions=(f.action("license", due_in=-1),))) == {"UD203": "error"}
    assert f.levels(f.use(changed, actions=(f.action("access"),))) == {"UD203": "error"}


def test_learning_a_license_that_was_not_known_at_adoption_is_no_change() -> None:
    learnt = replace(f.gte(licenses={}), licenses={f.SHA: f.APACHE})

    assert f.found(f.use(learnt)) == {}
