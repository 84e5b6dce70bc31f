"""Models in CycloneDX bills of materials: components of the type `machine-learning-model`."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from understudy.scan import names
from understudy.scan.entries import Entry, Keys
from understudy.scan.hits import Certainty, Hit


def is_bill(entries: Sequence[Entry]) -> bool:
    """Whether the document is a CycloneDX file."""
    return any(entry.keys == ("bomFormat",) and entry.value == "CycloneDX" for entry in entries)


def find(entries: Sequence[Entry]) -> Iterator[Hit]:
    """One hit for each model: by its purl, else by its group and name."""
    components: dict[Keys, dict[object, Entry]] = defaultdict(dict)
    for entry in entries:
        if (
            entry.keys[-1] in {"type", "name", "group", "version", "purl"} and "components" in entry.keys[-3:-1]
        ) or entry.keys[:-1] == ("metadata", "component"):
            components[entry.keys[:-1]][entry.keys[-1]] = entry
    yield from of_components(components.values())


def of_components(components: Iterable[Mapping[object, Entry]]) -> Iterator[Hit]:
    """One hit for each of the components, given by their fields, that is a model."""
    for fields in components:
        kind = fields.get("type")
        if kind is None or kind.value != "machine-learning-model" or "name" not in fields:
            continue
        yield _hit(fields)


def _hit(fields: Mapping[object, Entry]) -> Hit:
    purl, name, group = fields.get("purl"), fields["name"], fields.get("group")
    place = purl or name
    text = f"{group.value}/{name.value}" if group else name.value
    if purl and purl.value.startswith(("pkg:huggingface/", "pkg:generic/")):
        text = purl.value.partition("?")[0]
    base, _, revision = text.partition("@")
    if not names.is_name(base):
        return Hit(None, place.line, place.column, "CycloneDX component", Certainty.LIKELY, text)
    pinned = revision or None
    return Hit(base, place.line, place.column, "CycloneDX component", Certainty.CERTAIN, text, pinned, bool(revision))
