from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from registry.models import Alias, Offering, System
from registry.refs import Malformed, Problem, Resolution, Wanted, parse, resolve
from tests import factories as f


def one(ref: str, via: str | None = None, *, system: System | None = None) -> Resolution:
    return resolve([Wanted(ref, via)], system=system)[0]


def service(external_id: str, host: str, **fields: Any) -> Offering:
    return f.offering(external_id, host=host, kind=Offering.Kind.SERVICE, **fields)


def alias(text: str, offering: Offering, **fields: Any) -> Alias:
    return Alias.objects.create(namespace=Alias.Namespace.NAME, text=text, offering=offering, **fields)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("a" * 501, "501 characters; 500 are allowed"),
        ("x" * 10_000, "10000 characters"),
        ("BAAI/bge\x00m3", "U+0000 at place 9"),
        ("BAAI/\nbge", "U+000A"),
        ("BAAI/bge\u200bm3", "U+200B"),
        ("BAAI/\ud800", "U+D800"),
        ("../secrets/model", "file path"),
        ("models/../../etc", "file path"),
        ("/etc/passwd", "file path"),
        ("./model", "file path"),
        ("~/model", "file path"),
        ("C:\\models\\x", "file path"),
        ("a//b", "file path"),
        ("pkg:huggingface", "no valid purl"),
        ("pkg:huggingface/", "no valid purl"),
        ("pkg:huggingface/..%2f..%2fetc/passwd", "file path"),
        ("pkg:huggingface/a/b%00", "U+0000"),
        ("pkg:huggingface/a/b@%00", "U+0000"),
        ("pkg:huggingface/a/b/c", "<namespace>/<name>"),
        ("pkg:generic/gpt-4o", "names no host"),
        ("pkg:pypi/torch", "type “pypi”"),
        ("pkg:huggingface/a/b?repository_url=https://elsewhere.example", "qualifiers"),
    ],
)
def test_a_malformed_ref_is_explained(text: str, says: str) -> None:
    with pytest.raises(Malformed) as raised:
        parse(text)

    message = str(raised.value)
    assert says in message
    assert len(message) < 400
    assert message.encode().isascii() or message.isprintable()


def test_a_malformed_via_is_explained() -> None:
    with pytest.raises(Malformed, match=r"The via .* U\+0000"):
        parse("gpt-4o", "open\x00ai")


def test_a_purl_and_a_via_that_name_two_hosts_contradict_each_other() -> None:
    with pytest.raises(Malformed, match="host “openai” and via says “azure”"):
        parse("pkg:generic/openai/gpt-4o", "azure")


@given(st.text(max_size=600))
def test_any_text_is_either_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        ref = parse(text)
    except Malformed as error:
        assert str(error).endswith(".")  # noqa: PT017 - both ways out are promised
    else:
        assert ref.terms


