"""A system and the models it depends on -> a CycloneDX 1.6 bill of materials (ML-BOM), as JSON; pure.

The document is built with cyclonedx-python-lib and validated against the official schema, strictly. The library has no
model cards, so those are put in afterwards. The same values give the same bytes: the serial number is computed from the
content, and the moment in it is that of the facts, not that of the export.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_supported_id
from packageurl import PackageURL

from registry.records import JSON

if TYPE_CHECKING:
    from cyclonedx.validation.json import JsonStrictValidator

MEDIA_TYPE = "application/vnd.cyclonedx+json"
SPEC_VERSION = "1.6"
NAMESPACE: Final = "understudy:"
# What an imported component had and the schema does not know is kept as JSON text under this name.
KEPT: Final = "understudy:imported:"
_HUB = "huggingface"
_SERIALS = UUID("6f1c6a4e-3f0b-5d0c-9a57-2f6c0c1d6b11")
_MERGED = {"properties", "modelCard", "pedigree"}

Properties = tuple[tuple[str, str], ...]


class Invalid(Exception):
    """What was built does not keep to the schema; nothing is handed out. `str()` says where."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model that another was made from. `relation` is empty where a generation lies between the two."""

    name: str
    developer: str
    purl: str = ""
    relation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model as one system uses it. `original` is the component of the file that it was imported from."""

    host: str
    external_id: str
    name: str
    developer: str
    revision: str = ""
    license: str = ""
    description: str = ""
    task: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    facts: Properties = ()
    ancestors: tuple[Ancestor, ...] = ()
    properties: Properties = ()
    original: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The system that the bill is of."""

    slug: str
    name: str
    description: str = ""
    supplier: str = ""
    properties: Properties = ()


def purl_of(host: str, external_id: str, revision: str = "") -> str:
    """`pkg:huggingface/ns/name@sha` for a repository of the Hub, `pkg:generic/<host>/<id>` for any other place."""
    if host == _HUB:
        namespace, _, name = external_id.rpartition("/")
        return PackageURL(_HUB, namespace or None, name, revision or None).to_string()
    return PackageURL("generic", host, external_id, revision or None).to_string()


def bill_of_materials(system: Application, models: Sequence[Model], *, as_of: datetime | None, version: str) -> str:
    """The JSON of the bill of `system`, keys sorted. `version` is that of the product. Raises `Invalid`."""
    subject = Component(
        type=ComponentType.APPLICATION,
        name=system.name,
        bom_ref=f"system:{system.slug}",
        description=system.description or None,
        supplier=OrganizationalEntity(name=system.supplier) if system.supplier else None,
        properties=_properties(system.properties),
    )
    components = {_ref(model): _component(model) for model in models}
    bill = Bom(components=components.values(), metadata=BomMetaData(component=subject, tools=_tools(version)))
    bill.register_dependency(subject, list(components.values()))
    document: dict[str, Any] = json.loads(JsonV1Dot6(bill).output_as_string())
    by_ref = {component["bom-ref"]: component for component in document.get("components", [])}
    for model in models:
        component = by_ref[_ref(model)]
        if card := _card(model):
            component["modelCard"] = card
        _give_back(component, model.original)
    return _sealed(document, as_of)


def _sealed(document: dict[str, Any], as_of: datetime | None) -> str:
    document["metadata"].pop("timestamp", None)
    document.pop("serialNumber", None)
    if as_of is not None:
        document["metadata"]["timestamp"] = as_of.isoformat(timespec="seconds").replace("+00:00", "Z")
    content = json.dumps(document, sort_keys=True, ensure_ascii=False)
    document["serialNumber"] = f"urn:uuid:{uuid5(_SERIALS, content)}"
    sealed = json.dumps(document, sort_keys=True, ensure_ascii=False, indent=2) + "\n"
    if error := _validator().validate_str(sealed):
        raise Invalid(str(error.data.message) if hasattr(error.data, "message") else str(error))
    return sealed


@cache
def _validator() -> "JsonStrictValidator":
    # Its schemas take a second and a half to load, which whoever wants no bill should not wait for.
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - see above

    return JsonStrictValidator(SchemaVersion.V1_6)


def _ref(model: Model) -> str:
    return purl_of(model.host, model.external_id, model.revision)


