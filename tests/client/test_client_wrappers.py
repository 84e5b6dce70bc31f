"""What puts the client into a pipeline keeps to the schema of that pipeline, and runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUTS = {
    "stage": "test",
    "path": ".",
    "environment": "production",
    "client": "./understudy.pyz",
    "audience": "https://understudy.example.org",
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def with_inputs(component: str) -> str:
    """The job of a GitLab component, its inputs filled in as GitLab does."""
    job = component.partition("---\n")[2]
    for name, value in INPUTS.items():
        job = job.replace(f"$[[ inputs.{name} ]]", value)
    return job


def test_the_github_action_is_one() -> None:
    done = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "client/action.yml"
    )

    assert done.returncode == 0, done.stdout


def test_the_gitlab_component_is_one(tmp_path: Path) -> None:
    job = with_inputs((ROOT / "client/gitlab/understudy.yml").read_text(encoding="utf-8"))
    (tmp_path / "job.yml").write_text(job, encoding="utf-8")

    done = run(
        sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(tmp_path / "job.yml")
    )

    assert "$[[" not in job
    assert done.returncode == 0, done.stdout


def test_the_hooks_are_hooks() -> None:
    assert run(sys.executable, "-m", "pre_commit", "validate-manifest", ".pre-commit-hooks.yaml").returncode == 0


@pytest.mark.parametrize("command", [["--version"], ["explain", "UD401"]])
def test_the_hook_and_the_zipapp_run_with_nothing_installed(command: list[str]) -> None:
    run(sys.executable, "client/build.py", "zipapp")
    hook, zipapp = run("client/hook", *command), run(sys.executable, "client/dist/understudy.pyz", *command)

    assert hook.returncode == zipapp.returncode == 0
    assert hook.stdout == zipapp.stdout
