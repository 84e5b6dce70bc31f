"""People talk about a proposal before it is decided: comments, questions with their answers, links to evidence."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from governance import audit
from governance.models import Comment, Proposal
from governance.models.deliberation import SCHEMES
from governance.refused import Refused, invalid, written
from governance.snapshot import snapshot
from registry.models import User

_is_address = URLValidator(SCHEMES)
_LONGEST_LINK = Comment._meta.get_field("link").max_length or 0


def comment(proposal: Proposal, *, author: User, text: str, now: datetime, link: str = "") -> Comment:
    """Say something, perhaps with a link to evidence. Refused: `not_allowed`, `closed`, `invalid`."""
    return _write(Comment(proposal=proposal, kind=Comment.Kind.COMMENT), author, text, link, now=now)


def ask(
    proposal: Proposal, *, author: User, text: str, now: datetime, link: str = "", asked_of: User | None = None
) -> Comment:
    """Ask for information: open until it is answered, and on the home page of who is asked (left out: the proposer).

    Refused: `not_allowed`, `closed`, `invalid`.
    """
    asked = asked_of or proposal.proposer
    if not asked.is_active:
        raise invalid("asked_of", f"asked_of: {asked} cannot log in any more. Ask somebody else.")
    return _write(Comment(proposal=proposal, kind=Comment.Kind.QUESTION, asked_of=asked), author, text, link, now=now)


def answer(question: Comment, *, author: User, text: str, now: datetime, link: str = "") -> Comment:
    """Answer an open question: who is asked, or the proposer. Refused: `not_allowed`, `closed`, `invalid`."""
    if question.kind != Comment.Kind.QUESTION:
        raise invalid("answers", "answers: only a question is answered.")
    if author.pk not in (question.asked_of_id, question.proposal.proposer_id):
        raise Refused("not_allowed", f"{question.asked_of} is asked, or the proposer answers.")
    row = Comment(proposal=question.proposal, kind=Comment.Kind.ANSWER, answers=question)
    return _write(row, author, text, link, now=now)


def _write(row: Comment, author: User, text: str, link: str, *, now: datetime) -> Comment:
    row.author, row.text, row.link, row.written_at = author, written("text", text), _checked(link), now
    with transaction.atomic():
        # Read anew: what the caller holds may be older than the loss of the right.
        if not User.objects.get(pk=author.pk).has_perm("governance.add_comment"):
            raise Refused("not_allowed", "Only who has a role here takes part.")
        locked = Proposal.objects.select_for_update().get(pk=row.proposal_id)
        if locked.state != Proposal.State.SUBMITTED:
            raise Refused("closed", f"This proposal is closed: {locked.get_state_display().lower()}.")
        if row.answers_id is not None and Comment.objects.filter(answers=row.answers_id).exists():
            raise Refused("closed", "This question was answered already.")
        row.save()
        names = ("proposal", "kind", "text", "link", "asked_of", "answers")
        said = {name: value for name, value in snapshot(row).items() if name in names}
        audit.record(f"governance:{row.kind}:written", row, actor=author, after=said)
    return row


def _checked(link: str) -> str:
    """`link`, if a browser would open it as a page."""
    link = link.strip()
    if not link:
        return ""
    try:
        _is_address(link)
    except ValidationError as error:
        raise invalid("link", "link: a whole address that begins with https:// or http://.") from error
    if len(link) > _LONGEST_LINK:
        raise invalid("link", f"link: at most {_LONGEST_LINK} characters.")
    # The check of the scheme does not mind capitals; the table, and whoever reads it, does.
    scheme, _, rest = link.partition("://")
    return f"{scheme.lower()}://{rest}"
