"""The mails that the embedded mode writes as files, to be read in the browser; what they say stays inert."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from governance.admin.pages.frame import person_of, show

NEWEST = 100


@dataclass(frozen=True, slots=True)
class Mail:
    """One file of the folder with the headers that a list shows."""

    name: str
    subject: str
    sender: str
    to: str
    written_at: datetime
    text: str
    html: str


def load_all(folder: Path) -> list[Mail]:
    """The newest mails, newest first; a folder that does not exist yet holds none."""
    files = sorted(folder.glob("*"), key=lambda file: (file.stat().st_mtime, file.name), reverse=True)
    return [_read(file) for file in files[:NEWEST] if file.is_file()]


def load_one(folder: Path, name: str) -> Mail | None:
    """The mail of that file name; None where the folder itself lists no such file, whatever the name tries."""
    for file in folder.glob("*"):
        if file.name == name and file.is_file() and not file.is_symlink():
            return _read(file)
    return None


def _read(file: Path) -> Mail:
    # Django's file backend ends each message with a line of dashes.
    content = file.read_bytes().rsplit(b"\n" + b"-" * 79, 1)[0]
    message = message_from_bytes(content, policy=policy.default)
    return Mail(
        name=file.name,
        subject=str(message["Subject"] or "(no subject)"),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        written_at=datetime.fromtimestamp(file.stat().st_mtime, tz=UTC),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def mails(request: HttpRequest) -> HttpResponse:
    _require_reader(request)
    return show(request, "mails.html", title="Mail", mails=load_all(settings.MAIL_FOLDER))


def mail(request: HttpRequest, name: str) -> HttpResponse:
    _require_reader(request)
    found = load_one(settings.MAIL_FOLDER, name)
    if found is None:
        raise Http404(f"There is no mail {name!r} in the folder.")
    return show(request, "mail.html", title=found.subject, mail=found)


def _require_reader(request: HttpRequest) -> None:
    if not person_of(request).has_perm("governance.view_notice"):
        raise PermissionDenied
