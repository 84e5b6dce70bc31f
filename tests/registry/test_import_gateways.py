"""Model lists of LiteLLM proxies and cache folders of the Hub come in as proposed; what cannot be placed is told."""

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.hub_cache import read_hub_cache
from registry.imports.review import Review, review
from registry.imports.write import write
from registry.models import AIModel, Alias, Offering
from tests import factories as f

pytestmark = pytest.mark.django_db
CONFIG = Path(__file__).parents[1] / "payloads" / "gateway" / "config.yaml"
ONE, OTHER = "a" * 40, "b" * 40


def reviewed(content: Any, name: str = "models.json") -> Review:
    return review(read(name, content if isinstance(content, bytes) else json.dumps(content).encode()))


def entry(name: str, model: str, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}}


def steps(done: Review) -> dict[str, str]:
    return {row.record.external_id or row.record.slug: row.step.value for row in done.rows}


def left_out(done: Review) -> list[str]:
    return [str(fault) for fault in done.left_out]


def test_a_configuration_brings_in_what_can_be_placed_and_tells_the_rest_by_path() -> None:
    f.vendor("openai")
    done = reviewed(CONFIG.read_bytes(), "config.yaml")
    write(done, now=f.NOW)

    assert steps(done) == {"gpt-4o": "new", "claude-sonnet": "new", "gpt-4o-mini": "new"}
    assert left_out(done) == [
        (
            "model_list[3].litellm_params.model: “azure/prod-eu-4711” is the name of a deployment: say in"
            " model_info.base_model which model it is"
        ),
        "model_list[4].litellm_params.model: “secretive” is taken from the environment of the proxy",
    ]
    gpt = Offering.objects.get(external_id="gpt-4o")
    assert (gpt.host, gpt.kind, gpt.model.state, gpt.model.developer.slug) == (
        "openai",
        "service",
        "proposed",
        "openai",
    )


def test_what_the_register_knows_by_an_alias_stays_as_it_is() -> None:
    known = f.offering("gpt-4o", host="azure", kind="service")
    Alias.objects.create(namespace="provider", text="azure/prod-eu-4711", offering=known)
    done = reviewed({"model_list": [entry("eu", "azure/prod-eu-4711"), entry("eu-2", "azure/prod-eu-4711")]})

    assert (steps(done), left_out(done)) == ({known.model.slug: "unchanged"}, [])
    assert write(done, now=f.NOW) == []


def test_an_answer_of_model_info_is_read_like_a_configuration() -> None:
    done = reviewed({"data": [entry("x", "mistral/large") | {"model_info": {"id": "1", "db_model": False}}]})

    assert steps(done) == {"large": "new"}


def test_an_answer_of_v1_models_tells_names_and_only_known_ones_are_understood() -> None:
    known = f.offering("gpt-4o", host="openai", kind="service")
    done = reviewed({"object": "list", "data": [{"id": "gpt-4o", "object": "model"}, {"id": "our-chat"}]})

    assert steps(done) == {known.model.slug: "unchanged"}
    assert left_out(done) == [
        "data[1].id: “our-chat” names no place that models are offered at: write a purl, or provider/model"
    ]


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("huggingface/Qwen/Qwen3-8B", ("huggingface", "Qwen/Qwen3-8B", "qwen")),
        ("huggingface/together/Qwen/Qwen3-8B", ("huggingface", "Qwen/Qwen3-8B", "qwen")),
        ("gemini/gemini-2.5-pro", ("gemini", "gemini-2.5-pro", "google")),
        ("bedrock/eu.anthropic.claude-v3:0", ("bedrock", "eu.anthropic.claude-v3:0", "anthropic")),
    ],
)
def test_a_model_is_placed_by_how_litellm_names_it(model: str, place: tuple[str, str, str]) -> None:
    write(reviewed({"model_list": [entry("x", model)]}), now=f.NOW)

    made = Offering.objects.get()
    assert (made.host, made.external_id, made.model.developer.slug) == place


