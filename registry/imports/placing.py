"""What files of other tools mention -> records of the register: which of it is known, and where the rest belongs.

Nothing is guessed. A ref that the register knows stays what it is; a new one becomes a model only where it names its
place and somebody is known to have made it. All else is left out, with its path and the reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.text import slugify
from packageurl import PackageURL

from registry.imports.faults import Fault
from registry.imports.files import Document, Record
from registry.imports.found import Found
from registry.licenses import is_known
from registry.models import AIModel, HubNamespace, LineageEdge, Offering, Vendor
from registry.refs import HUB, Resolution, Wanted, resolve
from registry.upstream.litellm import HOSTS

_LONGEST_SLUG = 120
# Who serves only what is their own, by LiteLLM's name for them.
_OWN = {
    "ai21": "ai21",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "gemini": "google",
    "mistral": "mistral",
    "openai": "openai",
    "voyage": "voyage",
    "xai": "xai",
}


@dataclass(frozen=True, slots=True)
class Component:
    """What a bill of materials said of the offering at a place, to be kept with it."""

    host: str
    external_id: str
    document: Mapping[str, Any]
    spec_version: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A document of records. `found` where it came from mentions."""

    document: Document
    components: tuple[Component, ...] = ()
    notes: tuple[str, ...] = ()
    found: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    host: str
    external_id: str

    @property
    def key(self) -> tuple[str, str]:
        return self.host, self.external_id.casefold()


@dataclass(slots=True)
class _Work:
    """What is known of the register, and what has been put together so far."""

    offerings: Mapping[str, Offering]
    taken: set[str]
    models: list[Record] = field(default_factory=list)
    vendors: dict[str, Record] = field(default_factory=dict)
    left_out: list[Fault] = field(default_factory=list)
    components: dict[tuple[str, str], Component] = field(default_factory=dict)
    slugs: dict[tuple[str, str], str] = field(default_factory=dict)
    made_from: dict[str, Found] = field(default_factory=dict)


def place_all(document: Document) -> Placed:
    """The records of what `document` mentions; a document of records stays as it is."""
    if not document.found:
        return Placed(document)
    names = {one.ref for one in document.found} | {ref for one in document.found for ref, _ in one.bases}
    work = _Work(offerings=_known(names), taken=set(AIModel.objects.values_list("slug", flat=True)))
    work.left_out += document.left_out
    for one in document.found:
        if one.ref in work.offerings:
            _put_known(one, work.offerings[one.ref], work)
        else:
            _put_new(one, work)
    models = [_with_bases(record, work) for record in work.models]
    records = Document(models=models, vendors=list(work.vendors.values()), left_out=work.left_out)
    notes = tuple(f"{one.place}: {one.note}" for one in document.found if one.note)
    return Placed(records, tuple(work.components.values()), notes, found=True)


def _known(refs: set[str]) -> dict[str, Offering]:
    """By ref the offering that it means for everybody, by two queries."""
    resolved: Sequence[Resolution] = resolve([Wanted(ref) for ref in refs], system=None)
    ids = {one.ref: one.offering_id for one in resolved if one.offering_id is not None}
    rows = Offering.objects.select_related("model__developer").in_bulk(set(ids.values()))
    return {ref: rows[pk] for ref, pk in ids.items()}


def _put_known(one: Found, offering: Offering, work: _Work) -> None:
    place = _Place(offering.host, offering.external_id)
    model = offering.model
    _keep(one, place, work)
    if place.key not in work.slugs and model.slug not in work.slugs.values():
        cells = {"slug": model.slug, "name": model.name, "developer": model.developer.slug}
        work.models.append(Record(one.place, cells))
    work.slugs[place.key] = model.slug


def _put_new(one: Found, work: _Work) -> None:
    place = _place_of(one)
    if one.unsure or place is None:
        reason = one.unsure or "names no place that models are offered at: write a purl, or provider/model"
        work.left_out.append(Fault(one.place, "", f"“{one.ref[:80]}” {reason}" if one.ref else reason))
        return
    if place.key in work.slugs:
        return
    developer = _developer(one, place, work)
    if developer is None:
        reason = f"“{one.ref[:80]}”: nobody has said who develops it: add the model by hand"
        work.left_out.append(Fault(one.place, "", reason))
        return
    slug = _free_slug(one.name, work.taken)
    work.taken.add(slug)
    work.slugs[place.key] = slug
    work.made_from[slug] = one
    work.models.append(Record(one.place, _cells(one, place, slug, developer, work)))
    _keep(one, place, work)


def _keep(one: Found, place: _Place, work: _Work) -> None:
    if one.component:
        work.components[place.key] = Component(place.host, place.external_id, one.component, one.spec_version)


