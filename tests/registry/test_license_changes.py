"""What people can read of a license whose text changed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from registry.ingest import poll
from registry.license_changes import diff_of
from registry.models import Change, LicenseText
from tests import factories as f
from tests.factories import NOW
from tests.fakes.hub import TOKEN, Hub, licensed

pytestmark = pytest.mark.django_db
OLD = "You may use it.\nFree for all.\n"
NEW = "You may use it.\nFree for research alone.\n"


@pytest.fixture
def change(settings: pytest.FixtureRequest) -> Change:
    """A LICENSE file behind an unchanged `other` says something else, twice in a row."""
    with Hub(quota=1_000_000) as hub:
        settings.HF_ENDPOINT, settings.HF_TOKEN = hub.url, TOKEN  # type: ignore[attr-defined]  # pytest-django's settings
        hub.add("acme/e5", **licensed("other", license_name="acme-terms"))
        hub.write("acme/e5", "LICENSE", OLD)
        f.offering("acme/e5")
        for hours, text in ((0, OLD), (6, NEW), (12, NEW)):
            hub.write("acme/e5", "LICENSE", text)
            poll("huggingface", now=NOW + timedelta(hours=hours))
    return Change.objects.get(kind="license_text_changed")


def test_both_texts_are_kept_and_their_difference_can_be_read(change: Change) -> None:
    assert set(LicenseText.objects.values_list("text", flat=True)) == {OLD, NEW}
    found = diff_of(change)
    assert found is not None
    assert found.lines[-2:] == ("-Free for all.", "+Free for research alone.")


def test_the_page_of_the_change_shows_it(change: Change, client: Client) -> None:
    client.force_login(f.user("rhea", role="reviewer"))
    page = client.get(reverse("admin:registry_change_change", args=[change.pk])).content.decode()
    assert "What changed in the license file" in page
    assert "-Free for all.\n+Free for research alone." in page


def test_a_change_of_something_else_has_no_text(change: Change) -> None:
    change.kind = "gated"
    assert diff_of(change) is None


def test_without_the_older_text_there_is_nothing_to_compare(change: Change) -> None:
    LicenseText.objects.filter(text=OLD).delete()
    assert diff_of(change) is None