@pytest.mark.parametrize(
    ("model", "params", "reason"),
    [
        ("openai/our-llama", {"api_base": "http://gpu-1/v1"}, "is served at an address of its own"),
        ("openai/*", {}, "stands for every model of a provider"),
        ("together_ai/some/model", {}, "nobody has said who develops it"),
        ("just-a-name", {}, "names no place that models are offered at"),
    ],
)
def test_what_would_be_a_guess_is_left_out(model: str, params: dict[str, str], reason: str) -> None:
    done = reviewed({"model_list": [entry("x", model, **params)]})

    assert done.rows == []
    (told,) = left_out(done)
    assert told.startswith("model_list[0].litellm_params.model: ")
    assert reason in told
    assert "gpu-1" not in told


def test_a_name_that_two_vendors_share_is_left_to_a_person() -> None:
    f.vendor("mistral-1", name="Mistral")
    f.vendor("mistral-2", name="Mistral")
    done = reviewed({"model_list": [entry("x", "mistral/large")]})

    assert done.rows == []


# --- the Hub's cache --------------------------------------------------------------------------
def cached(folder: Path, repo: str, *revisions: str, kind: str = "models", main: str = "") -> None:
    """A repository as huggingface_hub lays it out, with one small file per revision."""
    place = folder / f"{kind}--{repo.replace('/', '--')}"
    (place / "blobs").mkdir(parents=True)
    for number, revision in enumerate(revisions):
        blob = place / "blobs" / f"{number:064x}"
        blob.write_text("{}")
        os.utime(blob, (1_760_000_000 + number, 1_760_000_000 + number))
        (place / "snapshots" / revision).mkdir(parents=True)
        (place / "snapshots" / revision / "config.json").symlink_to(blob)
    if main:
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(main)


def test_a_cache_folder_brings_its_models_in_with_the_revision_in_use(tmp_path: Path) -> None:
    cached(tmp_path, "BAAI/bge-m3", ONE, OTHER, main=ONE)
    cached(tmp_path, "Qwen/Qwen3-8B", ONE, OTHER)
    cached(tmp_path, "squad", ONE, kind="datasets")
    done = review(read_hub_cache(tmp_path))
    write(done, now=f.NOW)

    assert dict(Offering.objects.values_list("external_id", "head_revision")) == {
        "BAAI/bge-m3": ONE,
        "Qwen/Qwen3-8B": OTHER,
    }
    assert set(AIModel.objects.values_list("state", flat=True)) == {"proposed"}
    assert list(done.notes) == [
        f"models--BAAI--bge-m3: revisions found: {OTHER} (2025-10-09), {ONE} (2025-10-09, main)",
        f"models--Qwen--Qwen3-8B: revisions found: {OTHER} (2025-10-09), {ONE} (2025-10-09)",
    ]


def test_what_lies_broken_in_a_cache_is_told_and_keeps_nothing_else_out(tmp_path: Path) -> None:
    cached(tmp_path, "BAAI/bge-m3", ONE, main=ONE)
    (tmp_path / "models--broken--one").mkdir()
    done = review(read_hub_cache(tmp_path))

    assert steps(done) == {"BAAI/bge-m3": "new"}
    assert len(left_out(done)) == 1
    assert "models--broken--one" in left_out(done)[0]


def test_a_folder_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    for folder, reason in ((tmp_path / "nowhere", "is no cache folder"), (tmp_path, "holds no model")):
        with pytest.raises(Refused, match=reason):
            read_hub_cache(folder)


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("import_models", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_takes_a_cache_folder_and_says_first_what_it_would_do(tmp_path: Path) -> None:
    cached(tmp_path, "BAAI/bge-m3", ONE, main=ONE)
    told = run("--hub-cache", tmp_path, "--dry-run")

    assert "models--BAAI--bge-m3: new vendor baai" in told
    assert "models--BAAI--bge-m3: new bge-m3" in told
    assert f"Note: models--BAAI--bge-m3: revisions found: {ONE}" in told
    assert not AIModel.objects.exists()
    assert "1 of 1 models written." in run("--hub-cache", tmp_path)
    assert "0 of 1 models written." in run("--hub-cache", tmp_path)


def test_the_command_tells_what_a_configuration_leaves_open() -> None:
    told = run(CONFIG, "--dry-run")

    assert "Left out: model_list[3].litellm_params.model: “azure/prod-eu-4711” is the name of a deployment" in told
    assert "sk-live" not in told


def test_the_command_wants_one_of_the_two(tmp_path: Path) -> None:
    for arguments in ((), (CONFIG, "--hub-cache", tmp_path)):
        with pytest.raises(CommandError, match="Give a file, or a cache folder"):
            run(*arguments)
