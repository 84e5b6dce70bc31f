"""Tickets in Jira Cloud (REST v3): one per dependency and concern, which later changes update.

Jira has no idempotency key. So the ticket carries a label that only this concern of this dependency has, and every
comment names its notice; both are looked up before anything is added, so a lost answer does no harm.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings

from governance.transports import ticket_text
from governance.transports.base import Letter, Receipt, Style, TicketState, TransportError
from governance.transports.rest import Gone, LostAnswer, Refused, Rest

_API = "/rest/api/3"
# Jira's search lags behind what was created by seconds, sometimes minutes
# (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/). After a lost answer we wait longer
# than that, else the look-up misses the ticket that it is meant to find.
SEARCH_LAG = timedelta(minutes=5)
_SUMMARY_LENGTH = 250
_COMMENTS = 100


class Jira:
    """Creates or updates the ticket of a letter. The account comes from the environment, never from a row."""

    style: ClassVar[Style] = Style.TICKET
    max_attempts: ClassVar[int] = 10

    def lane(self, address: str) -> str:
        return f"jira:{address}"

    def send(self, letter: Letter) -> Receipt:
        if letter.ticket is None:
            raise TransportError("A ticket channel takes tickets only, and this notice is none.", permanent=True)
        with _connect(letter) as rest:
            key = _bring_up_to_date(rest, letter, letter.ticket)
        return Receipt(external_key=key, url=f"{letter.address}/browse/{key}")


def _bring_up_to_date(rest: Rest, letter: Letter, ticket: TicketState) -> str:
    """Create or update; returns the key. A ticket that somebody deleted is created again."""
    if ticket.external_key:
        with suppress(Gone):
            return _update(rest, letter, ticket, ticket.external_key)
    found = _look_up(rest, letter, ticket)
    if found is None:
        return _create(rest, letter, ticket)
    if letter.reference in str(found):
        # Our own, of an attempt whose answer was lost.
        return str(found["key"])
    return _update(rest, letter, ticket, str(found["key"]))


def _connect(letter: Letter) -> Rest:
    # The token must not go wherever somebody who may edit channels sends it.
    if not settings.JIRA_URL or letter.address.rstrip("/") != settings.JIRA_URL:
        raise TransportError(
            f"{letter.address} is not the tracker of this platform: set JIRA_URL, or correct the channel's address.",
            permanent=True,
        )
    return Rest(settings.JIRA_URL, user=settings.JIRA_USER, token=settings.JIRA_TOKEN)


def _look_up(rest: Rest, letter: Letter, ticket: TicketState) -> dict[str, Any] | None:
    """The ticket that carries our label, if there is one already."""
    jql = f'project = "{_project(letter)}" AND labels = "{ticket.reference}" ORDER BY created ASC'
    found = rest.post(f"{_API}/search/jql", {"jql": jql, "fields": ["description"], "maxResults": 1})
    issues = found.get("issues") or []
    return dict(issues[0]) if issues else None


def _project(letter: Letter) -> str:
    project = letter.options.get("project", "")
    if not project.replace("_", "").isalnum():
        raise TransportError(
            'The channel\'s options need the project\'s key, e.g. {"project": "SRCH"}.', permanent=True
        )
    return project


def _create(rest: Rest, letter: Letter, ticket: TicketState) -> str:
    fields = {
        "project": {"key": _project(letter)},
        "issuetype": {"name": letter.options.get("issue_type", "Task")},
        "labels": ["understudy", ticket.reference],
        **_fields(letter, ticket, is_new=True),
    }
    try:
        created = _with_optional_day(lambda body: rest.post(f"{_API}/issue", body), fields)
    except LostAnswer as error:
        raise TransportError(
            f"Whether the ticket was created is not known: {error}",
            is_destination_down=True,
            retry_after=SEARCH_LAG,
        ) from error
    return str(created["key"])


def _update(rest: Rest, letter: Letter, ticket: TicketState, key: str) -> str:
    """Bring the ticket up to date and say in a comment what is new, unless that comment is there already."""
    comments = rest.get(f"{_API}/issue/{key}/comment?orderBy=-created&maxResults={_COMMENTS}")
    if letter.reference not in str(comments.get("comments", "")):
        _with_optional_day(lambda body: rest.put(f"{_API}/issue/{key}", body), _fields(letter, ticket, is_new=False))
        rest.post(f"{_API}/issue/{key}/comment", {"body": ticket_text.comment(letter)})
    return key


def _fields(letter: Letter, ticket: TicketState, *, is_new: bool) -> dict[str, Any]:
    return {
        "summary": ticket.todo.title[:_SUMMARY_LENGTH],
        "description": ticket_text.description(letter, ticket, is_new=is_new),
        "duedate": ticket.todo.due_on.isoformat(),
    }


def _with_optional_day(ask: Callable[[dict[str, Any]], dict[str, Any]], fields: dict[str, Any]) -> dict[str, Any]:
    """Ask with `fields`; where the project's screens have no due date, again without it: the text names it too."""
    try:
        return ask({"fields": fields})
    except Refused as error:
        if error.fields != {"duedate"}:
            raise
    return ask({"fields": {name: value for name, value in fields.items() if name != "duedate"}})
