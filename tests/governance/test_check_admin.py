"""The list of checks in the web admin costs what is shown, however long the questions and answers are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.admin import checks
from governance.models import Check, Finding
from tests import factories as f
from tests.factories import NOW
from tests.governance.conftest import browser_of

pytestmark = pytest.mark.django_db

LIST = "admin:governance_check_changelist"


@pytest.fixture
def long_one() -> Check:
    """A check whose question is long, with findings of each level."""
    row = Check.objects.create(
        system=f.system("product-search"),
        environment=f.environment(),
        request={"models": [{"ref": "acme/a-long-question"} for _ in range(100)]},
        verdict="fail",
        checked_at=NOW,
        policy_version=0,
    )
    levels = ["error"] * 7 + ["warning"] * 5 + ["note"] * 3
    Finding.objects.bulk_create(
        Finding(
            check_run=row, position=number, rule="UD101", level=level, ref="a/b", message="m", fix="f", locations=[]
        )
        for number, level in enumerate(levels)
    )
    return row


@pytest.mark.parametrize("query", ["", "?q=UD101", "?o=5.6"])
def test_findings_are_counted_by_level_and_no_question_is_read(long_one: Check, query: str) -> None:
    browser = browser_of(f.user(role="admin"))
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(f"{reverse(LIST)}{query}")
    shown = page.context["cl"].result_list
    queries = [one["sql"] for one in asked if "governance_check" in one["sql"]]

    assert [(row.pk, row.error_count, row.warning_count) for row in shown] == [(long_one.pk, 7, 5)]
    assert queries
    assert not any('"governance_check"."request"' in sql for sql in queries)


def test_the_form_shows_the_worst_and_leads_to_all(long_one: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SHOWN", 9)
    page = browser_of(f.user(role="admin")).get(reverse("admin:governance_check_change", args=[long_one.pk]))
    (rows,) = page.context["inline_admin_formsets"]

    assert [form.instance.level for form in rows.formset] == ["error"] * 7 + ["warning"] * 2
    assert reverse("pages:check", args=[long_one.pk]) in page.content.decode()
