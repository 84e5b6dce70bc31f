"""CycloneDX bills of materials in XML. What declares a document type is refused: entities can grow without end."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from understudy.scan import cyclonedx
from understudy.scan.entries import Entry
from understudy.scan.hits import Findings, Hit

FIELDS = frozenset({"group", "name", "version", "purl"})
NAMESPACE = "http://cyclonedx.org/schema/bom/"


class _NotReadError(Exception):
    """The file is no bill that is read; the text says why."""


@dataclass(slots=True)
class _Bill:
    """Collects the components while expat goes through the file."""

    parser: expat.XMLParserType
    path: list[str] = field(default_factory=list)
    open: list[dict[object, Entry]] = field(default_factory=list)
    models: list[dict[object, Entry]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    place: tuple[int, int] = (1, 1)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self.path and not namespace.startswith(NAMESPACE):
            raise _NotReadError("is XML, but no CycloneDX file")
        if name == "component":
            # What a model was made from stands below `ancestors`: it is not in use.
            kind = attributes.get("type", "") if self.path[-1:] in (["components"], ["metadata"]) else ""
            self.open.append({"type": Entry(("type",), kind, 1, 1)})
        self.path.append(name)
        self.text.clear()

    def characters(self, text: str) -> None:
        if not self.text:
            self.place = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        self.text.append(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        self.path.pop()
        if name == "component":
            self.models.append(self.open.pop())
        elif name in FIELDS and self.path[-1:] == ["component"] and self.open:
            self.open[-1][name] = Entry((name,), "".join(self.text).strip(), *self.place)
        self.text.clear()

    def hits(self) -> Iterator[Hit]:
        yield from cyclonedx.of_components(self.models)


def find(text: str) -> Findings:
    """The models of a bill; what is no XML, or declares a document type, is a problem and not an error."""
    parser = expat.ParserCreate(namespace_separator=" ")
    bill = _Bill(parser)
    parser.StartElementHandler, parser.EndElementHandler = bill.start, bill.end
    parser.CharacterDataHandler = bill.characters
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text.encode("utf-8", "surrogateescape"), True)  # noqa: FBT003  (expat takes it by position)
    except _NotReadError as error:
        return Findings(problem=str(error))
    except expat.ExpatError as error:
        return Findings(problem=f"not valid XML: {expat.ErrorString(error.code)}")
    return Findings(tuple(bill.hits()))


def _refuse(*_: object) -> None:
    raise _NotReadError("declares a document type, which is not read")
