"""Tickets as files: the tracker of a platform that has none."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from governance.transports.base import Letter, Line, Section, TicketState, Todo, TransportError
from governance.transports.folder import Folder

LINE = Line(
    headline="Claude Sonnet 5 retires on 2026-06-30",
    severity="warning",
    explanations=("It is the model in use.",),
    model="claude-sonnet-5",
    purpose="chat",
    environment="Production",
    detected_on=date(2026, 4, 15),
    effective_on=date(2026, 6, 30),
    source="LiteLLM price map",
    evidence_url="https://example.org/map.json",
)
TODO = Todo(
    headline="Claude Sonnet 5 retires on 2026-06-30",
    title="Support assistant: move away from claude-sonnet-5",
    what_to_do="Switch to an approved alternative.",
    due_on=date(2026, 6, 1),
    state="open",
    url="https://understudy.example/actions/1/",
)
LETTER = Letter(
    key="ticket:1:retirement:1",
    reference="understudy-notice-1",
    address="tickets",
    options={"project": "CARE"},
    team="Customer Care",
    sections=(
        Section(
            system="Support assistant",
            criticality="critical",
            owner="Customer Care (Ben Adeyemi)",
            url="https://understudy.example/systems/1/",
            todos=(TODO,),
            lines=(LINE,),
        ),
    ),
    home_url="https://understudy.example/",
    ticket=TicketState(reference="understudy-ticket-1", todo=TODO, history=(LINE,)),
)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.TICKET_FOLDER = tmp_path / "tickets"
    return tmp_path / "tickets"


def test_a_ticket_names_system_owner_date_fix_and_link(folder: Path) -> None:
    receipt = Folder().send(LETTER)
    text = (folder / f"{receipt.external_key}.md").read_text()

    assert receipt.external_key == "CARE-1"
    for said in (
        "# Support assistant: move away from claude-sonnet-5",
        "**System:** [Support assistant (critical)](https://understudy.example/systems/1/)",
        "**Owner:** Customer Care (Ben Adeyemi)",
        "**Due:** 2026-06-01",
        "Switch to an approved alternative.",
        "[LiteLLM price map](https://example.org/map.json)",
    ):
        assert said in text


def test_a_second_attempt_and_a_later_notice_find_the_same_ticket(folder: Path) -> None:
    first = Folder().send(LETTER)
    again = Folder().send(LETTER)
    later = Folder().send(replace(LETTER, reference="understudy-notice-2"))

    assert first.external_key == again.external_key == later.external_key
    assert [path.name for path in folder.iterdir()] == ["CARE-1.md"]


def test_another_concern_gets_the_next_number(folder: Path) -> None:
    assert LETTER.ticket is not None
    Folder().send(LETTER)
    other = Folder().send(replace(LETTER, ticket=replace(LETTER.ticket, reference="understudy-ticket-2")))

    assert other.external_key == "CARE-2"
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_tried_again_later(folder: Path) -> None:
    folder.touch()

    with pytest.raises(TransportError) as refused:
        Folder().send(LETTER)

    assert not refused.value.permanent


def test_production_without_a_tracker_writes_no_tickets_that_nobody_sees(settings: Settings) -> None:
    settings.TICKET_FOLDER = None

    with pytest.raises(TransportError) as refused:
        Folder().send(LETTER)

    assert refused.value.permanent
