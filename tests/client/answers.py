"""Answers as design §5 promises them."""

from typing import Any

CHECK_URL = "https://understudy.example.org/checks/0197/"


def finding(level: str, rule: str, ref: str = "openai/gpt-4o", **fields: Any) -> dict[str, Any]:
    return {
        "rule": rule,
        "level": level,
        "ref": ref,
        "message": f"what {rule} found",
        "fix": f"how to mend {rule}",
        "help_url": f"https://understudy.example.org/rules/{rule}",
        "waiver": None,
        "locations": [{"path": "understudy.toml", "line": 4}],
        **fields,
    }


def check(verdict: str, *findings: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "0197",
        "url": CHECK_URL,
        "verdict": verdict,
        "checked_at": "2025-11-20T08:00:00Z",
        "facts_as_of": "2025-11-20T06:00:00Z",
        "policy_version": 7,
        "findings": list(findings),
        **fields,
    }


PASSED = check("pass")
FAILED = check(
    "fail",
    finding("note", "UD502", waiver={"until": "2026-01-31", "reason": "migration is under way"}),
    finding("error", "UD401"),
    finding("warning", "UD307", ref="pkg:huggingface/Qwen/Qwen3-8B", fix=None, help_url=None, locations=[]),
    finding("error", "UD202", ref="pkg:huggingface/Qwen/Qwen3-8B"),
)
