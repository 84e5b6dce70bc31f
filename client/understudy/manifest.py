"""Reads `understudy.toml`. What is wrong with it is a `UsageError` with the line and the way out."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from understudy.errors import UsageError
from understudy.models import Location, Manifest, ModelUse
from understudy.toml_lines import Places, find_places

FORMAT = 'It needs system = "product-search" and a [[models]] entry with ref = "provider/model".'
TOP_KEYS = ("system", "environment", "complete", "models")
MODEL_KEYS = ("ref", "via", "revision", "purpose", "path", "line")
TOML_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a float",
    list: "an array",
    dict: "a table",
}


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`; locations are given relative to the working directory."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        _refuse(path, "there is no such file. Create it, or name another with --manifest", FORMAT)
    except OSError as error:
        _refuse(path, f"cannot be read ({error.strerror})", "Mend that, or name another with --manifest.")
    except UnicodeDecodeError:
        _refuse(path, "is not UTF-8 text", "Save it as UTF-8.")
    return parse_manifest(text, path=shown_path(path))


def parse_manifest(text: str, *, path: str) -> Manifest:
    """The manifest written as `text`; `path` is what messages and locations call the file."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"is not valid TOML: {error}. Mend it there", FORMAT)
    places = find_places(text)
    top = _Table(document, path=path, name="", places=places[0])
    top.refuse_unknown(TOP_KEYS)
    models = top.tables("models")
    return Manifest(
        system=top.text("system"),
        environment=top.text("environment"),
        may_be_complete=top.flag("complete", default=True),
        models=tuple(
            _read_model(_Table(entry, path=path, name=f"models[{number}].", places=place))
            for number, (entry, place) in enumerate(zip(models, places[1:], strict=True))
        ),
    )


def shown_path(path: Path) -> str:
    """`path` from the working directory with forward slashes; only its name if it lies elsewhere."""
    try:
        return (path.parent.resolve() / path.name).relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.name


def _refuse(path: Path | str, problem: str, way_out: str) -> NoReturn:
    message = f"{path}: {problem}. {way_out}"
    raise UsageError(message) from None


def _read_model(table: "_Table") -> ModelUse:
    table.refuse_unknown(MODEL_KEYS)
    ref = table.text("ref")
    if ref is None:
        table.refuse("ref", "is missing", 'Name the model, as in ref = "provider/model".')
    return ModelUse(
        ref=ref,
        via=table.text("via"),
        revision=table.text("revision"),
        purpose=table.text("purpose"),
        locations=(_read_location(table),),
        states_place="path" in table.values,
    )


def _read_location(table: "_Table") -> Location:
    """Where the entry says the model is used; without that, the entry's own `ref` line."""
    path, line = table.text("path"), table.line("line")
    if path is not None:
        return Location(path, line or 1)
    if line is not None:
        table.refuse("line", "stands without path", "Add path, or remove line.")
    return Location(table.path, table.line_of("ref"))


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the document, with what is needed to say where it is wrong.

    `name` is put before each key in a message: empty, or `models[0].`.
    """

    values: Mapping[str, object]
    path: str
    name: str
    places: Places

    def line_of(self, key: str) -> int:
        """The line of `key`; of the table itself where the key is absent."""
        return self.places.keys.get(key, self.places.line)

    def refuse(self, key: str, problem: str, way_out: str) -> NoReturn:
        message = f"{self.path}:{self.line_of(key)}: {self.name}{key} {problem}. {way_out}"
        raise UsageError(message)

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        # A misspelt `environment` that is passed over would ask for another verdict than was meant.
        for key in self.values:
            if key not in known:
                self.refuse(key, "is not a known key", f"Known here: {', '.join(known)}.")

    def text(self, key: str) -> str | None:
        """The string at `key`, None if absent; an empty one is refused."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self._refuse_type(key, value, wanted="a string", example=f'{key} = "…"')
        if not value.strip():
            self.refuse(key, "is empty", "Give it a value, or remove the line.")
        return value.strip()

    def flag(self, key: str, *, default: bool) -> bool:
        """The boolean at `key`, `default` if absent."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self._refuse_type(key, value, wanted="a boolean", example=f"{key} = false")
        return value

    def line(self, key: str) -> int | None:
        """The line number at `key`, None if absent."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse_type(key, value, wanted="an integer", example=f"{key} = 12")
        if value < 1:
            self.refuse(key, f"is {value}", "Lines count from 1.")
        return value

    def tables(self, key: str) -> list[dict[str, object]]:
        """The array of tables at `key`; an absent or empty one is refused."""
        value = self.values.get(key, [])
        way_out = f'Add at least one [[{key}]] entry with ref = "provider/model".'
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.refuse(key, f"must be an array of tables, [[{key}]]", way_out)
        if not value:
            self.refuse(key, "names no model", way_out)
        return value

    def _refuse_type(self, key: str, value: object, *, wanted: str, example: str) -> NoReturn:
        found = TOML_NAMES.get(type(value), "a date or time")
        self.refuse(key, f"must be {wanted}, not {found}", f"Write it as {example}.")
