"""A limit of L a minute lets at most L of 100 requests at once through, over two servers, whatever they forward (D6)."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Barrier

import httpx2
import pytest

from tests.flows.platform import ROOT, Platform, running
from tests.services.production import free_port
from tests.services.test_decisions_over_http import database

pytestmark = pytest.mark.services

AT_ONCE = 100
LIMIT = 20


@contextmanager
def second_server(platform: Platform) -> Iterator[str]:
    """Another process on the same database, as a second web server is."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--blocking-threads", "8", "config.wsgi:application"]
    environment = platform.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(600):
            with suppress(httpx2.HTTPError):
                httpx2.get(f"http://127.0.0.1:{port}/healthz")
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=60)


def at_once(urls: list[str], ask: Callable[[httpx2.Client, str, int], int]) -> Counter[int]:
    """The statuses of 100 requests that begin at the same moment, shared among the servers."""
    barrier = Barrier(AT_ONCE)

    def one(number: int) -> int:
        with httpx2.Client(timeout=120) as client:
            barrier.wait(timeout=120)
            return ask(client, urls[number % len(urls)], number)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(one, range(AT_ONCE)))


def forwarded(number: int) -> dict[str, str]:
    return {"X-Forwarded-For": f"203.0.113.{number}"}


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_of_a_hundred_at_once_no_more_than_the_limit_get_through(tmp_path: Path, vendor: str) -> None:
    limits = {"UNDERSTUDY_API_LIMIT": str(LIMIT), "UNDERSTUDY_LOGIN_LIMIT": str(LIMIT)}
    with database(vendor) as settings, running(tmp_path, **settings, **limits) as platform:
        token = platform.manage("create_token", "ravi").strip()
        with second_server(platform) as other:
            urls = [platform.url, other]

            def read(client: httpx2.Client, url: str, number: int) -> int:
                headers = {"Authorization": f"Bearer {token}"} | forwarded(number)
                return client.get(f"{url}/api/v1/licenses/", headers=headers).status_code

            def guess(client: httpx2.Client, url: str, number: int) -> int:
                auth = httpx2.BasicAuth("olga", f"guess {number}")
                return client.get(f"{url}/api/v1/tokens/", auth=auth, headers=forwarded(number)).status_code

            began = time.monotonic()
            read_codes, guess_codes = at_once(urls, read), at_once(urls, guess)
            took = time.monotonic() - began
            sys.stdout.write(
                f"{vendor}: limit {LIMIT}, {AT_ONCE} at once: {read_codes} {guess_codes} in {took:.1f} s\n"
            )
    assert set(read_codes) == {200, 429}
    assert set(guess_codes) == {401, 429}
    # What a minute lets through at most; this took less or not much more than one.
    allowed = LIMIT * max(1.0, took / 60)
    assert 0 < read_codes[200] <= allowed
    assert 0 < guess_codes[401] <= allowed


def test_without_a_limit_all_of_them_get_through(tmp_path: Path) -> None:
    with running(tmp_path, UNDERSTUDY_API_LIMIT="0") as platform:
        token = platform.manage("create_token", "ravi").strip()

        def read(client: httpx2.Client, url: str, _number: int) -> int:
            return client.get(f"{url}/api/v1/licenses/", headers={"Authorization": f"Bearer {token}"}).status_code

        assert at_once([platform.url], read) == {200: AT_ONCE}