def _tools(version: str) -> ToolRepository:
    return ToolRepository(components=[Component(type=ComponentType.APPLICATION, name="Understudy", version=version)])


def _component(model: Model) -> Component:
    namespace, _, name = model.external_id.rpartition("/") if model.host == _HUB else ("", "", model.external_id)
    ancestors = [_ancestor(one) for one in model.ancestors]
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=name,
        group=namespace or None,
        version=model.revision or None,
        bom_ref=_ref(model),
        purl=PackageURL.from_string(_ref(model)),
        publisher=model.developer,
        manufacturer=OrganizationalEntity(name=model.developer),
        description=model.description or None,
        licenses=_licenses(model.license),
        pedigree=Pedigree(ancestors=ancestors) if ancestors else None,
        properties=_properties((("understudy:model", model.name), ("understudy:host", model.host), *model.properties)),
    )


def _ancestor(one: Ancestor) -> Component:
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        name=one.name,
        publisher=one.developer,
        purl=PackageURL.from_string(one.purl) if one.purl else None,
        properties=_properties((("understudy:relation", one.relation or "earlier"),)),
    )


def _properties(pairs: Iterable[tuple[str, str]]) -> list[Property]:
    return [Property(name=name, value=value) for name, value in pairs]


def _licenses(text: str) -> list[LicenseExpression | DisjunctiveLicense]:
    """By SPDX id where the schema lists it, else as the expression that a `LicenseRef-…` is, too."""
    if not text:
        return []
    return [DisjunctiveLicense(id=text) if is_supported_id(text) else LicenseExpression(text)]


def _card(model: Model) -> dict[str, Any]:
    """What the register knows of the model itself; see `modelCard` of CycloneDX 1.6."""
    parameters = {
        "task": model.task,
        "inputs": [{"format": one} for one in model.inputs],
        "outputs": [{"format": one} for one in model.outputs],
    }
    card: dict[str, Any] = {"modelParameters": {name: value for name, value in parameters.items() if value}}
    if model.facts:
        card["properties"] = [{"name": name, "value": value} for name, value in model.facts]
    return {name: value for name, value in card.items() if value}


# --- what came with an imported component, given back -----------------------------------------
def _give_back(component: dict[str, Any], original: Mapping[str, JSON]) -> None:
    """Put into `component` what `original` had besides: ours counts where both say something.

    What the schema does not let stand at its place stays as JSON text in a property, so that nothing is lost.
    """
    merged = {
        name: _merged(component.get(name), value, is_properties=name == "properties")
        for name, value in original.items()
        if name != "bom-ref" and (name not in component or name in _MERGED)
    }
    # Mostly all of it fits, and looking at each field by itself takes many times as long.
    fitting = merged if _fits(merged) else {name: value for name, value in merged.items() if _fits({name: value})}
    component.update(fitting)
    for name in sorted(merged.keys() - fitting.keys()):
        kept = json.dumps(original[name], sort_keys=True, ensure_ascii=False)
        component.setdefault("properties", []).append({"name": f"{KEPT}{name}", "value": kept})


def _merged(ours: Any, theirs: Any, *, is_properties: bool) -> Any:
    """Both, object by object; of two lists of properties theirs first, of two other values ours."""
    if is_properties and isinstance(theirs, list):
        return [*_foreign(theirs), *(ours or [])]
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {
            name: _merged(ours.get(name), theirs.get(name), is_properties=name == "properties")
            for name in [*theirs, *(name for name in ours if name not in theirs)]
        }
    return theirs if ours is None else ours


def _foreign(properties: Iterable[Any]) -> Iterator[Any]:
    """The properties that are not ours, or were kept by us from before."""
    for one in properties:
        name = str(one.get("name", "")) if isinstance(one, dict) else ""
        if not name.startswith(NAMESPACE) or name.startswith(KEPT):
            yield one


def _fits(fields: Mapping[str, Any]) -> bool:
    """Whether the schema lets a component have these fields."""
    component = {"type": "machine-learning-model", "name": "any", **fields}
    document = {"bomFormat": "CycloneDX", "specVersion": SPEC_VERSION, "version": 1, "components": [component]}
    return _validator().validate_str(json.dumps(document)) is None
