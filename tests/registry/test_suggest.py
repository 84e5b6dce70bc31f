from decimal import Decimal
from typing import Any

import pytest

from registry.capabilities import Fit, compare, needs_met_by
from registry.criteria import Criterion, Terms, Verdict
from registry.models import AIModel, Dependency, Offering
from registry.suggest import Candidate, candidates_for
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def search() -> Dependency:
    """Product search: it embeds with a multilingual model of a vendor that belongs to Alibaba."""
    alibaba = f.vendor("alibaba")
    gte = embedder("gte-multilingual-base", developer=f.vendor("tongyi-lab", name="Tongyi Lab", parent=alibaba))
    return f.dependency(offering=f.offering("Alibaba-NLP/gte-multilingual-base", model=gte), has_index=True)


def embedder(slug: str, **fields: Any) -> AIModel:
    defaults = {"languages": ["multilingual"], "context_length": 8192, "embedding_dimension": 768}
    return f.model(slug, **(defaults | fields))


def offered(slug: str, *, at: dict[str, Any] | None = None, **fields: Any) -> Offering:
    return f.offering(f"{slug}/{slug}", model=embedder(slug, **fields), **(at or {}))


def only(dependency: Dependency, **said: Any) -> Candidate:
    (candidate,) = candidates_for(dependency, terms=Terms(f.TODAY, **said))
    return candidate


def order(dependency: Dependency, **said: Any) -> list[str]:
    return [one.offering.model.slug for one in candidates_for(dependency, terms=Terms(f.TODAY, **said))]


def said(candidate: Candidate, criterion: Criterion) -> tuple[Verdict, str]:
    (reason,) = [reason for reason in candidate.reasons if reason.criterion == criterion]
    return reason.verdict, reason.text


def test_a_model_of_another_vendor_with_known_lineage_is_independent(search: Dependency) -> None:
    offered("bge-m3", developer=f.vendor("baai", name="BAAI"))

    candidate = only(search)

    assert candidate.is_independent
    assert said(candidate, Criterion.INDEPENDENCE)[1] == "Independent: only BAAI stands behind it."


def test_a_derivative_of_the_primary_is_listed_and_names_the_vendor_behind_both(search: Dependency) -> None:
    arctic = offered("arctic-embed-m-v2", developer=f.vendor("snowflake"))
    f.derived(arctic.model, search.offering.model)

    candidate = only(search)

    assert not candidate.is_independent
    assert candidate.shared_vendors == ("Alibaba", "Tongyi Lab")
    assert said(candidate, Criterion.INDEPENDENCE) == (
        Verdict.AGAINST,
        "Not independent: Alibaba and Tongyi Lab stand behind both, it is made from gte-multilingual-base.",
    )


def test_a_vendor_shared_through_a_base_is_named_with_the_base(search: Dependency) -> None:
    qwen = f.model("Qwen3-Embedding-0.6B", developer=f.Vendor.objects.get(slug="alibaba"), state="withdrawn")
    octen = offered("octen-embedding", developer=f.vendor("octen"))
    f.derived(octen.model, qwen)

    assert said(only(search), Criterion.INDEPENDENCE) == (
        Verdict.AGAINST,
        "Not independent: Alibaba stands behind both, through Qwen3-Embedding-0.6B.",
    )


def test_a_vendor_that_also_made_the_candidate_needs_no_base_to_explain_it(search: Dependency) -> None:
    alibaba = f.Vendor.objects.get(slug="alibaba")
    f.derived(
        offered("qwen-embed", developer=alibaba).model, f.model("qwen-base", developer=alibaba, state="withdrawn")
    )

    assert said(only(search), Criterion.INDEPENDENCE)[1] == "Not independent: Alibaba stands behind both."


def test_a_model_of_unknown_lineage_is_a_question(search: Dependency) -> None:
    offered("mystery", lineage_status="unknown")

    assert said(only(search), Criterion.INDEPENDENCE) == (
        Verdict.QUESTION,
        "Not shown independent: the lineage of mystery is not known.",
    )


def test_the_same_weights_elsewhere_are_continuity_and_keep_the_index(search: Dependency) -> None:
    f.offering("gte-hosted", model=search.offering.model, host="together", kind="service")

    candidate = only(search)

    assert "keeps you running, no more" in said(candidate, Criterion.INDEPENDENCE)[1]
    assert said(candidate, Criterion.DIMENSION) == (
        Verdict.FOR,
        "The same weights give the same vectors: the index stays.",
    )


def test_two_models_on_our_own_base_are_not_independent(search: Dependency) -> None:
    ours = f.vendor("northwind", is_self=True)
    base = f.model("our-base", developer=ours, task="fill-mask")
    f.derived(search.offering.model, base)
    f.derived(offered("our-other", developer=ours).model, base)

    assert said(only(search), Criterion.INDEPENDENCE)[1] == "Not independent, both are made from our-base."


