"""What a ticket says: system, owner, day, what to do, where to look it up. Pure."""

from governance.transports import adf
from governance.transports.base import Letter, Line, TicketState


def description(letter: Letter, ticket: TicketState, *, is_new: bool) -> adf.Node:
    """The whole ticket as it stands; later changes rewrite it. A new one names the notice that created it."""
    section, todo = letter.sections[0], ticket.todo
    uses = sorted({f"{line.model}, for {line.purpose} in {line.environment}" for line in ticket.history})
    facts = [
        _fact("System", adf.link(f"{section.system} ({section.criticality})", section.url)),
        _fact("Owner", adf.text(section.owner)),
        _fact("Uses", adf.text("; ".join(uses))),
        _fact("Due", adf.text(todo.due_on.isoformat())),
        _fact("State in Understudy", adf.text(todo.state)),
    ]
    return adf.document(
        adf.heading("What to do"),
        adf.paragraph(adf.text(todo.what_to_do)),
        adf.paragraph(adf.link("Acknowledge, snooze or close it in Understudy", todo.url)),
        adf.bullets(facts),
        adf.heading("What changed"),
        adf.bullets(_said(line) for line in ticket.history),
        adf.paragraph(
            adf.text("Understudy keeps this text up to date; comment below rather than edit it. "),
            adf.text(f"Reference: {ticket.reference}{f' {letter.reference}' if is_new else ''}"),
        ),
    )


def comment(letter: Letter) -> adf.Node:
    """What is new since the ticket was last touched. It names the notice, so that it is said once."""
    todo = letter.todos[0] if letter.todos else None
    due = f"Due {todo.due_on}: {todo.what_to_do}" if todo else "Nothing is left to do."
    return adf.document(
        adf.bullets(_said(line) for line in letter.lines),
        adf.paragraph(adf.text(due)),
        adf.paragraph(adf.text(f"Reference: {letter.reference}")),
    )


def _fact(name: str, value: adf.Node) -> adf.Node:
    return adf.paragraph(adf.bold(f"{name}: "), value)


def _said(line: Line) -> adf.Node:
    effective = f" In effect on {line.effective_on}." if line.effective_on else ""
    words = f". {' '.join(line.explanations)}{effective} Seen on {line.detected_on}. Source: "
    return adf.paragraph(adf.bold(line.headline), adf.text(words), adf.link(line.source, line.evidence_url))
