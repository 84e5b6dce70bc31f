"""The examples on the rules' pages happen: what is quoted as failing is what the gate says, and its passing twin is green."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance.check import CheckRequest, RequestedModel, evaluate
from governance.rules.catalogue import RULES
from governance.rules.facts import (
    BlockFacts,
    ConcentrationFacts,
    DriftFacts,
    GlassFacts,
    HostFacts,
    LicenseFacts,
    OfferingFacts,
    StaleFacts,
    Use,
)
from governance.rules.findings import Finding
from governance.rules.judge import judge_unnamed
from governance.rules.policy import Policy
from registry.capabilities import CAPABILITIES, Needs, read_capabilities
from tests import factories as make
from tests.governance import facts_of_rules as f

PAGES = Path(__file__).resolve().parents[2] / "docs" / "rules"
QUOTED = re.compile(r"(?P<rule>UD\d{3}) (?P<level>\w+)(?:, verdict (?P<verdict>\w+))?(?: [\w./-]+)?: (?P<message>.+)")


def quoted(rule: str) -> re.Match[str]:
    """The finding that the page of the rule quotes, in one line."""
    text = (PAGES / f"{rule}.md").read_text(encoding="utf-8")
    failing = text.split("## An example that fails")[1].split("## The same, passing")[0]
    lines = [line.removeprefix("> ") for line in failing.splitlines() if line.startswith("> ")]
    match = QUOTED.fullmatch(" ".join(lines))
    assert match is not None, lines
    return match


def model(name: str, vendor: str, host: str = "huggingface", **fields: Any) -> OfferingFacts:
    """An adopted model under the name that a page calls it by."""
    return f.adopted(f.unadopted(name, vendor, host=host, **fields))


def of(criticality: str = "critical", *, name: str = "Product search", **fields: Any) -> Any:
    return f.system(criticality=criticality, name=name, **fields)


GTE, GTE_MULTI = model("Alibaba-NLP/gte-base", "Alibaba"), model("Alibaba-NLP/gte-multilingual-base", "Alibaba")
BGE = model("BAAI/bge-m3", "BAAI")
BY_2026_06_01, HOUR = date(2026, 6, 1), timedelta(hours=1)


def planned(offering: OfferingFacts, *ways: OfferingFacts, **fields: Any) -> Use:
    return f.use(offering, plan=f.plan(*(f.alternative(one, order) for order, one in enumerate(ways, 1))), **fields)


def owned(*, has_active_owner: bool) -> Use:
    fields = {"owner": "Search & Discovery", "has_active_owner": has_active_owner}
    return f.use(model("Alibaba-NLP/gte-base", "Alibaba", **fields))


def adopted_for(distribution: str) -> Use:
    return f.use(f.adopted(f.unadopted("BAAI/bge-m3", "BAAI"), distribution=distribution))


def blocked(*, is_lifted: bool) -> Use:
    block = BlockFacts("the vendor Alibaba", "Export control, see SEC-112.", BY_2026_06_01)
    return f.use(model("Qwen/Qwen3-Embedding-0.6B", "Alibaba", blocks=() if is_lifted else (block,)))


def licensed(name: str, license_: LicenseFacts | None, revision: str = f.SHA) -> OfferingFacts:
    return model(name, "Acme", licenses={revision: license_})


def ranker(*, is_known: bool) -> Use:
    sha = "4c1f0aa2be" + "0" * 30
    known = licensed("acme/ranker", f.APACHE if is_known else None, sha)
    return f.use(f.adopted(known, revision=sha), pinned_revision=sha)


def relicensed(*, is_pinned: bool) -> Use:
    """Adopted when it was Apache-2.0; upstream's newest revision is not."""
    former = model("acme/embed", "Acme")
    research = LicenseFacts("LicenseRef-acme-research", "restricted")
    now = replace(former, head_revision=f.OTHER_SHA, licenses={f.SHA: f.APACHE, f.OTHER_SHA: research})
    free = replace(former.adoptions[0], basis={k: v for k, v in former.adoptions[0].basis.items() if k != "revision"})
    return f.use(replace(now, adoptions=(free,)), pinned_revision=f.SHA if is_pinned else f.OTHER_SHA)


def retiring(*, has_moved: bool) -> Use:
    day = date(2026, 12, 31) if has_moved else date(2026, 6, 20)
    offering = model("openai/gpt-4o-2024-08-06", "OpenAI", "openai", retires_on=day)
    way = f.alternative(switch_time_days=75.0)
    return f.use(offering, of=of("important"), plan=f.plan(way))


