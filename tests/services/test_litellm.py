"""The exported fallbacks in the real LiteLLM: its proxy loads them, and its router goes where the plan says.

LiteLLM brings a hundred packages that nothing else here needs, so it is no dependency. The test runs where
UNDERSTUDY_LITELLM_PYTHON names an interpreter that has `litellm[proxy]`, and says why it does not elsewhere.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.exports.litellm import Plan, router_settings
from registry.imports.litellm import gateway_of, load

PYTHON = os.environ.get("UNDERSTUDY_LITELLM_PYTHON", "")
pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(not PYTHON, reason="UNDERSTUDY_LITELLM_PYTHON names no interpreter with litellm[proxy]"),
]
NAMES = ("help-chat", "claude", "mistral", "anthropic/claude-long")


def configuration(exported: str) -> str:
    """A proxy's whole config.yaml: a model list whose every answer is its own name, and what was exported."""
    models = [
        {"model_name": name, "litellm_params": {"model": "openai/gpt-4o", "api_key": "none", "mock_response": name}}
        for name in NAMES
    ]
    return f"{yaml.safe_dump({'model_list': models})}\n{exported}"


def loaded(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    script = Path(__file__).with_name("litellm_loads.py")
    ran = subprocess.run(
        [PYTHON, str(script), str(path), "help-chat"], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    return told


def test_the_proxy_loads_the_export_and_its_router_follows_it(tmp_path: Path) -> None:
    plan = Plan(
        use="help-centre, chat, production",
        primary="help-chat",
        fallbacks=("mistral", "claude", "anthropic/claude-long"),
        longer=frozenset({"anthropic/claude-long"}),
        needs_new_index=True,
    )
    text = configuration(router_settings([plan]))
    told = loaded(tmp_path, text)

    assert told["fallbacks"] == [{"help-chat": ["mistral", "claude", "anthropic/claude-long"]}]
    assert told["context_window_fallbacks"] == [{"help-chat": ["anthropic/claude-long"]}]
    assert told["after_a_failure"] == "mistral"
    assert told["after_too_long_a_prompt"] == "anthropic/claude-long"
    # What LiteLLM reads there is what we read there.
    ours = [(route.kind, route.primary, list(route.fallbacks)) for route in gateway_of(load(text.encode())).routes]
    theirs = [
        (kind, *entry)
        for kind in ("fallbacks", "context_window_fallbacks")
        for one in told[kind]
        for entry in one.items()
    ]
    assert ours == theirs