def test_each_criterion_decides_only_between_equals(search: Dependency) -> None:
    f.derived(offered("a-derivative").model, search.offering.model)
    offered("b-unknown", lineage_status="unknown")
    offered("c-not-adopted")
    forbidden = offered("d-forbidden", at={"license_": f.license_("CC-BY-NC-4.0", "non-commercial")})
    short = offered("e-short", context_length=512)
    wide = offered("f-other-dimension", embedding_dimension=1024)
    best = offered("g-best")
    adopted = {one.pk for one in (forbidden, short, wide, best)}

    ranked = order(search, adopted=adopted, allowed_license_classes={"open"})

    assert ranked == [
        "g-best",
        "f-other-dimension",
        "e-short",
        "d-forbidden",
        "c-not-adopted",
        "b-unknown",
        "a-derivative",
    ]


def test_the_cheaper_of_two_equals_comes_first() -> None:
    def service(slug: str, price: str | None) -> Offering:
        cost = None if price is None else Decimal(price)
        model = f.model(slug, task="text-generation")
        return f.offering(slug, model=model, host=f"host-of-{slug}", kind="service", input_price=cost)

    use = f.dependency(offering=service("primary", "2"))
    for slug, price in (("a-same", "2"), ("b-half", "1"), ("c-double", "4"), ("d-tenth", "0.2"), ("e-unknown", None)):
        service(slug, price)

    found = candidates_for(use, terms=Terms(f.TODAY))

    assert [one.offering.model.slug for one in found] == ["d-tenth", "b-half", "a-same", "e-unknown", "c-double"]
    assert [said(one, Criterion.PRICE)[1] for one in found] == [
        "Costs 0.20 USD per million input tokens, 0.1 times the model in use.",
        "Costs 1.00 USD per million input tokens, 0.5 times the model in use.",
        "Costs 2.00 USD per million input tokens, as much as the model in use.",
        "Its price is not known.",
        "Costs 4.00 USD per million input tokens, 2 times the model in use.",
    ]


def test_a_price_is_told_where_the_model_in_use_has_none(search: Dependency) -> None:
    offered("other", at={"host": "cloud", "kind": "service", "input_price": Decimal("0.13")})

    assert said(only(search), Criterion.PRICE) == (
        Verdict.QUESTION,
        "Costs 0.13 USD per million input tokens; the model in use has no price to compare.",
    )


@pytest.mark.parametrize(
    ("dimension", "verdict", "says"),
    [(768, "for", "Keeps the schema"), (1024, "against", "768 → 1024"), (None, "question", "not known")],
)
def test_another_embedding_model_always_means_re_indexing(
    search: Dependency, dimension: int | None, verdict: str, says: str
) -> None:
    offered("other", embedding_dimension=dimension)

    found, text = said(only(search), Criterion.DIMENSION)

    assert found.word == verdict
    assert says in text
    assert "index has to be built again" in text


def test_what_the_caller_does_not_say_is_not_said(search: Dependency) -> None:
    offered("other", at={"license_": f.license_("CC-BY-NC-4.0", "non-commercial")})

    candidate = only(search)

    assert Criterion.ADOPTION not in {reason.criterion for reason in candidate.reasons}
    assert said(candidate, Criterion.LICENSE) == (Verdict.FOR, "License CC-BY-NC-4.0 (non-commercial).")


def test_an_unknown_license_is_a_question(search: Dependency) -> None:
    offered("other", at={"license_": f.license_("LicenseRef-hf-other", "unknown")})

    assert said(only(search, allowed_license_classes={"open"}), Criterion.LICENSE)[0] is Verdict.QUESTION


def test_the_license_is_that_of_the_head_revision(search: Dependency) -> None:
    offering = offered("other")
    offering.revisions.create(revision="old", license=f.license_("CC-BY-NC-4.0", "non-commercial"), observed_at=f.NOW)

    assert str(only(search).license) == "Apache-2.0"


@pytest.mark.parametrize(
    "fields",
    [
        {"task": "text-ranking"},
        {"state": "proposed"},
        {"state": "withdrawn"},
        {"at": {"status": "retired"}},
        {"at": {"status": "removed"}},
        {"at": {"retires_on": f.TODAY}},
    ],
)
def test_what_could_not_take_over_is_not_suggested(search: Dependency, fields: dict[str, Any]) -> None:
    offered("other", **fields)

    assert order(search) == []


def test_a_retiring_candidate_says_when(search: Dependency) -> None:
    offered("other", at={"retires_on": f.day("2026-04-25")})

    assert said(only(search), Criterion.FUTURE) == (Verdict.AGAINST, "Retires on 2026-04-25, in 10 days.")


def test_without_a_task_nothing_is_suggested(search: Dependency) -> None:
    offered("other")
    AIModel.objects.update(task="")

    assert order(search) == []


