"""Turns an answer without a verdict into one sentence and one hint (RFC 9457 problem details)."""

import json
from http import HTTPStatus

from understudy.errors import CouldNotCheckError
from understudy.transport import Reply

REDIRECTS = range(300, 400)
FAULTS = 500
BUSY, TOO_MANY = 409, 429
# 409: the attempt before is still being answered under the same key.
RETRYABLE = frozenset({409, 502, 503, 504})
HINTS = {
    401: "Check UNDERSTUDY_TOKEN: it may be mistyped, expired or revoked.",
    403: "The token is known but may not check this system.",
    404: "Check the system's slug, and that --url is the base address of an Understudy server.",
    413: "Check parts of the repository by path, each with a manifest of its own.",
    422: "Check the environment and the manifest against the register.",
    429: "Too many requests with this token; run the check again later.",
}


def explain_reply(reply: Reply) -> CouldNotCheckError:
    """The error for a reply whose status is not 200."""
    message = f"the server answered {reply.status} {_phrase(reply.status)}".rstrip()
    if reply.status in REDIRECTS:
        target = f"{message}, a redirect to {reply.location or 'nowhere'}, which is not followed"
        hint = "A token must not travel to another address. Set --url to the final one."
        return CouldNotCheckError(target, hint=hint, is_passing=False)
    if reply.retry_after:
        message = f"{message} (Retry-After: {reply.retry_after})"
    return CouldNotCheckError(
        f"{message}: {_details(reply)}",
        hint=HINTS.get(reply.status, ""),
        retryable=reply.status in RETRYABLE,
        retry_after=_seconds(reply.retry_after),
        is_passing=reply.status >= FAULTS or reply.status in {BUSY, TOO_MANY},
    )


def _details(reply: Reply) -> str:
    """What the problem details say, each thing once, or that there are none."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return f"no details, only {len(reply.body)} bytes of {reply.content_type}"
    said = [document.get("title"), document.get("detail"), *_field_errors(document.get("errors"))]
    # The title often is the status in words, the detail often the first of the field errors.
    sentences = dict.fromkeys(str(text) for text in said if text and text != _phrase(reply.status))
    code = f" (code {document['code']})" if document.get("code") else ""
    return ("; ".join(sentences) or "no details") + code


def _field_errors(errors: object) -> list[str]:
    """One text for each refused field; of an unknown shape, the JSON as it came."""
    entries = errors if isinstance(errors, list) else [errors] if errors else []
    return [_field_error(entry) for entry in entries]


def _field_error(entry: object) -> str:
    if isinstance(entry, dict) and {"field", "message"} <= entry.keys():
        return f"{entry['field']}: {entry['message']}"
    return json.dumps(entry, ensure_ascii=False)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _seconds(retry_after: str) -> float:
    """The seconds form of Retry-After; 0 for none, for a date or for nonsense."""
    # Long digit strings are nonsense too, and int() would refuse the longest.
    return float(retry_after[:9]) if retry_after.isascii() and retry_after.isdigit() else 0.0