def gated(*, since: str) -> Use:
    """Gated; adopted when it was open, or again since."""
    former = f.unadopted("Alibaba-NLP/gte-base", "Alibaba")
    granted = datetime(2026, 1, 5, tzinfo=f.NOW.tzinfo)
    seen = f.adopted(former if since == "before" else replace(former, gating="manual"), granted_at=granted)
    return f.use(replace(seen, gating="manual"))


def renamed(upstream_id: str) -> Use:
    former = f.adopted(f.unadopted("acme/e5", "Acme", upstream_id="65f1…"))
    return f.use(replace(former, upstream_id=upstream_id))


def confirmed(*, is_stale: bool) -> Use:
    stale = StaleFacts(1, "Hugging Face Hub", f.NOW - 14 * HOUR) if is_stale else None
    return f.use(replace(GTE, stale=stale))


def merged(*, unknown: tuple[str, ...]) -> Use:
    gap = tuple(f"nobody has said what {name} was made from" for name in unknown)
    roots = replace(f.roots("Microsoft", unknown=unknown), gaps=gap)
    return planned(GTE_MULTI, model("acme/e5-merge", "Microsoft", roots=roots))


def spare_of_chat(name: str, retires_on: date | None) -> Use:
    spare = f.adopted(f.unadopted(name, "Mistral", host="mistral", retires_on=retires_on), purpose="chat")
    primary = f.adopted(f.unadopted("acme/chat", "Acme"), purpose="chat")
    declared = f.dependency(primary, purpose="chat", plan=f.plan(f.alternative(spare)))
    return f.use(dependency=declared, purpose="chat")


def able(name: str, context: int, languages: list[str]) -> Use:
    said = {"context_length": context, "languages": languages}
    spare = model(name, "Other", capabilities=read_capabilities([said.get(one) for one in CAPABILITIES]))
    return planned(GTE_MULTI, spare, needs=Needs(context_length=4000, languages=("de",)))


def served(theirs: str) -> Use:
    amazon, other = HostFacts({1: "Amazon"}), HostFacts({2: "Other"})
    primary = model("anthropic.claude-sonnet-5", "Anthropic", "bedrock")
    spare = f.alternative(model("meta.llama3-1-8b-instruct-v1:0", "Meta", "bedrock"))
    way = replace(spare, host=amazon if theirs == "Amazon" else other)
    return f.use(primary, host=amazon, plan=f.plan(way))


def counted(behind: int) -> Use:
    (pk,) = f.roots("Alibaba").names
    seen = ConcentrationFacts(f.TODAY, "the organisation", pk, "Alibaba", behind, 22)
    return f.use(GTE, of=of(concentrations={pk: (seen,)}))


def through_a_gateway(*messages: str) -> Use:
    drifts = tuple(DriftFacts("Main gateway", f.TODAY, message, "Export the plans again.") for message in messages)
    return f.use(of=of("important"), dependency=replace(f.dependency(), drifts=drifts))


def sold(*, is_adopted_again: bool) -> Use:
    former = f.unadopted("acme/embed", "acme")
    now = replace(former, roots=f.roots("acme", "alibaba"))
    return f.use(f.adopted(now) if is_adopted_again else replace(f.adopted(former), roots=now.roots))


def waived(ends_in: int) -> Use:
    waiver = replace(f.waiver("UD401", ends_in=ends_in), reason="The plan is being drilled.")
    return f.use(plan=None, waivers=(waiver,))


def held_open(*, is_over: bool) -> Use:
    ends = f.NOW if is_over else f.NOW + timedelta(days=1)
    glass = GlassFacts(1, "Checkout is down, the fix must go out tonight.", f.NOW - HOUR, ends)
    return f.use(of=of(glass=glass))


