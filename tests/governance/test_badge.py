"""The badge: the last verdict of a system as a picture, for who may see it and for who was given its link."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.utils.http import urlencode
from rest_framework.test import APIClient

from governance.badge import Badge, badge_key
from governance.check import CheckRequest, RequestedModel, check
from registry.models import Dependency
from tests import factories as f
from tests.factories import NOW, TODAY
from tests.governance.conftest import browser_of

pytestmark = pytest.mark.django_db
AsRole = Callable[[str], APIClient]
PATH = "/api/v1/systems/product-search/badge.svg"


@pytest.fixture
def used() -> Dependency:
    return f.dependency(system=f.system("product-search"))


def ask(used: Dependency) -> None:
    check(CheckRequest(used.system.slug, "production", (RequestedModel("a/b"),)), asked_by=None, now=NOW)


def said(answer: Any) -> str:
    """What a screen reader says."""
    root = ET.fromstring(answer.content)  # noqa: S314  (our own)
    (title,) = root.iter("{http://www.w3.org/2000/svg}title")
    assert (root.get("role"), root.get("aria-label")) == ("img", title.text)
    return title.text or ""


def test_it_says_the_last_verdict_in_words(used: Dependency, as_role: AsRole) -> None:
    client = as_role("viewer")
    assert said(client.get(PATH)) == "Understudy: product-search in production: not checked"
    ask(used)
    answer = client.get(PATH)

    assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert said(answer) == "Understudy: product-search in production: fail, checked on 2026-04-15"


@pytest.mark.usefixtures("used")
def test_whoever_has_its_link_sees_it_and_nothing_else() -> None:
    f.system("help-centre")
    f.environment("staging")
    key = {"key": badge_key("product-search", "production")}
    anybody = APIClient()

    assert anybody.get(PATH, key).status_code == 200
    assert anybody.get(PATH, key | {"environment": "staging"}).status_code == 401
    assert anybody.get("/api/v1/systems/help-centre/badge.svg", key).status_code == 401
    assert anybody.get("/api/v1/systems/product-search/", key).status_code == 401
    assert anybody.get(PATH, {"key": key["key"][:-1]}).status_code == 401


@pytest.mark.usefixtures("used")
def test_without_account_and_link_nobody_learns_which_systems_there_are() -> None:
    answers = [APIClient().get(path) for path in (PATH, "/api/v1/systems/no-such/badge.svg")]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


@pytest.mark.usefixtures("used")
def test_who_has_no_role_is_refused() -> None:
    client = APIClient()
    client.force_authenticate(f.user())

    assert client.get(PATH).status_code == 403


@pytest.mark.usefixtures("used")
@pytest.mark.parametrize(("path", "query"), [("no-such", {}), ("product-search", {"environment": "prodcution"})])
def test_what_is_not_there_is_404(as_role: AsRole, path: str, query: dict[str, str]) -> None:
    assert as_role("viewer").get(f"/api/v1/systems/{path}/badge.svg", query).status_code == 404


def test_what_did_not_change_is_not_sent_again(used: Dependency, as_role: AsRole) -> None:
    client = as_role("viewer")
    etag = client.get(PATH).headers["ETag"]
    same = client.get(PATH, headers={"If-None-Match": etag})
    ask(used)
    other = client.get(PATH, headers={"If-None-Match": etag})

    assert (same.status_code, same.content) == (304, b"")
    assert other.status_code == 200
    assert other.headers["ETag"] != etag


def test_hostile_names_stay_text() -> None:
    svg = Badge(system='"><script>', environment="p&q", verdict="pass", checked_on=TODAY).as_svg()

    assert "<script>" not in svg
    root = ET.fromstring(svg)  # noqa: S314  (our own)
    assert root.get("aria-label", "").startswith('Understudy: "><script> in p&q: pass')


@pytest.mark.parametrize("verdict", ["pass", "warn", "fail", "unknown", ""])
def test_white_on_its_colour_can_be_read(verdict: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    svg = Badge(system="s", environment="e", verdict=verdict, checked_on=None).as_svg()
    root = ET.fromstring(svg)  # noqa: S314  (our own)
    fills = [one.get("fill", "") for one in root if one.get("fill", "").startswith("#") and one.get("fill") != "#fff"]

    assert len(fills) == 2
    assert all(1.05 / (luminance(fill) + 0.05) >= 4.5 for fill in fills)


def luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.usefixtures("used")
def test_the_gate_shows_it_with_the_link_for_a_readme() -> None:
    page = browser_of(f.user(role="viewer")).get("/systems/product-search/gate/").content.decode()
    query = urlencode({"environment": "production", "key": badge_key("product-search", "production")})

    assert f"{PATH}?{query}".replace("&", "&amp;") in page
