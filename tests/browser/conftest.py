"""A real browser in front of a real server, both on this machine."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response
from pytest_django.live_server_helper import LiveServer

from governance.models import Adoption, Proposal
from registry.models import Dependency
from tests import factories
from tests.admin_rows import decided
from tests.browser.chromium import EXECUTABLE, chromium
from tests.factories import NOW

# Playwright runs an event loop in the thread of the test, and Django then refuses the database there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not EXECUTABLE.exists():
        pytest.skip(f"there is no Chromium at {EXECUTABLE}")
    with chromium() as started:
        yield started


@dataclass
class Visitor:
    """A person in a browser of their own; `complaints` is what the console and the network held against our pages."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("requestfailed", self._note_failure)
        self.page.on("response", self._note_response)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")

    def log_in(self, name: str, password: str) -> None:
        self.open("/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(f"{self.address}/")

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _note_failure(self, request: Request) -> None:
        # A visitor who goes on before the page is whole has not been refused anything.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"no answer ({request.failure}): {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@pytest.fixture
def visitors(browser: Browser, live_server: LiveServer) -> Iterator[list[Visitor]]:
    """An owner and two reviewers; afterwards no browser may have complained."""
    with ExitStack() as stack:
        contexts = [stack.enter_context(browser.new_context()) for _ in range(3)]
        people = [Visitor(context.new_page(), live_server.url) for context in contexts]
        yield people
        assert [complaint for person in people for complaint in person.complaints] == []


def adopted(offering: factories.Offering) -> None:
    """The offering may be used for embedding in what is served to customers."""
    asked = Proposal.objects.create(
        kind="adopt_model",
        proposer=factories.user(),
        reason="Tried.",
        offering=offering,
        purpose="embedding",
        distribution="saas",
        state_digest="0" * 64,
        decide_by=NOW,
    )
    Adoption.objects.create(
        proposal=decided(asked),
        offering=offering,
        purpose="embedding",
        distribution="saas",
        granted_at=NOW,
        expires_on=factories.day("2100-01-01"),
    )


@pytest.fixture
def dependency() -> Dependency:
    """A critical system of olga's team on a model that has no plan; another vendor's model is adopted. rita and ruben review."""
    team = factories.team("search-team", owner=factories.user("olga", role="owner"))
    factories.user("rita", role="reviewer")
    factories.user("ruben", role="reviewer")
    primary = factories.offering("tongyi/gte", model=factories.model("gte", owner=team))
    other = factories.offering("baai/bge", model=factories.model("bge", owner=team))
    adopted(primary)
    adopted(other)
    return factories.dependency(system=factories.system("search", team=team), offering=primary)
