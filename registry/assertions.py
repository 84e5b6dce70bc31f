"""A person states what a model was made from, or that it was made from nothing, and says where that can be read."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from registry.models import AIModel, Change, LineageEdge, User
from registry.ownership import lineage_of, tell_lineage
from registry.records import JSON


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody stands by: `source` says who states it and where that can be read."""

    source: str
    by: User
    now: datetime


_Status = AIModel.LineageStatus
LONGEST_SOURCE = LineageEdge._meta.get_field("source").max_length or 0


@transaction.atomic
def assert_root(model: AIModel, word: Word) -> Change | None:
    """State that `model` has no bases; the change that this is told as, None where it was stated already.

    Raises `ValidationError` by field: where bases of it are entered, and without a source.
    """
    model, before = _locked(model), lineage_of(model)
    bases = ", ".join(model.base_edges.values_list("base__name", flat=True))
    if bases:
        raise ValidationError({"statement": f"{model} is entered as made from {bases}: take that back first."})
    return _state(model, _Status.ASSERTED_ROOT, before=before, word=_checked(word))


@transaction.atomic
def assert_base(model: AIModel, base: AIModel, relation: str, word: Word, *, is_all: bool) -> Change | None:
    """State that `model` was made from `base`; `is_all` says that no other base is missing then.

    Whoever states a base once more, with a better source, leaves open as little as before; a base that was missing
    shows that what was said to be all was not, until somebody says so anew. Raises `ValidationError` by field: a circle, and no source.
    """
    model, before, word = _locked(model), lineage_of(model), _checked(word)
    edge = LineageEdge.objects.filter(child=model, base=base, relation=relation).first()
    is_new = edge is None
    edge = edge or LineageEdge(child=model, base=base, relation=relation)
    edge.source, edge.asserted_by, edge.asserted_at = word.source, word.by, word.now
    edge.full_clean()
    edge.save()
    was_all = model.lineage_status == _Status.COMPLETE and not is_new
    status = _Status.COMPLETE if is_all or was_all else _Status.PARTIAL
    return _state(model, status, before=before, word=word)


@transaction.atomic
def retract_base(model: AIModel, base: AIModel, relation: str, word: Word) -> Change | None:
    """State that `model` was not made from `base` after all. What is left is not known to be all, until somebody says so."""
    model, before, word = _locked(model), lineage_of(model), _checked(word)
    edge = LineageEdge.objects.filter(child=model, base=base, relation=relation).first()
    if edge is None:
        raise ValidationError({"base": f"{model} is not entered as {relation} of {base}."})
    edge.delete()
    status = _Status.PARTIAL if model.base_edges.exists() else _Status.UNKNOWN
    return _state(model, status, before=before, word=word)


def _locked(model: AIModel) -> AIModel:
    return AIModel.objects.select_for_update().get(pk=model.pk)


def _checked(word: Word) -> Word:
    source = " ".join(word.source.split())
    if not source or len(source) > LONGEST_SOURCE or "\x00" in source:
        raise ValidationError(
            {"source": f"Say who states it and where it can be read, in at most {LONGEST_SOURCE} characters."}
        )
    return replace(word, source=source)


def _state(model: AIModel, status: str, *, before: JSON, word: Word) -> Change | None:
    model.lineage_status, model.lineage_source = status, word.source
    model.lineage_asserted_by, model.lineage_asserted_at = word.by, word.now
    model.save()
    return tell_lineage(model, before=before, by=word.by, now=word.now)
