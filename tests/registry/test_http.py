"""The one outgoing GET against a real server that behaves badly."""

import gzip
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest

from registry.budget import Budget
from registry.upstream import Document, UpstreamError, http
from tests.fakes.hub import Hub

pytestmark = pytest.mark.django_db

PACKED = gzip.compress(b'{"a": 1}')
BOMB = gzip.compress(b" " * 5_000_000)
Answer = Callable[["_Handler"], None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        PAGES[self.path.partition("?")[0]](self)

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


def _conditional(handler: _Handler) -> None:
    is_known = handler.headers.get("If-None-Match") == '"v1"'
    handler.send(304 if is_known else 200, b"" if is_known else b"{}", ETag='"v1"', Last_Modified="yesterday")


def _slow_headers(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(f"X-{number}: 1\r\n".encode())
        handler.wfile.flush()
        time.sleep(0.05)


PAGES: dict[str, Answer] = {
    "/plain": lambda handler: handler.send(200, b'{"a": 1}'),
    "/echo": lambda handler: handler.send(200, str(dict(handler.headers)).encode()),
    "/conditional": _conditional,
    "/packed": lambda handler: handler.send(200, PACKED, Content_Encoding="gzip"),
    "/bomb": lambda handler: handler.send(200, BOMB, Content_Encoding="gzip"),
    "/cut-gzip": lambda handler: handler.send(200, PACKED[:-9], Content_Encoding="gzip"),
    "/no-gzip": lambda handler: handler.send(200, b"plain", Content_Encoding="gzip"),
    "/brotli": lambda handler: handler.send(200, b"\x0b\x02", Content_Encoding="br"),
    "/moved": lambda handler: handler.send(302, Location="/plain"),
    "/far": lambda handler: handler.send(302, Location="http://localhost:9/plain"),
    "/loop": lambda handler: handler.send(302, Location="/loop"),
    "/three": lambda handler: handler.send(302, Location="/two"),
    "/two": lambda handler: handler.send(302, Location="/moved"),
    "/four": lambda handler: handler.send(302, Location="/three"),
    "/slow-headers": _slow_headers,
    "/late": lambda handler: handler.send(503, Retry_After="120"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Clients that hang up are what this is about."""

    running = Quiet(("127.0.0.1", 0), _Handler)
    Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub("acme/e5") as running:
        yield running


def get(url: str, **options: Any) -> Document:
    document = http.get(url, **({"budget": Budget(url)} | options))
    assert document is not None
    return document


def failure(url: str, **options: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as raised:
        http.get(url, **({"budget": Budget(url), "deadline": timedelta(seconds=1)} | options))
    return raised.value


def test_a_document_comes_with_its_address_and_digest(server: str) -> None:
    document = get(f"{server}/plain")
    assert (document.raw, document.url) == (b'{"a": 1}', f"{server}/plain")
    assert document.sha256 == "f9d86028c6e0d64e225186f96acb69338b2c59764df79162107f5c4bb34d1310"


def test_we_say_who_we_are(server: str) -> None:
    assert b"understudy/" in get(f"{server}/echo").raw


def test_a_document_that_has_not_changed_is_not_sent_again(server: str) -> None:
    first = get(f"{server}/conditional")
    known = {"etag": first.etag, "last_modified": first.last_modified}
    assert (first.etag, first.last_modified) == ('"v1"', "yesterday")
    assert http.get(f"{server}/conditional", budget=Budget("test"), **known) is None


def test_a_packed_document_is_unpacked(server: str) -> None:
    assert get(f"{server}/packed").raw == b'{"a": 1}'


@pytest.mark.parametrize("path", ["/moved", "/two", "/three"])
def test_up_to_three_redirects_at_home_are_followed(server: str, path: str) -> None:
    assert get(f"{server}{path}").raw == b'{"a": 1}'


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/far", "redirected to localhost:9"),
        ("/loop", "redirected more than 3 times"),
        ("/four", "redirected more than 3 times"),
        ("/bomb", "more than 2,097,152 bytes"),
        ("/cut-gzip", "broke off"),
        ("/no-gzip", "damaged gzip"),
        ("/brotli", "packed its answer as br"),
        ("/slow-headers", "within 1 s"),
    ],
)
def test_a_bad_answer_is_explained(server: str, path: str, says: str) -> None:
    assert says in str(failure(f"{server}{path}"))


@pytest.mark.parametrize(
    ("mode", "says", "retryable"),
    [
        ("401", "refused us (401)", False),
        ("403", "refused us (403)", False),
        ("plain 404", "answered 404", False),
        ("429", "answered 429", True),
        ("500", "answered 500", True),
        ("503", "answered 503", True),
        ("html", "a web page", True),
        ("truncated", "broke off its answer", True),
        ("endless", "more than 2,097,152 bytes", False),
        ("hang", "within 1 s", True),
        ("drip", "within 1 s", True),
    ],
)
def test_every_failure_says_whether_another_try_is_worth_it(hub: Hub, mode: str, says: str, *, retryable: bool) -> None:
    hub.fail(mode)
    error = failure(f"{hub.url}/api/models/acme/e5")
    assert says in str(error)
    assert error.retryable is retryable


def test_the_deadline_covers_everything_together(hub: Hub) -> None:
    hub.fail("drip")
    began = time.monotonic()
    failure(f"{hub.url}/api/models/acme/e5", deadline=timedelta(seconds=0.5))
    assert time.monotonic() - began < 2


def test_without_the_deadline_a_drip_goes_on_because_time_outs_count_per_read(hub: Hub) -> None:
    hub.fail("drip")
    began = time.monotonic()
    with httpx2.stream("GET", f"{hub.url}/api/models/acme/e5", timeout=0.3) as response:
        pieces = response.iter_raw()
        while time.monotonic() - began < 1:
            assert next(pieces)


def test_a_longer_document_is_taken_where_the_source_says_so(server: str) -> None:
    assert len(get(f"{server}/bomb", max_bytes=6_000_000).raw) == 5_000_000


@pytest.mark.parametrize(("mode", "seconds"), [("429", 170), ("500", 23)])
def test_the_wait_that_is_asked_for_is_passed_on(hub: Hub, mode: str, seconds: int) -> None:
    hub.fail(mode)
    assert failure(f"{hub.url}/api/models/acme/e5").retry_after in {timedelta(seconds=seconds + n) for n in (0, 1)}


def test_retry_after_is_read_in_seconds(server: str) -> None:
    assert failure(f"{server}/late").retry_after == timedelta(seconds=121)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://no-such-host.invalid/x", "http://"])
def test_what_cannot_be_reached_is_worth_another_try(url: str) -> None:
    assert failure(url).retryable
