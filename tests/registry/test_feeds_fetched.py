"""The feeds asked over HTTP: once for the document, and afterwards only whether it is another."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from registry.ingest import poll
from registry.models import Listing
from tests.factories import NOW
from tests.registry.payloads import path_of, payload

pytestmark = pytest.mark.django_db
FEEDS = {
    "models_dev": ("MODELS_DEV_URL", "plain.json", 5),
    "deprecations_info": ("DEPRECATIONS_INFO_URL", "feed.json", 3),
    "model_deprecations": ("MODEL_DEPRECATIONS_URL", "plain.json", 7),
}


class _Handler(BaseHTTPRequestHandler):
    """Answers with the payload that the path names, or that it is the one already known."""

    def do_GET(self) -> None:
        is_known = self.headers.get("If-None-Match") == f'"{self.path}"'
        body = b"" if is_known else payload(self.path.lstrip("/"))
        self.send_response(304 if is_known else 200)
        self.send_header("ETag", f'"{self.path}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("slug", FEEDS)
def test_a_feed_is_read_from_its_address_and_then_asked_for_news_alone(slug: str, server: str, settings: Any) -> None:
    variable, name, count = FEEDS[slug]
    setattr(settings, variable, f"{server}/{slug}/{name}")

    first, second = poll(slug, now=NOW), poll(slug, now=NOW)

    assert [(run.outcome, run.error) for run in (first, second)] == [("changed", ""), ("unchanged", "")]
    assert first.url == f"{server}/{slug}/{name}"
    assert Listing.objects.filter(source__slug=slug).count() == count


@pytest.mark.parametrize("slug", FEEDS)
def test_a_saved_document_and_the_address_give_the_same(slug: str, server: str, settings: Any) -> None:
    variable, name, _ = FEEDS[slug]
    setattr(settings, variable, f"{server}/{slug}/{name}")

    poll(slug, now=NOW, document=path_of(f"{slug}/{name}"))

    assert poll(slug, now=NOW).outcome == "unchanged"