def _place_of(one: Found) -> _Place | None:
    """Where the ref says that it is offered; None where it does not."""
    if one.ref.casefold().startswith("pkg:"):
        return _place_of_purl(one.ref)
    provider, slash, name = one.ref.partition("/")
    if not one.is_routed or not slash or not name or slugify(provider).replace("-", "_") != provider.replace("-", "_"):
        return None
    if provider == HUB:
        # Behind the provider LiteLLM may name who serves it: huggingface/together/ns/name.
        return _Place(HUB, "/".join(name.split("/")[-2:]))
    return _Place(next((host for prefix, host in HOSTS if provider.startswith(prefix)), provider), name)


def _place_of_purl(ref: str) -> _Place | None:
    try:
        purl = PackageURL.from_string(ref)
    except ValueError:
        return None
    if purl.type == HUB:
        return _Place(HUB, "/".join(part for part in (purl.namespace, purl.name) if part))
    host, slash, name = "/".join(part for part in (purl.namespace, purl.name) if part).partition("/")
    return _Place(host.casefold(), name) if purl.type == "generic" and slash else None


def _developer(one: Found, place: _Place, work: _Work) -> str | None:
    """The slug of who made it: on the Hub the namespace, elsewhere who the file names or who serves only their own."""
    namespace = place.external_id.partition("/")[0] if place.host == HUB and "/" in place.external_id else ""
    owner = HubNamespace.objects.filter(key=namespace.casefold()).values_list("vendor__slug", flat=True).first()
    if namespace and owner:
        return owner
    stated = namespace or one.developer or _OWN.get(place.host, "") or _maker_at_bedrock(place)
    if not stated:
        return None
    known = list(Vendor.objects.named(stated).values_list("slug", flat=True)[:2])
    if known:
        return known[0] if len(known) == 1 else None
    return _new_vendor(stated, one, namespace, work)


def _maker_at_bedrock(place: _Place) -> str:
    """Bedrock writes `anthropic.claude-…`, and before that at times a region of two letters."""
    parts = place.external_id.split(".") if place.host == "bedrock" else []
    return next((part for part in parts[:-1] if len(part) > 2 and part != "apac"), "")  # noqa: PLR2004 - of two letters


def _new_vendor(name: str, one: Found, namespace: str, work: _Work) -> str | None:
    slug = slugify(name)[:50]
    if not slug:
        return None
    cells: dict[str, Any] = {"slug": slug, "name": name[:120]}
    if namespace:
        cells["hub_namespaces"] = [namespace]
    if Vendor.objects.filter(slug=slug).exists():
        # One of another name has it, or had it before it was merged: who is meant a person has to say.
        return None
    work.vendors.setdefault(slug, Record(one.place, cells))
    return slug


def _free_slug(name: str, taken: set[str]) -> str:
    wanted = slugify(name)[: _LONGEST_SLUG - 6] or "model"
    number = 0
    while (slug := f"{wanted}-{number}" if number else wanted) in taken:
        number += 1
    return slug


def _cells(one: Found, place: _Place, slug: str, developer: str, work: _Work) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "slug": slug,
        "name": one.name[:200],
        "developer": developer,
        "host": place.host,
        "external_id": place.external_id,
        "revision": one.revision[:64],
        "description": one.description,
        "task": slugify(one.task)[:50],
        "input_modalities": list(one.inputs),
        "output_modalities": list(one.outputs),
        "license": _license(one, work),
    }
    return {name: value for name, value in cells.items() if value}


def _license(one: Found, work: _Work) -> str:
    if not one.license or is_known(one.license):
        return one.license
    reason = f"“{one.license[:80]}” is no license of the register: the model comes in without one"
    work.left_out.append(Fault(one.place, "licenses", reason))
    return ""


def _with_bases(record: Record, work: _Work) -> Record:
    """The record with those of its bases that the file or the register has."""
    one = work.made_from.get(record.cells["slug"])
    bases = list(_bases(one, record, work)) if one else []
    return replace(record, cells={**record.cells, "base_models": bases}) if bases else record


def _bases(one: Found, record: Record, work: _Work) -> Iterator[str]:
    for ref, relation in one.bases:
        slug = _slug_of(ref, work)
        if slug is None:
            reason = f"“{ref[:80]}”, from which it was made, is neither in the file nor in the register: left out"
            work.left_out.append(Fault(record.place, "pedigree.ancestors", reason))
        elif slug != record.cells["slug"]:
            known = relation in LineageEdge.Relation.values
            yield f"{relation if known else LineageEdge.Relation.FINETUNE.value}={slug}"


def _slug_of(ref: str, work: _Work) -> str | None:
    if ref in work.offerings:
        return work.offerings[ref].model.slug
    purl = _place_of_purl(ref) if ref.startswith("pkg:") else None
    return work.slugs.get(purl.key) if purl else None
