"""The one table of finders: which file is read by what. A new language is a module of its own and a line here.

A finder's module is imported with the first file that it reads: their expressions take longer to compile than a small
folder takes to scan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from typing import Any

from understudy.scan.hits import Findings

MEBIBYTE = 1024 * 1024
# Of these words each configuration that names a model holds one; keys of environment variables are in capitals.
CONFIG_WORDS = tuple(b"odel MODEL llm LLM embed EMBED rerank RERANK ollama vllm repo_id download huggingface".split())
SCRIPT_WORDS = (b"odel", b"MODEL", b"pipeline(", b"from_pretrained", b"@ai-sdk/")
SHELL_WORDS = (*CONFIG_WORDS, b"from_pretrained", b"SentenceTransformer", b"CrossEncoder", b"lms")


@dataclass(frozen=True, slots=True)
class Finder:
    """`is_worth` looks at the bytes first and is cheap; a file above `largest` is not read but said to be skipped."""

    find: Callable[[str], Findings]
    is_worth: Callable[[bytes], bool]
    largest: int = 2 * MEBIBYTE


def _any_of(words: tuple[bytes, ...]) -> Callable[[bytes], bool]:
    return lambda data: any(word in data for word in words)


def _always(data: bytes) -> bool:
    """Definitions count too, whatever they are called."""
    return bool(data)


def _in(module: str, function: str = "find") -> Callable[..., Any]:
    """A function of a module beside this one, which is imported when the function is first called."""

    def call(content: bytes | str) -> Any:
        return getattr(import_module(f"understudy.scan.{module}"), function)(content)

    return call


PYTHON = Finder(_in("python"), _in("python_worth", "is_worth_parsing"))
JAVASCRIPT = Finder(_in("javascript"), _any_of(SCRIPT_WORDS))
NOTEBOOK = Finder(_in("notebooks"), _any_of((b"cells",)), largest=16 * MEBIBYTE)
SHELL = Finder(_in("shell"), _any_of(SHELL_WORDS))
DOCKERFILE = Finder(_in("dockerfiles"), _always)
YAML = Finder(_in("config_files", "find_yaml"), _any_of(CONFIG_WORDS))
VALUES = Finder(_in("config_files", "find_values"), _always)
JSON = Finder(_in("config_files", "find_json"), _any_of(CONFIG_WORDS))
BILL = Finder(_in("config_files", "find_json"), _any_of(CONFIG_WORDS), largest=64 * MEBIBYTE)
XML_BILL = Finder(_in("cyclonedx_xml"), _any_of((b"machine-learning-model", b"<!DOCTYPE")), largest=64 * MEBIBYTE)
TOML = Finder(_in("config_files", "find_toml"), _any_of(CONFIG_WORDS))
ENV = Finder(_in("config_files", "find_env"), _always)
TERRAFORM = Finder(_in("config_files", "find_terraform"), _always)

BY_ENDING = {
    ".py": PYTHON,
    ".pyw": PYTHON,
    ".js": JAVASCRIPT,
    ".jsx": JAVASCRIPT,
    ".mjs": JAVASCRIPT,
    ".cjs": JAVASCRIPT,
    ".ts": JAVASCRIPT,
    ".tsx": JAVASCRIPT,
    ".mts": JAVASCRIPT,
    ".cts": JAVASCRIPT,
    ".vue": JAVASCRIPT,
    ".svelte": JAVASCRIPT,
    ".ipynb": NOTEBOOK,
    ".sh": SHELL,
    ".bash": SHELL,
    ".zsh": SHELL,
    ".yaml": YAML,
    ".yml": YAML,
    ".json": JSON,
    ".jsonc": JSON,
    ".toml": TOML,
    ".tf": TERRAFORM,
    ".tfvars": TERRAFORM,
    ".hcl": TERRAFORM,
    ".env": ENV,
    ".properties": ENV,
    ".ini": ENV,
    ".cfg": ENV,
    ".conf": ENV,
}
BY_NAME = {
    "Dockerfile": DOCKERFILE,
    "Containerfile": DOCKERFILE,
    "Makefile": SHELL,
    "Procfile": SHELL,
    "Jenkinsfile": SHELL,
    "justfile": SHELL,
    ".env": ENV,
    ".envrc": ENV,
}
BY_PATTERN = (
    ("Dockerfile.*", DOCKERFILE),
    ("*.Dockerfile", DOCKERFILE),
    ("*.dockerfile", DOCKERFILE),
    ("Containerfile.*", DOCKERFILE),
    (".env.*", ENV),
    ("values*.y*ml", VALUES),
    ("*.cdx.json", BILL),
    ("bom.json", BILL),
    ("*.cdx.xml", XML_BILL),
    ("bom.xml", XML_BILL),
)
# Before the endings are asked: `values.yaml` is more than YAML.
_FIRST_LETTERS = frozenset("DC.vb")


def finder_of(name: str) -> Finder | None:
    """The finder for a file of this name; None for a file that no finder reads."""
    if name[0] in _FIRST_LETTERS or name.endswith((".cdx.json", ".cdx.xml", "ockerfile")):
        for pattern, finder in BY_PATTERN:
            if fnmatch(name, pattern):
                return finder
    if name in BY_NAME:
        return BY_NAME[name]
    return BY_ENDING.get(name[name.rfind(".") :]) if "." in name else None
