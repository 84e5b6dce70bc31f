"""Models in shell scripts, container builds and command lists: what is downloaded, served, or passed as `--model`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from understudy.scan import names, refs
from understudy.scan.config_keys import variable_in
from understudy.scan.hits import Certainty, Definition, Findings, Hit

LONGEST_LINE = 20_000
_WORD = re.compile(
    r""" (?:"(?:[^"\\]|\\.)*+"|'[^']*+'|\\.|\$\{[^}\s]*\}|[^\s"'\\;|&()<>`])++ | [;|&()<>`]++ """, re.VERBOSE
)
_ASSIGNMENT = re.compile(
    r"(?:export|readonly|declare|local)?[ \t]*(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)"
)
OPTIONS = frozenset(
    [
        "--model",
        "--model-id",
        "--model_id",
        "--model-name",
        "--model_name",
        "--model_name_or_path",
        "--model-name-or-path",
        "--embedding-model",
        "--embedding_model",
        "--embed-model",
        "--reranker-model",
        "--base-model",
        "--base_model",
        "-hf",
        "-hfr",
        "--hf-repo",
        "--hf_repo",
        "--llm-model",
        "--llm",
        "--chat-model",
        "--model-path",
        "--speculative-model",
        "--draft-model",
        "--tokenizer",
        "--served-model",
        "--pretrained_model_name_or_path",
    ]
)
# Of a path or an address these are as often as of a model; only a name counts, and it may be local.
_REVISIONS = frozenset({"--revision", "--model-revision", "--code-revision"})
_HUB_ADDRESS = re.compile(
    r"https://huggingface\.co/(?!datasets/|spaces/|docs/|api/|blog/|papers/|settings|join|login|collections/|organizations/)"
    r"(?P<ref>[\w.-]+/[\w.-]+?)(?:\.git)?(?:/(?:resolve|raw|blob|tree)/(?P<revision>[\w.-]+))?(?=[/\s\"'?#)]|$)",
    re.ASCII,
)
# What fetches, or an address that only a fetch has. Any other line may be prose with a link in it.
_FETCHES = re.compile(r"\b(?:curl|wget|aria2c|git|ADD|FROM|urlretrieve|load_file_from_url)\b|/resolve/")
_PYTHON = re.compile(
    r"\b(?P<call>from_pretrained|SentenceTransformer|CrossEncoder|snapshot_download|hf_hub_download)\(\s*"
    r"(?:repo_id\s*=\s*|model_name_or_path\s*=\s*)?(?P<quote>\\?[\"'])(?P<ref>[^\"'\\\n]+)(?P=quote)"
    r"(?:[^()\n]{0,200}?revision\s*=\s*\\?[\"'](?P<revision>[\w.-]+))?"
)
_JSON = re.compile(r"[\"']?\bmodel(?:Id|_id|_name)?\\?[\"']\s*:\s*\\?[\"'](?P<ref>[^\"'\\\n]{2,200})\\?[\"']")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command, without its quotes."""

    text: str
    line: int
    column: int


def find(text: str) -> Findings:
    """The models that a script names, and the variables it sets."""
    hits: list[Hit] = []
    definitions: list[Definition] = []
    for words in commands(text):
        hits += of_command(words)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE or line.lstrip()[:1] == "#":
            continue
        hits += of_line(line, number)
        definitions += [
            Definition(found["name"], found["value"].strip("\"'"), number) for found in _ASSIGNMENT.finditer(line)
        ]
    return Findings(tuple(hits), tuple(definitions))


def commands(text: str) -> Iterator[list[Word]]:
    """The commands of a script, continued lines joined, comments left out."""
    words: list[Word] = []
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST_LINE or (not words and line.lstrip()[:1] == "#"):
            continue
        for found in _WORD.finditer(line):
            word = found[0]
            if word[0] in ";|&()`":
                yield words
                words = []
            elif word[0] == "#":
                break
            elif word != "\\":
                bare = word.replace('"', "").replace("'", "")
                words.append(Word(bare, number, found.start() + 1 + (word[0] in "\"'")))
        if not line.rstrip().endswith("\\"):
            yield words
            words = []
    yield words


def of_command(words: Sequence[Word]) -> Iterator[Hit]:
    """The models of one command: those its program is known to take, and those of options."""
    texts = [word.text for word in words]
    revision = next(
        (_after(texts, place) for place, text in enumerate(texts) if text.partition("=")[0] in _REVISIONS), None
    )
    for place, word in enumerate(words):
        option, equals, value = word.text.partition("=")
        if option in OPTIONS:
            is_own = bool(equals)
            if not is_own and place + 1 >= len(words):
                continue
            column = word.column + len(option) + 1 if is_own else words[place + 1].column
            target = Word(value, word.line, column) if is_own else words[place + 1]
            yield from _named(target, f"{option} …", Certainty.LIKELY, revision)
        elif subject := _subject(texts, place):
            skip, how = subject
            named = _first_name(words[place + skip :])
            if named is not None and not _is_other_kind(texts):
                yield from _named(named, how, Certainty.CERTAIN, revision)


def _first_name(words: Sequence[Word]) -> Word | None:
    """The first word that is neither an option nor the value of one; an option may be a switch, so a name has to look like one."""
    follows_option = False
    for word in words:
        is_option = word.text.startswith("-")
        if not is_option and (not follows_option or names.is_hub_id(word.text)):
            return word
        follows_option = is_option and "=" not in word.text
    return None


def _subject(texts: Sequence[str], place: int) -> tuple[int, str] | None:
    """How many words after `place` the model stands, where a program that takes one stands there."""
    program = texts[place].rpartition("/")[2]
    second = texts[place + 1] if place + 1 < len(texts) else ""
    wanted = {
        "huggingface-cli": {"download"},
        "hf": {"download"},
        "vllm": {"serve", "bench"},
        "ollama": {"pull", "run"},
        "sglang": {"serve"},
        "llamafactory-cli": {"chat"},
        "mlx_lm.generate": set(),
        "lms": {"get"},
    }.get(program, ())
    return (2, f"{program} {second} …") if second in wanted and place + 2 < len(texts) else None


def _is_other_kind(texts: Sequence[str]) -> bool:
    """Data sets and spaces are downloaded by the same program."""
    joined = " ".join(texts)
    return bool(re.search(r"--repo-type[ =](?:dataset|space)", joined))


def _after(texts: Sequence[str], place: int) -> str | None:
    _, equals, value = texts[place].partition("=")
    return value if equals else texts[place + 1] if place + 1 < len(texts) else None


def _named(word: Word, how: str, sure: Certainty, revision: str | None) -> Iterator[Hit]:
    if variable := variable_in(word.text):
        name, default = variable
        ref = default if default and names.is_name(default) else None
        yield Hit(ref, word.line, word.column, how, Certainty.LIKELY, word.text, revision, ref is not None, name)
    elif "$" in word.text and not word.text.startswith(("$(", "/", ".")):
        yield Hit(None, word.line, word.column, how, Certainty.LIKELY, word.text)
    elif how.startswith("ollama"):
        if re.fullmatch(r"[\w./-]+(?::[\w.-]+)?", word.text, re.ASCII):
            yield Hit(f"ollama/{word.text}", word.line, word.column, how, sure, word.text)
    elif named := refs.of_hub(word.text):
        certainty = sure if names.is_hub_id(word.text) or names.is_known(word.text) else Certainty.GUESS
        yield Hit(named.ref, word.line, word.column, how, certainty, word.text, revision, can_pin=True)


def of_line(line: str, number: int) -> Iterator[Hit]:
    """What stands inside words: an address on the Hub, Python given to `-c`, the body of a request."""
    if "huggingface.co/" in line:
        for found in _HUB_ADDRESS.finditer(line):
            revision = found["revision"] if found["revision"] not in {None, "main"} else None
            yield Hit(
                found["ref"],
                number,
                found.start("ref") + 1,
                "address on the Hub",
                Certainty.LIKELY if _FETCHES.search(line) else Certainty.GUESS,
                found["ref"],
                revision,
                can_pin=True,
            )
    for found in _PYTHON.finditer(line):
        if named := refs.of_hub(found["ref"]):
            how = f"{found['call']}(…)"
            full = refs.of_sentence_transformer(named) if "sentence" in how.lower() else named
            yield Hit(
                full.ref,
                number,
                found.start("ref") + 1,
                how,
                named.certainty,
                found["ref"],
                found["revision"],
                can_pin=True,
            )
    for found in _JSON.finditer(line):
        if names.is_known(found["ref"]):
            yield Hit(found["ref"], number, found.start("ref") + 1, "key model", Certainty.LIKELY, found["ref"])
