"""Models in configuration, whatever its format: known keys, commands in lists, the environment of containers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from understudy.scan import cyclonedx, json_entries, line_entries, litellm, shell, yaml_entries
from understudy.scan.config_keys import of_setting
from understudy.scan.entries import Entry, Keys
from understudy.scan.hits import Definition, Findings, Hit

# Below these keys stand the words of a command.
COMMANDS = frozenset({"command", "args", "entrypoint", "cmd", "extraArgs", "extra_args", "vllmArgs"})
EXAMPLES = frozenset({"example", "examples", "sample"})
ENVIRONMENTS = frozenset(
    {"environment", "env", "envs", "variables", "env_vars", "environment_variables", "data", "stringData"}
)

# Files that a config map holds, by how their names end.
_INNER = {
    ".yaml": yaml_entries.read,
    ".yml": yaml_entries.read,
    ".json": json_entries.read,
    ".toml": line_entries.read_toml,
    ".env": line_entries.read_env,
    ".properties": line_entries.read_env,
}


def find_yaml(text: str) -> Findings:
    return find_in(yaml_entries.read(text), has_blocks=True)


def find_values(text: str) -> Findings:
    """The values of a Helm chart, which its templates call `.Values.…`."""
    entries = yaml_entries.read(text)
    found = find_in(entries, has_blocks=True)
    values = [Definition(".Values." + ".".join(map(str, entry.keys)), entry.value, entry.line) for entry in entries]
    return Findings(found.hits, (*found.definitions, *values))


def find_json(text: str) -> Findings:
    entries = json_entries.read(text)
    if cyclonedx.is_bill(entries):
        return Findings(tuple(cyclonedx.find(entries)))
    return find_in(entries)


def find_toml(text: str) -> Findings:
    return find_in(line_entries.read_toml(text))


def find_env(text: str) -> Findings:
    """`.env` and its like: every line is a definition too."""
    entries = line_entries.read_env(text)
    found = find_in(entries)
    defined = [Definition(entry.name, entry.value, entry.line) for entry in entries]
    return Findings(found.hits, (*found.definitions, *defined))


def find_terraform(text: str) -> Findings:
    """HCL: a `default` belongs to its variable, a setting of a `.tfvars` file to the variable of its name."""
    hits: list[Hit] = []
    definitions: list[Definition] = []
    entries = line_entries.read_terraform(text)
    for entry in entries:
        keys = entry.keys
        named = entry
        if len(keys) > 1 and keys[0] == "variable":
            if keys[-1] != "default":
                continue
            named = Entry((keys[1],), entry.value, entry.line, entry.column)
            definitions.append(Definition(f"var.{keys[1]}", entry.value, entry.line))
        elif len(keys) == 1:
            definitions.append(Definition(f"var.{keys[0]}", entry.value, entry.line))
        if keys[:1] == ("locals",):
            definitions.append(Definition(f"local.{keys[-1]}", entry.value, entry.line))
        definitions.append(Definition(named.name, entry.value, entry.line))
        hits += of_setting(named)
    for entry in _named_values(entries):
        definitions.append(Definition(entry.name, entry.value, entry.line))
        hits += of_setting(entry)
    return Findings(tuple(hits), tuple(definitions))


def _named_values(entries: Sequence[Entry]) -> Iterator[Entry]:
    """`env { name = "X"  value = "…" }`: the value under its name."""
    for one, other in pairwise(entries):
        if one.keys[-1:] == ("name",) and other.keys == (*one.keys[:-1], "value"):
            yield Entry((one.value,), other.value, other.line, other.column)


def find_in(entries: Sequence[Entry], *, has_blocks: bool = False) -> Findings:
    """The models and definitions of a document, read into entries.

    `has_blocks`: a value of several lines stands on several lines of the file. Descriptions of an API are left out:
    what they name are examples.
    """
    if any(entry.keys[0] in {"openapi", "swagger"} for entry in entries[:20] if entry.keys):
        return Findings()
    hits = list(litellm.find(entries))
    definitions = list(_definitions(entries))
    for entry in entries:
        if litellm.is_of_model_list(entry) or not EXAMPLES.isdisjoint(entry.keys):
            continue
        hits += of_setting(entry)
        if "\n" in entry.value and not has_blocks:
            continue
        if has_blocks and (reader := _INNER.get(entry.name[entry.name.rfind(".") :])):
            inner = find_in(reader(entry.value), has_blocks=True)
            hits += [
                replace(hit, line=hit.line + entry.line - 1, column=hit.column + entry.column - 1) for hit in inner.hits
            ]
            continue
        if "\n" in entry.value or entry.name in COMMANDS or " serve " in entry.value or "download " in entry.value:
            hits += _of_script(entry)
    hits += _of_lists(entries)
    for entry in _container_environment(entries):
        hits += of_setting(entry)
    return Findings(tuple(hits), tuple(definitions))


def _of_script(entry: Entry) -> Iterator[Hit]:
    """A command in one text, or a script in a block of several lines."""
    if entry.keys and isinstance(entry.keys[-1], int):
        return
    # In a block every line begins where the first does.
    for hit in shell.find(entry.value).hits:
        yield replace(hit, line=hit.line + entry.line - 1, column=hit.column + entry.column - 1)


def _of_lists(entries: Sequence[Entry]) -> Iterator[Hit]:
    """`args: [--model, org/name]`, and whole commands as items."""
    for keys, items in groupby(entries, key=lambda entry: entry.keys[:-1]):
        if not keys or keys[-1] not in COMMANDS:
            continue
        words = [shell.Word(entry.value, entry.line, entry.column) for entry in items]
        yield from shell.of_command(words)
        for word in words:
            if " " in word.text or "\n" in word.text:
                for hit in shell.find(word.text).hits:
                    yield hit.moved(lines=word.line - 1, columns=word.column - 1)


def _definitions(entries: Sequence[Entry]) -> Iterator[Definition]:
    """Variables that a container, a job or a config map is given."""
    for entry in entries:
        if len(entry.keys) > 1 and entry.keys[-2] in ENVIRONMENTS and isinstance(entry.keys[-1], str):
            yield Definition(entry.keys[-1], entry.value, entry.line)
    for entry in _container_environment(entries):
        yield Definition(entry.name, entry.value, entry.line)


def _container_environment(entries: Sequence[Entry]) -> Iterator[Entry]:
    """`- NAME=value` of compose and the pairs `name:`, `value:` of Kubernetes, as settings."""
    waiting: dict[Keys, str] = {}
    for entry in entries:
        keys = entry.keys
        if len(keys) > 1 and isinstance(keys[-1], int) and keys[-2] in ENVIRONMENTS:
            name, equals, value = entry.value.partition("=")
            if equals:
                yield Entry((*keys, name), value.strip("\"'"), entry.line, entry.column + len(name) + 1)
        elif len(keys) > 1 and isinstance(keys[-2], int):
            if keys[-1] in {"name", "key", "Name"}:
                waiting[keys[:-1]] = entry.value
            elif keys[-1] in {"value", "default", "Value"} and keys[:-1] in waiting:
                yield Entry((waiting[keys[:-1]],), entry.value, entry.line, entry.column)
