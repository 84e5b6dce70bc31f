"""A list that comes in pages, fetched whole or not at all: a cut list would look like models that were removed.

The document of a list of one page is that page as it came; of several it is `{"pages": […]}` around them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from registry.budget import Budget
from registry.upstream import http
from registry.upstream.base import Document, Known, UpstreamError
from registry.upstream.reading import printable, read_json

Page: TypeAlias = Mapping[str, Any]
# The address of the page after this one; None after the last.
Following: TypeAlias = Callable[[str, Page], str | None]
# `http.get` with the headers and the budget of a list.
Get: TypeAlias = Callable[..., Document | None]

MAX_PAGES = 20
# For all pages together: were each as late as one may be, it would be minutes, and a worker with them.
DEADLINE = timedelta(seconds=60)


def fetch_whole(
    addresses: Sequence[tuple[str, Mapping[str, str]]],
    known: Known,
    *,
    budget: Budget,
    rows: Sequence[str],
    following: Following,
) -> Document | None:
    """All pages of the lists at `addresses`, each a url with the headers it wants; None where nothing changed.

    Raises `UpstreamError` as soon as one page cannot be had, holds no list, or leads nowhere.
    """
    ends_at = time.monotonic() + DEADLINE.total_seconds()
    (url, get), *others = [
        (url, partial(_get_before, ends_at, budget=budget, headers=headers)) for url, headers in addresses
    ]
    first = get(url, etag=known.etag, last_modified=known.last_modified)
    if first is None:
        return None
    pages = _followed(url, get, first, rows=rows, following=following)
    for other, get_other in others:
        pages += _followed(other, get_other, _page(other, get_other), rows=rows, following=following)
    if len(pages) == 1:
        return first
    # No etag: one for the first page says nothing about the others.
    return Document(b'{"pages": [' + b", ".join(pages) + b"]}", url)


def _get_before(ends_at: float, url: str, **options: Any) -> Document | None:
    """`http.get` with what is left of the time until then as its deadline, if that is less than its own."""
    left = timedelta(seconds=max(ends_at - time.monotonic(), 0))
    if not left:
        seconds = f"{DEADLINE.total_seconds():g}"
        raise UpstreamError(f"{http.host_of(url)} gave no whole list within {seconds} s.", retryable=True)
    return http.get(url, deadline=min(left, http.DEADLINE), **options)


def _followed(url: str, get: Get, first: Document, *, rows: Sequence[str], following: Following) -> list[bytes]:
    host, document, seen = http.host_of(url), first, {url}
    pages: list[bytes] = []
    while True:
        page = _checked(document, rows, host)
        pages.append(document.raw.decode("utf-8-sig").encode())
        following_url = following(url, page)
        if following_url is None:
            return pages
        if following_url in seen or len(pages) == MAX_PAGES:
            raise UpstreamError(f"{host} has no last page: {len(pages)} were read.", retryable=True)
        _refuse_elsewhere(url, following_url)
        seen.add(following_url)
        document = _page(following_url, get)


def _checked(document: Document, rows: Sequence[str], host: str) -> Page:
    page = read_json(document.raw)
    rows_of(page, rows, host)
    checked: Page = page
    return checked


def _page(url: str, get: Get) -> Document:
    page = get(url)
    if page is None:
        raise UpstreamError(f"{http.host_of(url)} says that nothing changed, which was not asked.", retryable=True)
    return page


def _refuse_elsewhere(url: str, following_url: str) -> None:
    """The key goes along, so the next page is at home or nowhere."""
    here, there = urlsplit(url), urlsplit(following_url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise UpstreamError(
            f"{http.host_of(url)} names its next page at {printable(there.netloc)}, which is not asked.",
            retryable=False,
        )


def pages_of(document: Any) -> Sequence[Any]:
    """The pages of a document as `fetch_whole` or a person saved it."""
    pages = document.get("pages") if isinstance(document, dict) else None
    return pages if isinstance(pages, list) else [document]


def rows_of(page: Any, names: Sequence[str], host: str) -> list[Any]:
    """The rows of a page, under the first of `names` that it has."""
    found = (page[name] for name in names if name in page) if isinstance(page, dict) else iter(())
    rows = next(found, None)
    if not isinstance(rows, list):
        raise UpstreamError(f"{host} sent no list of models: there is none under {' or '.join(names)}.", retryable=True)
    return rows


def only_page(_url: str, _page: Page) -> None:
    """A list that is never cut."""
    return


def by_token(parameter: str, token: str, *, while_true: str = "") -> Following:
    """Pages named by the `token` of the one before; `while_true` is the field that says that there are more."""

    def following(url: str, page: Page) -> str | None:
        value = page.get(token)
        if while_true and page.get(while_true) is not True:
            return None
        if not value and not while_true:
            return None
        if not isinstance(value, str) or not value:
            raise UpstreamError(
                f"{http.host_of(url)} has more pages and does not say which: {printable(value)}.", retryable=True
            )
        return _with(url, parameter, value)

    return following


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != parameter]
    try:
        return parts._replace(query=urlencode([*query, (parameter, value)])).geturl()
    except UnicodeEncodeError as error:
        raise UpstreamError(f"{http.host_of(url)} names its next page by half a character.", retryable=True) from error


def by_link(name: str) -> Following:
    """Pages that carry the address of the next one."""

    def following(url: str, page: Page) -> str | None:
        link = page.get(name)
        if not link:
            return None
        if not isinstance(link, str):
            raise UpstreamError(f"{http.host_of(url)} names its next page as {printable(link)}.", retryable=True)
        return urljoin(url, link)

    return following
