"""What the database puts first is what the criteria put first, over random registers.

`UNDERSTUDY_TEST_WHOLE=1` tries many more of them. The seed of a register that fails stands in the test's name.
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db.models import IntegerField, Value

from registry.capabilities import Needs
from registry.criteria import Criterion, Terms, Verdict
from registry.models import AIModel, Dependency, License, LineageEdge, Offering, Revision, Vendor
from registry.preselect import Sets, best
from registry.suggest import pool_of, profiles, rank
from tests import factories as f

pytestmark = pytest.mark.django_db

REGISTERS = 40 if os.environ.get("UNDERSTUDY_TEST_WHOLE") else 3
PRIMARIES = 8
TASK = "feature-extraction"
LANGUAGES = ([], ["en"], ["multilingual"], ["en", "de"], ["EN"], ["e\u0301\u2603"], ["en", "multilingual"])
MODALITIES = ([], ["text"], ["text", "image"])
STATUSES = ("available", "available", "deprecated", "unknown", "retired")
LINEAGES = ("asserted_root", "asserted_root", "complete", "partial", "unknown")
CLASSES = ("open", "restricted", "non-commercial", "proprietary", "unknown")


def register(dice: Random) -> list[Offering]:
    """Some vendors with owners, models made from each other, offerings at several hosts; one of the vendors is us."""
    vendors = [f.vendor(is_self=number == 0) for number in range(6)]
    for vendor in vendors[2:]:
        if dice.random() < 0.3:
            vendor.parent = vendors[1]
            vendor.save()
    licenses = [f.license_(f"LicenseRef-{name}", name) for name in CLASSES]
    models = [_model(dice, number, vendors) for number in range(24)]
    for number, model in enumerate(models):
        if number and dice.random() < 0.4:
            relation = dice.choice(LineageEdge.Relation.values)
            LineageEdge(child=model, base=dice.choice(models[:number]), relation=relation).save()
    return [_offering(dice, number, dice.choice(models), licenses) for number in range(50)]


def _model(dice: Random, number: int, vendors: Sequence[Vendor]) -> AIModel:
    return AIModel.objects.create(
        slug=f"{dice.choice('ab_zB')}-{number}",
        name=f"Model {number}",
        developer=dice.choice(vendors),
        state="listed" if dice.random() < 0.9 else "proposed",
        task=TASK if dice.random() < 0.8 else "text-generation",
        languages=dice.choice(LANGUAGES),
        input_modalities=dice.choice(MODALITIES),
        output_modalities=dice.choice(MODALITIES),
        context_length=dice.choice((None, 0, 512, 8192)),
        embedding_dimension=dice.choice((None, 0, 512, 768, 1024)),
        supports_tools=dice.choice((None, True, False)),
        output_formats=dice.choice(([], ["json"], ["json", "json_schema"])),
        lineage_status=dice.choice(LINEAGES),
        lineage_source="model card",
    )


def _offering(dice: Random, number: int, model: AIModel, licenses: Sequence[License]) -> Offering:
    row = Offering.objects.create(
        model=model,
        kind=dice.choice(Offering.Kind.values),
        host=dice.choice(("huggingface", "openai", "azure")),
        external_id=f"{dice.choice('xyzXÄ')}/{number}",
        status=dice.choice(STATUSES),
        retires_on=dice.choice((None, None, f.TODAY + timedelta(days=40), f.TODAY)),
        head_revision=dice.choice(("", "a" * 40)),
        input_price=dice.choice((None, Decimal(0), Decimal("0.1"), Decimal("0.300001"), Decimal(2))),
    )
    for age, revision in enumerate(dice.sample(("a" * 40, "b" * 40, ""), dice.randrange(4))):
        Revision.objects.create(
            offering=row,
            revision=revision,
            license=dice.choice([*licenses, None]),
            observed_at=f.NOW - timedelta(days=age),
        )
    return row


def terms(dice: Random, offerings: Sequence[Offering]) -> Terms:
    some = [one.pk for one in dice.sample(offerings, 12)]
    said: dict[str, Any] = {
        "adopted": set(some[:6]),
        "allowed_license_classes": dice.choice(({"open"}, {"open", "restricted"}, set())),
        "approved": dict.fromkeys(some[4:8], "of something"),
        "measured": dict.fromkeys(some[7:], timedelta(hours=3)),
        "lead_days": 90,
        "needs": needs(dice),
    }
    return Terms(f.TODAY, **{name: value for name, value in said.items() if dice.random() < 0.8})


def needs(dice: Random) -> Needs | None:
    """Some needs, none, or none stated."""
    stated: dict[str, Any] = {
        "task": dice.choice((TASK, "sentence-similarity", "text-ranking")),
        "context_length": dice.choice((400, 4000)),
        "input_modalities": dice.choice((("text",), ("image", "text"))),
        "output_modalities": ("text",),
        "languages": dice.choice(
            (("en",), ("de", "en"), ("multilingual",), ("multilingual", "de"), ("e\u0301\u2603",))
        ),
        "tools": True,
        "output_formats": dice.choice((("json",), ("json_schema", "json"))),
        "embedding_dimension": 768,
    }
    some = {name: value for name, value in stated.items() if dice.random() < 0.25}
    return dice.choice((Needs(**some), Needs(**some), None))


def pure(primary: Offering, said: Terms, *, allowed_only: bool = False) -> list[int]:
    """The whole pool, judged one by one and ranked."""
    first, *rest = profiles([primary, *pool_of(primary, today=f.TODAY)])
    ranked = rank(first, rest, said)
    allowed = [one for one in ranked if one.verdict_on(Criterion.LICENSE) is Verdict.FOR]
    return [one.offering.pk for one in (allowed if allowed_only else ranked)]


@pytest.mark.parametrize("seed", range(REGISTERS))
def test_the_database_ranks_as_the_criteria_do(seed: int) -> None:
    dice = Random(seed)  # noqa: S311 - a register for a test
    offerings = register(dice)
    compared = 0
    for primary in dice.sample(offerings, PRIMARIES):
        said, limit = terms(dice, offerings), dice.choice((1, 2, dice.randrange(3, 40)))
        (first,) = profiles([primary])
        found = best(first, pool_of(primary, today=f.TODAY), said, Sets.of(said), limit=limit)
        assert [one.pk for one in found] == pure(primary, said)[:limit], (seed, primary.pk, limit)
        allowed = best(first, pool_of(primary, today=f.TODAY), said, Sets.of(said), limit=limit, allowed_only=True)
        assert [one.pk for one in allowed] == pure(primary, said, allowed_only=True)[:limit]
        compared += len(found)
    assert compared > 0


def test_a_criterion_that_the_database_forgets_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = Value(0, output_field=IntegerField())
    monkeypatch.setattr("registry.preselect._license", lambda _terms: nothing)
    with pytest.raises(AssertionError):
        test_the_database_ranks_as_the_criteria_do(0)


def test_of_many_the_first_page_is_that_of_all(search_of_many: Dependency) -> None:
    primary = search_of_many.offering
    (first,) = profiles([primary])
    found = best(first, pool_of(primary, today=f.TODAY), Terms(f.TODAY), Sets(), limit=5)
    assert [one.pk for one in found] == pure(primary, Terms(f.TODAY))[:5]


@pytest.fixture
def search_of_many() -> Dependency:
    """A model whose lineage is unknown: nothing is shown independent of it."""
    for number in range(8):
        f.offering(model=f.model(f"other-{number}"))
    return f.dependency(offering=f.offering(model=f.model("murky", lineage_status="unknown", lineage_source="")))
