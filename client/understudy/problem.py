"""Turns an answer without a verdict into one sentence and one hint (RFC 9457 problem details)."""

import json
from http import HTTPStatus

from understudy.errors import CouldNotCheckError
from understudy.transport import Reply

REDIRECTS = range(300, 400)
RETRYABLE = frozenset({502, 503, 504})
HINTS = {
    401: "Check UNDERSTUDY_TOKEN: it may be mistyped, expired or revoked.",
    403: "The token is known but may not check this system.",
    404: "Check the system's slug, and that --url is the base address of an Understudy server.",
    422: "Check the environment and the manifest against the register.",
    429: "Too many requests with this token; run the check again later.",
}


def explain_reply(reply: Reply) -> CouldNotCheckError:
    """The error for a reply whose status is not 200."""
    message = f"the server answered {reply.status} {_phrase(reply.status)}".rstrip()
    if reply.status in REDIRECTS:
        target = f"{message}, a redirect to {reply.location or 'nowhere'}, which is not followed"
        hint = "A token must not travel to another address. Set --url to the final one."
        return CouldNotCheckError(target, hint=hint)
    if reply.retry_after:
        message = f"{message} (Retry-After: {reply.retry_after})"
    return CouldNotCheckError(
        f"{message}: {_details(reply)}",
        hint=HINTS.get(reply.status, ""),
        retryable=reply.status in RETRYABLE,
        retry_after=_seconds(reply.retry_after),
    )


def _details(reply: Reply) -> str:
    """What the problem details say, or that there are none."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f"no details, only {len(reply.body)} bytes of {reply.content_type}"
    said = ": ".join(str(document[key]) for key in ("title", "detail") if document.get(key))
    # `errors` names each refused field; servers give it in many shapes, so it is shown as it came.
    rest = [f"{key} {_compact(document[key])}" for key in ("errors", "code") if document.get(key)]
    return f"{said} ({', '.join(rest)})".strip() if rest else said or "no details"


def _compact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _seconds(retry_after: str) -> float:
    """The seconds form of Retry-After; 0 for none, for a date or for nonsense."""
    # Long digit strings are nonsense too, and int() would refuse the longest.
    return float(retry_after[:9]) if retry_after.isascii() and retry_after.isdigit() else 0.0