@pytest.mark.django_db
class TestResolve:
    @pytest.mark.parametrize(
        "ref",
        [
            "Alibaba-NLP/gte-multilingual-base",
            "alibaba-nlp/GTE-multilingual-base",
            " Alibaba-NLP/gte-multilingual-base ",
            "pkg:huggingface/Alibaba-NLP/gte-multilingual-base",
            "PKG:huggingface/alibaba-nlp/gte-multilingual-base",
            "huggingface/Alibaba-NLP/gte-multilingual-base",
        ],
    )
    def test_a_hub_id_is_found_however_it_is_written(self, ref: str) -> None:
        offering = f.offering("Alibaba-NLP/gte-multilingual-base")

        assert one(ref).offering_id == offering.pk

    @pytest.mark.parametrize("ref", ["openai/gpt-4o", "gpt-4o", "pkg:generic/openai/gpt-4o", "OpenAI/GPT-4o"])
    def test_a_service_is_found_however_it_is_written(self, ref: str) -> None:
        offering = service("gpt-4o", "openai")

        assert one(ref).offering_id == offering.pk

    @pytest.mark.parametrize(
        "ref", ["azure/eu/gpt-4o", "pkg:generic/azure/eu/gpt-4o", "pkg:generic/azure/azure/eu/gpt-4o"]
    )
    def test_an_id_that_repeats_its_provider_is_found(self, ref: str) -> None:
        offering = service("azure/eu/gpt-4o", "azure")

        assert one(ref).offering_id == offering.pk

    def test_an_offering_answers_to_its_id_without_an_alias(self) -> None:
        offering = f.offering("BAAI/bge-m3")
        offering.aliases.all().delete()

        assert one("BAAI/bge-m3").offering_id == offering.pk

    def test_the_revision_of_a_purl_is_handed_on(self) -> None:
        f.offering("BAAI/bge-m3")

        assert one("pkg:huggingface/BAAI/bge-m3@" + "a1" * 20).revision == "a1" * 20

    def test_several_hosts_are_ambiguous_and_named(self) -> None:
        service("gpt-4o", "openai")
        service("gpt-4o", "azure")

        resolution = one("gpt-4o")

        assert resolution.problem is Problem.AMBIGUOUS
        assert resolution.offering_id is None
        assert "azure or openai" in resolution.message
        assert "via" in resolution.message

    def test_via_chooses_the_host(self) -> None:
        service("gpt-4o", "openai")
        azure = service("gpt-4o", "azure")

        assert one("gpt-4o", "Azure").offering_id == azure.pk

    def test_two_offerings_at_one_host_are_ambiguous_and_via_is_not_advised(self) -> None:
        alias("sonnet", service("claude-sonnet-4", "anthropic"))
        alias("sonnet", service("claude-sonnet-5", "anthropic"))

        resolution = one("sonnet", "anthropic")

        assert resolution.problem is Problem.AMBIGUOUS
        assert "pkg:generic/anthropic/claude-sonnet-4 or pkg:generic/anthropic/claude-sonnet-5" in resolution.message

    def test_an_unknown_ref_says_where_it_would_be_found(self) -> None:
        service("gpt-4o", "openai")

        resolution = one("gpt-4o", "azure")

        assert resolution.problem is Problem.UNKNOWN
        assert "not in the register at azure, but it is at openai" in resolution.message

    def test_an_unknown_ref_is_no_offering(self) -> None:
        f.offering("BAAI/bge-m3")

        resolution = one("BAAI/bge-m4")

        assert (resolution.offering_id, resolution.problem) == (None, Problem.UNKNOWN)

    def test_a_hub_purl_never_means_the_same_id_at_another_host(self) -> None:
        service("meta-llama/Llama-3.3-70B", "together")

        assert one("pkg:huggingface/meta-llama/Llama-3.3-70B").problem is Problem.UNKNOWN

    def test_an_alias_of_the_system_wins(self) -> None:
        general, special = f.offering("a/one"), f.offering("b/two")
        search = f.system()
        alias("embedder", general)
        alias("embedder", special, system=search)

        assert one("embedder", system=search).offering_id == special.pk
        assert one("embedder").offering_id == general.pk
        assert one("embedder", system=f.system()).offering_id == general.pk

    def test_a_floating_name_is_flagged_and_leads_to_the_snapshot(self) -> None:
        service("gpt-4o", "openai")
        snapshot = service("gpt-4o-2024-08-06", "openai")
        alias("gpt-4o", snapshot, is_floating=True)

        resolution = one("openai/gpt-4o")

        assert (resolution.offering_id, resolution.is_floating) == (snapshot.pk, True)
        assert not one("gpt-4o-2024-08-06").is_floating

    def test_an_alias_at_one_host_does_not_hide_the_same_id_at_another(self) -> None:
        alias("gpt-4o", service("gpt-4o-2024-08-06", "azure"), is_floating=True)
        service("gpt-4o", "openai")

        assert one("gpt-4o").problem is Problem.AMBIGUOUS

    def test_one_bad_ref_does_not_spoil_the_batch(self) -> None:
        offering = f.offering("BAAI/bge-m3")

        bad, good = resolve([Wanted("../x"), Wanted("BAAI/bge-m3")], system=None)

        assert (bad.problem, bad.ref) == (Problem.MALFORMED, "../x")
        assert good.offering_id == offering.pk

    @pytest.mark.parametrize("count", [1, 50, 500])
    def test_a_batch_takes_one_query(self, count: int, django_assert_num_queries: CaptureQueriesContext) -> None:
        ids = [f"ns/model-{number}" for number in range(count)]
        model = f.model()
        Offering.objects.bulk_create(
            Offering(model=model, kind="weights", host="huggingface", external_id=id_, external_key=id_) for id_ in ids
        )
        system = f.system()

        with django_assert_num_queries(1):
            found = resolve([Wanted(id_) for id_ in ids], system=system)

        assert all(resolution.offering_id for resolution in found)

    def test_nothing_wanted_takes_no_query(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            assert resolve([], system=None) == []
