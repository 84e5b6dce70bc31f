"""“One of these” as one parameter says what `__in` says."""

import pytest
from django.db.models import Q

from registry.among import Among, AmongTexts
from registry.models import Offering, Revision
from tests import factories as f

pytestmark = pytest.mark.django_db


def test_it_finds_what_in_finds_by_key_by_relation_and_across_tables() -> None:
    rows = [f.offering(f"ns/m{number}") for number in range(4)]
    ids = {row.pk for row in rows[:2]}

    by_key = Offering.objects.filter(Among("pk", ids))
    by_relation = Revision.objects.filter(Among("offering_id", ids))
    across = Revision.objects.filter(Q(Among("offering__model_id", [rows[3].model_id])) | Q(Among("offering", ids)))

    assert {row.pk for row in by_key} == ids
    assert {row.offering_id for row in by_relation} == ids
    assert {row.offering_id for row in across} == ids | {rows[3].pk}


def test_texts_are_compared_as_they_are() -> None:
    for name in ("ns/it's", 'ns/"quoted"', "ns/plain"):
        f.offering(name)

    found = Offering.objects.filter(AmongTexts("external_id", {"ns/it's", 'ns/"quoted"'}))

    assert sorted(row.external_id for row in found) == ['ns/"quoted"', "ns/it's"]


def test_among_none_there_is_nothing_and_no_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture of pytest-django
        assert list(Offering.objects.filter(Among("pk", []))) == []
