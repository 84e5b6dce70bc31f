"""The rules: code, title, why, and how heavy each weighs where no policy says otherwise.

A new rule is one entry here, one function in its family's file, one page in `docs/rules/` and one test.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ERROR, WARNING, NOTE, OFF = "error", "warning", "note", "off"
LEVELS = (OFF, NOTE, WARNING, ERROR)
CRITICALITIES = ("critical", "important", "normal", "experimental")
PRODUCTION, NONPRODUCTION = ENVIRONMENT_CLASSES = ("production", "nonproduction")

Levels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `levels` is by environment class, then by criticality.

    A rule that says that a ref cannot be judged, or must not be used at all, can be neither waived nor switched off.
    """

    code: str
    title: str
    why: str
    levels: Levels
    is_waivable: bool = True

    @property
    def page(self) -> str:
        """Where its documentation is served, below the base URL."""
        return f"/rules/{self.code}/"

    @property
    def is_about_plans(self) -> bool:
        return self.code.startswith("UD4")


def _levels(production: str, nonproduction: str) -> Levels:
    """From the initials of the levels, critical to experimental: `EEWN` reads error, error, warning, note."""
    names = {"E": ERROR, "W": WARNING, "N": NOTE}
    return {
        klass: {criticality: names[initial] for criticality, initial in zip(CRITICALITIES, initials, strict=True)}
        for klass, initials in ((PRODUCTION, production), (NONPRODUCTION, nonproduction))
    }


_ALL = (
    Rule(
        "UD101",
        "Not in the register",
        "What nobody registered nobody owns, watches or has a way out of.",
        _levels("EEEW", "WWWW"),
        is_waivable=False,
    ),
    Rule(
        "UD102",
        "No owner, or the owner has left",
        "When upstream changes, somebody must be there to act.",
        _levels("EWWN", "WWNN"),
    ),
    Rule(
        "UD103",
        "Not adopted for this use",
        "A model may be fine for one purpose or inside the house and not for another or at a customer's.",
        _levels("EEEW", "WWWN"),
    ),
    Rule(
        "UD104",
        "Blocked",
        "A reviewer has said, with a reason, that it must not be used.",
        _levels("EEEE", "EEEE"),
        is_waivable=False,
    ),
    Rule(
        "UD105",
        "Ambiguous or malformed ref",
        "What cannot be told apart cannot be judged.",
        _levels("EEEE", "EEEE"),
        is_waivable=False,
    ),
    # These two the CI client finds: it sees the code, and compares it with the manifest.
    Rule(
        "UD106",
        "Used but not declared",
        "For what nobody declared nothing stands ready, and nobody is told when it changes.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD107",
        "Declared but not used",
        "A dependency that has ended keeps asking for plans, and hides what really depends on a vendor.",
        _levels("NNNN", "NNNN"),
    ),
    Rule(
        "UD201",
        "License unknown",
        "Without a license there is no right to use it.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD202",
        "License class not allowed here",
        "What may run inside the house may not always be sold as a service or shipped to customers.",
        _levels("EEEW", "WWWN"),
    ),
    Rule(
        "UD203",
        "License changed since adoption",
        "The decision to use it rests on other terms than those in force.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD301",
        "Retired, removed or disabled upstream",
        "It cannot be fetched or called any more.",
        _levels("EEEW", "WWWN"),
    ),
    Rule(
        "UD302",
        "Retires within the lead time",
        "Moving takes time; a date that is nearer than the move is an outage with a date.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD303",
        "Deprecated without a date",
        "Its end is announced, only the day is not.",
        _levels("WWWN", "NNNN"),
    ),
    Rule(
        "UD304",
        "Gated since adoption",
        "A new machine cannot fetch it without consent to terms that nobody here has read.",
        _levels("EEWN", "WNNN"),
    ),
    Rule(
        "UD305",
        "Re-registered: same name, other identity",
        "Whoever takes over a name serves their own weights under it.",
        _levels("EEEE", "EEEE"),
        is_waivable=False,
    ),
    Rule(
        "UD306",
        "Not confirmed for too long",
        "What may have changed since the source fell silent nobody here would know.",
        _levels("EEEW", "NNNN"),
    ),
    Rule(
        "UD307",
        "Revision not pinned, or not the adopted one",
        "What was looked at and what runs may be two different things.",
        _levels("EWWN", "NNNN"),
    ),
    Rule(
        "UD401",
        "No plan, or no approved alternative",
        "When the vendor goes, nothing stands ready.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD402",
        "Alternative of the same vendor",
        "Who takes away the one can take away the other.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD403",
        "Alternative not shown to be independent",
        "Behind an unknown lineage the same vendor may stand.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD404",
        "Alternative not usable here",
        "A way out that is itself closed is none.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD405",
        "Never drilled, or the last drill has expired or failed",
        "A way out that nobody has walked is a hope; how long it takes is known once somebody did.",
        _levels("EWNN", "NNNN"),
    ),
    Rule(
        "UD406",
        "Alternative lacks a needed capability",
        "A way out that cannot do the work is none.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD407",
        "Served by the same host",
        "An outage, a lock-out or an embargo of one host takes both.",
        _levels("WWNN", "NNNN"),
    ),
    Rule(
        "UD408",
        "Concentration on one vendor",
        "A vendor behind most of what runs can stop most of what runs, however good each plan is.",
        _levels("WWWN", "NNNN"),
    ),
    Rule(
        "UD409",
        "The fallbacks of a gateway drift from the approved plans",
        "What was approved takes over only where the gateway does what was approved.",
        _levels("WWWN", "NNNN"),
        is_waivable=False,
    ),
    Rule(
        "UD501",
        "A decision has expired, or a fact it rests on has changed",
        "A decision holds for what was decided on, and for as long as it was given.",
        _levels("EEWN", "WWNN"),
    ),
    Rule(
        "UD502",
        "A waiver is in force",
        "Green for a reason that ends should say so.",
        _levels("WWWW", "WWWW"),
        is_waivable=False,
    ),
    Rule(
        "UD503",
        "Break-glass is in force",
        "One person alone has opened the gate; whoever ships through it should know, and so should everybody else.",
        _levels("WWWW", "WWWW"),
        is_waivable=False,
    ),
)
RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}
