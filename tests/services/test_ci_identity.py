"""A job without a secret, whole: the real client, the real server, and a provider of identities, each a process or a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import identity
from tests.fakes.identity import GITLAB_CLAIMS, REQUEST_TOKEN, Provider
from tests.flows.platform import Platform, running

pytestmark = pytest.mark.services

MANIFEST = 'system = "product-search"\n\n[[models]]\nref = "Alibaba-NLP/gte-multilingual-base"\npurpose = "embedding"\n'


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with identity.running() as made:
        yield made


@pytest.fixture(scope="module")
def platform(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("platform"), UNDERSTUDY_CI_ISSUERS=provider.url) as made:
        ravi, anna = made.api("ravi"), made.api("anna")
        for kind, claims in (
            ("github", {"repository_id": "74", "repository_owner_id": "65"}),
            ("gitlab", {"project_id": "22", "namespace_id": "72"}),
        ):
            asked = {"system": "product-search", "provider": kind, "issuer": provider.url, "claims": claims}
            row = anna.post("pipelines/", asked | {"refs": ["refs/heads/main"]})
            ravi.post(f"pipelines/{row['id']}/agree/")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "understudy.toml").write_text(MANIFEST)
    return tmp_path


def test_a_github_job_gets_its_verdict_without_a_secret(platform: Platform, provider: Provider, folder: Path) -> None:
    job = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{provider.url}/job",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }
    run = platform.client("check", "--no-scan", "--format", "json", token="", folder=folder, **job)
    assert run.code == 1, run.err
    assert json.loads(run.out)["verdict"] == "fail"


def test_a_gitlab_job_gets_one_verdict_for_its_identity(platform: Platform, provider: Provider, folder: Path) -> None:
    claims = dict.fromkeys(identity.GITHUB_CLAIMS) | dict(GITLAB_CLAIMS) | {"aud": platform.url}
    job = {"UNDERSTUDY_ID_TOKEN": provider.identity(**claims)}
    first = platform.client("check", "--no-scan", token="", folder=folder, **job)
    again = platform.client("check", "--no-scan", token="", folder=folder, **job)
    assert (first.code, again.code) == (1, 3)
    assert "was exchanged already" in again.err


def test_another_repository_of_the_same_name_gets_none(platform: Platform, provider: Provider, folder: Path) -> None:
    job = {"UNDERSTUDY_ID_TOKEN": provider.identity(aud=platform.url, repository_owner_id="66")}
    run = platform.client("check", "--no-scan", token="", folder=folder, **job)
    assert run.code == 3
    assert "repository_owner_id 66" in run.err
    assert job["UNDERSTUDY_ID_TOKEN"] not in run.err
