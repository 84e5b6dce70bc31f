"""Models in JavaScript and TypeScript: calls of the known libraries, `model:` in objects, constants followed by name."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from understudy.scan import names, refs
from understudy.scan.config_keys import is_model_key
from understudy.scan.hits import Certainty, Findings, Hit

LONGEST_LINE = 20_000
# Comments and the texts that could hold what looks like one. A regular expression with a quote in it misleads this up to
# the end of its line, no further.
_TOKEN = re.compile(
    r"//[^\n]*+|/\*(?:[^*]|(?!\*/)\*)*+\*/|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`", re.DOTALL
)
_VALUE = (
    r"(?:(?P<quote>[\"'`])(?P<text>[^\"'`\n\\]{1,200})(?P=quote)(?=\s*(?:[,;)}\]\n]|as\b|satisfies\b|$))"
    r"|(?P<env>(?:process\.env|import\.meta\.env|Deno\.env)(?:\.(?P<variable>\w+)|\.get\(\s*[\"'](?P<got>\w+)[\"']\s*\)|\[[\"'](?P<item>\w+)[\"']\])!?"
    r"(?:\s*(?:\?\?|\|\|)\s*[\"'`](?P<default>[^\"'`\n]{1,200})[\"'`])?)"
    r"|(?P<name>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){0,3})(?=\s*(?:[,;)}\]\n]|$)))"
)
_KEYED = re.compile(r"(?<![\w$.?])[\"']?(?P<key>[A-Za-z_]\w{0,60})[\"']?\s*:\s*" + _VALUE)
_BOUND = re.compile(r"(?<![\w$])(?P<key>[A-Za-z_$][\w$]{0,60})(?:\s*:\s*string)?\s*=\s*" + _VALUE)
_CALL = re.compile(
    r"(?<![\w$])(?P<call>from_pretrained|pipeline|openai|anthropic|google|mistral|cohere|groq|bedrock|azure|vertex|xai|deepseek|ollama"
    r"|togetherai|fireworks|perplexity|openrouter|gateway)(?:\.(?P<method>\w+))?\(\s*(?:[\"'`][\w-]+[\"'`]\s*,\s*)?"
    + _VALUE
)
_FETCHED = re.compile(r"[^;)]{0,300}?\brevision\s*:\s*[\"'](?P<revision>[\w.-]+)[\"']")
_SERVICES = (
    (re.compile(r"from ['\"]openai['\"]|require\(['\"]openai['\"]\)|@langchain/openai"), "openai"),
    (re.compile(r"@anthropic-ai/sdk|@langchain/anthropic"), "anthropic"),
    (re.compile(r"@google/gen(?:erative-)?ai|@langchain/google-genai"), "gemini"),
    (re.compile(r"@mistralai/mistralai|@langchain/mistralai"), "mistral"),
    (re.compile(r"cohere-ai|@langchain/cohere"), "cohere"),
    (re.compile(r"@aws-sdk/client-bedrock"), "bedrock"),
    (re.compile(r"groq-sdk|@langchain/groq"), "groq"),
)
_SDK = {"google": "gemini", "vertex": "vertex_ai", "togetherai": "together_ai", "fireworks": "fireworks_ai"}
_MODEL_KEYS = frozenset({"model", "modelId", "modelName"})
# In the options of a call that asks a model, at their outermost.
_ASKED = re.compile(
    r"(?:\.(?:create|parse|stream|complete|generateContent(?:Stream)?|chat|embed|rerank|generate|edit)|new\s+\w+Command)"
    r"\(\s*\{(?:[^{}]|\{[^{}]*\})*+\Z"
)
_FETCHERS = frozenset({"pipeline", "from_pretrained"})


def find(text: str) -> Findings:
    """The models that a script names."""
    if len(text) > LONGEST_LINE and max(map(len, text.split("\n"))) > LONGEST_LINE:
        return Findings(problem="lines of more than 20,000 characters, as only generated code has")
    script = _Script(text)
    return Findings(tuple(sorted(script.hits(), key=lambda hit: (hit.line, hit.column))))


@dataclass(slots=True)
class _Script:
    text: str
    code: str = ""
    starts: list[int] = field(default_factory=list)
    texts: list[tuple[int, int]] = field(default_factory=list)
    constants: dict[str, re.Match[str]] = field(default_factory=dict)
    members: dict[str, re.Match[str]] = field(default_factory=dict)
    providers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.code = _TOKEN.sub(_blank_comment, self.text)
        self.texts = [found.span() for found in _TOKEN.finditer(self.text) if found[0][0] != "/"]
        self.starts = [0, *(found.end() for found in re.finditer("\n", self.text))]
        self.providers = tuple(provider for pattern, provider in _SERVICES if pattern.search(self.code))
        for found in self._matches(_BOUND):
            if found["text"] or found["env"]:
                self.constants.setdefault(found["key"], found)
        for found in self._matches(_KEYED):
            if found["text"]:
                self.members.setdefault(found["key"], found)

    def _matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """What is written as code, not inside of a text."""
        for found in pattern.finditer(self.code):
            before = bisect_left(self.texts, (found.start(),)) - 1
            if before < 0 or self.texts[before][1] <= found.start():
                yield found

    def hits(self) -> Iterator[Hit]:
        taken: set[int] = set()
        for found in self._matches(_CALL):
            is_fetch = found["call"] in _FETCHERS
            if not is_fetch and "@ai-sdk/" not in self.code and "createOpenAI" not in self.code:
                continue
            for hit in self._call(found, is_fetch=is_fetch):
                taken.add(found.end())
                yield hit
        for pattern in (_KEYED, _BOUND):
            for found in self._matches(pattern):
                if is_model_key(found["key"]) and found.end() not in taken:
                    yield from self._setting(found)

    def _call(self, found: re.Match[str], *, is_fetch: bool) -> Iterator[Hit]:
        value = self._followed(found)
        how = f"{found['call']}(…)"
        if value is None:
            if is_fetch:
                yield self._unresolved(found, how)
            return
        text, place = value
        provider = _SDK.get(found["call"], found["call"])
        named = refs.of_hub(text) if is_fetch else refs.of_service(text, provider)
        if named is not None:
            line, column = self._place(place)
            pin = _FETCHED.match(self.code, found.end()) if is_fetch else None
            yield Hit(named.ref, line, column, how, named.certainty, text, pin and pin["revision"], is_fetch)

    def _setting(self, found: re.Match[str]) -> Iterator[Hit]:
        how = f"key {found['key']}"
        if found["env"]:
            line, column = self._place(found.start("env"))
            name = found["variable"] or found["got"] or found["item"]
            ref = found["default"] if found["default"] and names.is_name(found["default"]) else None
            yield Hit(ref, line, column, how, Certainty.LIKELY, found["env"], variable=name)
            return
        value = self._followed(found)
        if value is None:
            if (
                self.providers
                and found["key"] in _MODEL_KEYS
                and _ASKED.search(self.code, max(found.start() - 300, 0), found.start())
            ):
                yield self._unresolved(found, how)
            return
        text, place = value
        line, column = self._place(place)
        if names.is_known(text):
            named = [one for one in (refs.of_service(text, provider) for provider in self.providers) if one]
            best = next((one.ref for one in named if one.ref != text), text)
            sure = Certainty.CERTAIN if best != text else Certainty.LIKELY
            yield Hit(best, line, column, how, sure, text)
        elif names.is_hub_id(text):
            yield Hit(text, line, column, how, Certainty.GUESS, text)

    def _followed(self, found: re.Match[str]) -> tuple[str, int] | None:
        """The text that a value is, itself or by the name of a constant, and where it is written."""
        for _ in range(4):
            if found["text"] is not None:
                return (found["text"], found.start("text")) if "${" not in found["text"] else None
            if found["env"]:
                return (found["default"], found.start("default")) if found["default"] else None
            owner, _, name = (found["name"] or "").rpartition(".")
            constant = (self.members if owner else self.constants).get(name)
            if constant is None or constant is found:
                return None
            found = constant
        return None

    def _unresolved(self, found: re.Match[str], how: str) -> Hit:
        at = found.start("quote") if found["text"] else found.start("env") if found["env"] else found.start("name")
        line, column = self._place(at)
        name = found["variable"] or found["got"] or found["item"]
        return Hit(
            None, line, column, how, Certainty.LIKELY, found["text"] or found["env"] or found["name"], variable=name
        )

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1


def _blank_comment(found: re.Match[str]) -> str:
    text = found[0]
    return text if text[0] != "/" else re.sub(r"[^\n]", " ", text)