PURE: dict[str, tuple[Use, Use]] = {
    "UD102": (owned(has_active_owner=False), owned(has_active_owner=True)),
    "UD103": (adopted_for("internal"), adopted_for("saas")),
    "UD104": (blocked(is_lifted=False), blocked(is_lifted=True)),
    "UD106": (
        f.undeclared(GTE_MULTI, purpose="classification", declared_for=("embedding",)),
        f.use(
            f.adopted(f.unadopted("Alibaba-NLP/gte-multilingual-base", "Alibaba"), purpose="classification"),
            purpose="classification",
            dependency=f.dependency(GTE_MULTI, purpose="classification"),
        ),
    ),
    "UD201": (ranker(is_known=False), ranker(is_known=True)),
    "UD202": (
        f.use(licensed("acme/embed-nc", LicenseFacts("CC-BY-NC-4.0", "non-commercial"))),
        f.use(licensed("acme/embed-nc", f.APACHE)),
    ),
    "UD203": (relicensed(is_pinned=False), relicensed(is_pinned=True)),
    "UD301": (f.use(replace(GTE, status="removed")), f.use(GTE)),
    "UD302": (retiring(has_moved=False), retiring(has_moved=True)),
    "UD303": (
        f.use(model("cohere/embed-v2", "Cohere", "cohere", status="deprecated")),
        f.use(model("cohere/embed-v4", "Cohere", "cohere")),
    ),
    "UD304": (gated(since="before"), gated(since="again")),
    "UD305": (renamed("6a02…"), renamed("65f1…")),
    "UD306": (confirmed(is_stale=True), confirmed(is_stale=False)),
    "UD307": (f.use(GTE, pinned_revision="", dependency=f.dependency(GTE, pinned_revision="")), f.use(GTE)),
    "UD401": (f.use(GTE_MULTI, plan=None), planned(GTE_MULTI, BGE)),
    "UD402": (
        planned(GTE_MULTI, model("Octen/Octen-Embedding-0.6B", "Octen", roots=f.roots("Octen", "Alibaba"))),
        planned(GTE_MULTI, BGE),
    ),
    "UD403": (merged(unknown=("e5-merge",)), merged(unknown=())),
    "UD404": (spare_of_chat("mistral-large-2407", date(2026, 5, 30)), spare_of_chat("mistral-large-2512", None)),
    "UD405": (
        f.use(GTE, plan=f.plan(replace(f.alternative(BGE), drill=None))),
        f.use(GTE, plan=f.plan(f.alternative(BGE))),
    ),
    "UD406": (able("intfloat/e5-large-v2", 512, ["en"]), able("BAAI/bge-m3", 8192, ["multilingual"])),
    "UD407": (served("Amazon"), served("Other")),
    "UD408": (counted(14), counted(10)),
    "UD409": (
        through_a_gateway(
            "From “help-chat” the gateway falls back to openai/gpt-4o-mini (openai), which nobody approved for "
            "help-centre, chat, production."
        ),
        through_a_gateway(),
    ),
    "UD501": (sold(is_adopted_again=False), sold(is_adopted_again=True)),
    "UD502": (waived(5), f.use()),
    "UD503": (held_open(is_over=False), held_open(is_over=True)),
}


def of_rule(rule: str, findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def says(rule: str, finding: Finding) -> None:
    page = quoted(rule)
    assert (page["rule"], page["message"]) == (rule, finding.message)
    assert page["level"] == finding.level
    assert (page["verdict"] == "unknown") is finding.is_unknown


@pytest.mark.parametrize("rule", PURE)
def test_the_example_that_fails_fails_with_these_words_and_the_passing_one_passes(rule: str) -> None:
    fails, passes = PURE[rule]
    (finding,) = of_rule(rule, f.judged(fails))
    says(rule, finding)
    assert of_rule(rule, f.judged(passes)) == []


def test_a_declared_use_that_a_whole_list_does_not_name() -> None:
    use = f.use(model("Alibaba-NLP/gte-large-en-v1.5", "Alibaba"), of=of(name="Help centre"))
    says("UD107", judge_unnamed(use, Policy()))


def blocks_of(rule: str) -> list[str]:
    """The references that the manifests on the page of the rule ask about: first the failing, then the passing one."""
    return re.findall(r'^ref = "(.+)"$', (PAGES / f"{rule}.md").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.django_db
def test_what_is_not_in_the_register_and_what_is_ambiguous_are_asked_for_as_the_pages_write_it() -> None:
    system = make.system("product-search")
    make.environment()
    make.offering("acme/embed-large-v2", revision="3f1c0de4a7b29c5d8e6f0a1b2c3d4e5f60718293")
    llama = [
        make.offering("meta-llama/Llama-3.1-8B-Instruct"),
        make.offering("meta.llama3-1-8b-instruct-v1:0", host="bedrock", kind="service"),
    ]
    for one in llama:
        one.aliases.create(namespace="name", text="llama-3.1-8b-instruct")

    def asked(ref: str, via: str = "") -> list[Any]:
        request = CheckRequest(system.slug, "production", (RequestedModel(ref, via=via),))
        return list(evaluate(request, now=make.NOW).findings)

    unknown, known = blocks_of("UD101")
    (missing,) = asked(unknown)
    assert (missing.rule, missing.message) == ("UD101", quoted("UD101")["message"])
    assert "UD101" not in {one.rule for one in asked(known)}

    ambiguous, resolved = blocks_of("UD105")
    (either,) = asked(ambiguous)
    assert (either.rule, either.message) == ("UD105", quoted("UD105")["message"])
    assert "UD105" not in {one.rule for one in asked(resolved, via="bedrock")}
    assert "UD105" not in {one.rule for one in asked("pkg:generic/bedrock/meta.llama3-1-8b-instruct-v1:0")}


def test_every_rule_has_its_examples_carried_out() -> None:
    assert {*PURE, "UD101", "UD105", "UD107"} == set(RULES)