@pytest.mark.parametrize(
    ("wanted", "offered_", "gaps"),
    [
        ({"languages": ["multilingual"]}, {"languages": ["multilingual"]}, []),
        ({"languages": ["multilingual"]}, {"languages": ["en"]}, [("lacks", "it is not multilingual, it knows en")]),
        (
            {"languages": ["multilingual"]},
            {"languages": ["en", "de"]},
            [("not known", "whether en and de are all the languages it is needed for is not known")],
        ),
        ({"languages": ["en"]}, {"languages": ["multilingual"]}, []),
        ({"languages": ["en", "de"]}, {"languages": ["en"]}, [("lacks", "it does not know de")]),
        ({"languages": ["en"]}, {"languages": []}, [("not known", "its languages are not known")]),
        ({"languages": []}, {"languages": ["en"]}, []),
        ({"context_length": 8192}, {"context_length": 8192}, []),
        (
            {"context_length": 8192},
            {"context_length": 512},
            [("lacks", "its context is 512 tokens, not 8,192")],
        ),
        ({"context_length": 8192}, {"context_length": None}, [("not known", "its context length is not known")]),
        ({"context_length": None}, {"context_length": 512}, []),
        (
            {"input_modalities": ["text", "image"]},
            {"input_modalities": ["text"]},
            [("lacks", "it takes no image input")],
        ),
        (
            {"output_modalities": ["text"]},
            {"output_modalities": []},
            [("not known", "its output is not known")],
        ),
        ({"supports_tools": True}, {"supports_tools": False}, [("lacks", "it calls no tools")]),
        ({"supports_tools": True}, {"supports_tools": None}, [("not known", "its tool calls are not known")]),
        ({"supports_tools": None}, {"supports_tools": False}, []),
    ],
)
def test_a_gap_is_named_and_what_is_unknown_is_a_question(
    wanted: dict[str, Any], offered_: dict[str, Any], gaps: list[tuple[str, str]]
) -> None:
    found = compare(needs_met_by(AIModel(**wanted).capabilities), AIModel(**offered_).capabilities)

    assert [(match.fit.value, match.gap) for match in found if match.fit is not Fit.MEETS] == gaps


def test_what_a_use_is_said_to_need_is_asked_instead_of_all_that_the_model_in_use_can(search: Dependency) -> None:
    offered("shorter", context_length=2048)
    gap = "Its context is 2,048 tokens, not 8,192."
    assert said(only(search), Criterion.CAPABILITIES) == (Verdict.AGAINST, gap)

    search.needs = {"context_length": 2048}

    whole = "Does all that is needed here."
    assert said(only(search), Criterion.CAPABILITIES) == (Verdict.FOR, whole)
    search.needs = {"context_length": 4096}
    assert said(only(search), Criterion.CAPABILITIES) == (Verdict.AGAINST, "Its context is 2,048 tokens, not 4,096.")


@pytest.mark.parametrize("count", [1, 40])
def test_the_number_of_queries_does_not_grow(search: Dependency, count: int, django_assert_num_queries: Any) -> None:
    owner, developer = f.team(), f.vendor()
    for number in range(count):
        offered(f"other-{number}", owner=owner, developer=developer)

    with django_assert_num_queries(12):
        assert len(candidates_for(search, terms=Terms(f.TODAY))) == count


def test_where_enough_candidates_have_no_flaw_the_others_are_not_sorted(
    search: Dependency, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        offered(f"clean-{number}", developer=f.vendor(f"clean-{number}"))
    offered("mystery", lineage_status="unknown")
    offered("short", context_length=512)
    in_full = order(search)

    monkeypatch.setattr("registry.preselect._first", lambda *_: pytest.fail("everything was sorted"))
    first = candidates_for(search, terms=Terms(f.TODAY), limit=2)

    assert [one.offering.model.slug for one in first] == in_full[:2] == ["clean-0", "clean-1"]
    with pytest.raises(pytest.fail.Exception, match="everything was sorted"):
        candidates_for(search, terms=Terms(f.TODAY), limit=4)


@pytest.mark.parametrize(
    ("needs", "verdict", "says"),
    [
        ({}, Verdict.AGAINST, "Its context is 512 tokens, not 8,192; it is not multilingual, it knows en."),
        ({"languages": ["en"], "context_length": 500}, Verdict.FOR, "Does all that is needed here."),
        ({"languages": ["en"], "output_formats": ["json"]}, Verdict.QUESTION, "Its output format is not known."),
        ({"embedding_dimension": 1024}, Verdict.AGAINST, "Its vectors have 768 dimensions, not 1024."),
    ],
    ids=["none stated", "met", "not known", "lacking"],
)
def test_stated_needs_count_instead_of_what_the_model_in_use_can_do(
    search: Dependency, needs: dict[str, Any], verdict: Verdict, says: str
) -> None:
    offered("other", languages=["en"], context_length=512)
    search.needs = needs

    assert said(only(search), Criterion.CAPABILITIES) == (verdict, says)


def test_what_the_use_needs_decides_which_of_two_comes_first(search: Dependency) -> None:
    offered("a-long", languages=["en"])
    offered("b-german", languages=["de"], context_length=512)
    assert order(search) == ["a-long", "b-german"]

    search.needs = {"languages": ["de"]}

    assert order(search) == ["b-german", "a-long"]
