"""Forms of the talk about a proposal."""

from datetime import datetime
from typing import Any

from django import forms

from governance import proposals
from governance.admin.pages.forms import long_text
from governance.models import Comment, Proposal
from registry.models import User


def _link() -> forms.URLField:
    return forms.URLField(
        label="Evidence",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="The address of a document, a run, a ticket.",
    )


class TalkForm(forms.Form):
    """What `proposals.comment` and `proposals.ask` take: the button that was pressed chooses."""

    text = long_text(label="Say or ask")
    link = _link()
    kind = forms.ChoiceField(choices=[("comment", "Comment"), ("question", "Ask the proposer")])

    def write(self, proposal: Proposal, *, author: User, now: datetime) -> Comment:
        data: dict[str, Any] = self.cleaned_data
        write = proposals.ask if data["kind"] == "question" else proposals.comment
        return write(proposal, author=author, text=data["text"], link=data["link"], now=now)


class AnswerForm(forms.Form):
    """What `proposals.answer` takes."""

    text = long_text(label="Answer")
    link = _link()

    def __init__(self, *args: Any, question: Comment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.question = question

    def write(self, _proposal: Proposal, *, author: User, now: datetime) -> Comment:
        if self.question is None:
            raise ValueError("The form was made without its question")
        return proposals.answer(self.question, author=author, now=now, **self.cleaned_data)
