"""E-mail: one digest per recipient and window, as text and HTML, through Django's mail backends."""

from email.utils import parseaddr
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from typing import ClassVar

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives
from django.template.loader import render_to_string

from governance.headlines import one_line
from governance.transports.base import Letter, Receipt, Style, TransportError

_SUBJECT_LENGTH = 150
_PERMANENT_FROM = 500


class Email:
    """Sends a letter as one mail; its Message-ID is the same on every attempt, so that receivers drop a second one."""

    style: ClassVar[Style] = Style.DIGEST
    max_attempts: ClassVar[int] = 8

    def lane(self, address: str) -> str:  # noqa: ARG002 - one mail server serves every address
        return "email"

    def send(self, letter: Letter) -> Receipt:
        try:
            compose(letter).send()
        except BadHeaderError as error:
            raise TransportError(f"The address or subject cannot stand in a header: {error}", permanent=True) from error
        except SMTPRecipientsRefused as error:
            raise _refused(letter, error) from error
        except SMTPResponseException as error:
            raise _answered(error) from error
        except (SMTPException, OSError) as error:
            raise TransportError(
                f"The mail server cannot be reached: {type(error).__name__}: {error}", is_destination_down=True
            ) from error
        return Receipt(detail=f"to {letter.address}")


def _refused(letter: Letter, error: SMTPRecipientsRefused) -> TransportError:
    code, reason = error.recipients.get(letter.address, (0, b""))
    return TransportError(
        f"The mail server refuses {letter.address}: {code} {_text(reason)}", permanent=code >= _PERMANENT_FROM
    )


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _answered(error: SMTPResponseException) -> TransportError:
    text = _text(error.smtp_error)
    # A refused sender or log-in is ours to put right; the letter itself is good and waits.
    is_about_us = isinstance(error, SMTPSenderRefused) or error.smtp_code in (530, 535)
    return TransportError(
        f"The mail server answered {error.smtp_code} {text}",
        permanent=error.smtp_code >= _PERMANENT_FROM and not is_about_us,
        is_destination_down=is_about_us,
    )


def compose(letter: Letter) -> EmailMultiAlternatives:
    """The mail of a digest, or of an alert."""
    context = {"letter": letter, "summary": summary(letter)}
    template = "mail/alert" if letter.alert else "mail/digest"
    message = EmailMultiAlternatives(
        subject=subject(letter),
        body=render_to_string(f"{template}.txt", context),
        to=[letter.address],
        headers={
            "Message-ID": f"<{letter.reference}@{_domain()}>",
            "List-Id": f"Understudy for {one_line(letter.team)} <understudy.{_domain()}>",
            # Keeps holiday replies away.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    message.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return message


def subject(letter: Letter) -> str:
    """What one has to know before opening it: a single piece of news itself, else how much and by when."""
    if letter.alert is not None:
        words = letter.alert.headline
    elif len(letter.todos) == 1 and len(letter.sections) == 1:
        words = f"{letter.todos[0].title} (to do by {letter.todos[0].due_on})"
    elif len(letter.lines) == 1:
        words = f"{letter.sections[0].system}: {letter.lines[0].headline}"
    else:
        words = summary(letter)
    return f"[Understudy] {one_line(words)}"[:_SUBJECT_LENGTH]


def summary(letter: Letter) -> str:
    """How much there is, as a clause: `3 to do, the first by 2026-05-01; 12 changes in 2 systems`."""
    changes = f"{_count(len(letter.lines), 'change')} in {_count(len(letter.sections), 'system')}"
    if not letter.todos:
        return f"{changes}, nothing to do"
    first = min(todo.due_on for todo in letter.todos)
    return f"{len(letter.todos)} to do, the first by {first}; {changes}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
