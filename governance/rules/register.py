"""1xx: is it registered, owned, adopted for this use, and not blocked?

Whether a ref names anything at all is asked before there is a use: `unresolved`.
"""

from collections.abc import Iterator

from governance.rules.case import Case
from governance.rules.english import DISTRIBUTION, for_purpose, listed
from governance.rules.facts import AdoptionFacts, Use
from governance.rules.findings import Flaw, Page


def unresolved(problem: str, message: str) -> Flaw:
    """The flaw of a ref that names no offering: `problem` is unknown, ambiguous or malformed."""
    if problem == "unknown":
        fix = "Add the model to the register, or write the id under which the register knows it."
        return Flaw(rule="UD101", message=message, fix=fix, page=Page("models"))
    fix = "Add “via” with the host that is called, or write the purl of the offering that is meant."
    if problem == "malformed":
        fix = "Write pkg:huggingface/<namespace>/<name>@<commit>, pkg:generic/<host>/<id>, provider/model or a Hub id."
    return Flaw(rule="UD105", message=message, fix=fix)


def unnamed(use: Use) -> Flaw:
    """The flaw of a declared use that a list of all models does not name."""
    where = f"{use.system.name} in {use.system.environment}"
    return Flaw(
        rule="UD107",
        message=f"{use.offering} is declared{for_purpose(use)} by {where}, and what was checked, said to be everything, "
        "does not name it.",
        fix="Enter the day on which the dependency ended, or name the model in what you check.",
        page=Page("dependency", use.dependency.id) if use.dependency else None,
    )


def judge(case: Case) -> Iterator[Flaw]:
    yield from _declaration(case)
    yield from _withdrawn(case)
    yield from _owner(case)
    yield from _adoption(case)
    yield from _blocks(case)


def _declaration(case: Case) -> Iterator[Flaw]:
    """What is not declared has no plan either; one finding says both."""
    use = case.use
    if use.dependency is not None:
        return
    where = f"{use.system.name} in {use.system.environment}"
    instead = f" It is declared for {listed(use.declared_for)}." if use.declared_for else ""
    yield Flaw(
        rule="UD106",
        message=f"{use.offering} is used and not declared{for_purpose(use)} by {where}, so nothing stands ready for it."
        f"{instead}",
        fix=f"Declare the dependency of {where} with its purpose, and give it a plan.",
        page=case.use_page,
    )


def _withdrawn(case: Case) -> Iterator[Flaw]:
    if case.offering.register_state == "withdrawn":
        yield Flaw(
            rule="UD101",
            message=f"{case.offering.model_name} was withdrawn from the register.",
            fix=f"{case.switch}, or have {case.offering.model_name} listed again.",
            page=Page("model", case.offering.model_id),
        )


def _owner(case: Case) -> Iterator[Flaw]:
    name, owner, page = case.offering.model_name, case.offering.owner, Page("model", case.offering.model_id)
    if not owner:
        yield Flaw(
            rule="UD102", message=f"{name} has no owner.", fix=f"Name the team that answers for {name}.", page=page
        )
    elif not case.offering.has_active_owner:
        yield Flaw(
            rule="UD102",
            message=f"{name} belongs to {owner}, and that team has no active owner.",
            fix=f"Name an active owner in {owner}, or give {name} to another team.",
            page=page,
        )


def _adoption(case: Case) -> Iterator[Flaw]:
    use = case.use
    if not use.purpose:
        # Nobody said what for: one adoption for any purpose is all that can be asked for here. UD401 asks for the rest.
        if any(_is_of_this_distribution(adoption, use) for adoption in case.offering.adoptions):
            return
        message = f"{case.offering} is not adopted for any purpose in {DISTRIBUTION[use.system.distribution]}."
    elif use.adoption is None:
        message = f"{case.offering} is not adopted{_this_use(use)}.{_adopted_instead(case)}"
    elif use.adoption.ended_at is not None:
        why = f": {use.adoption.end_reason}" if use.adoption.end_reason else ""
        message = f"The adoption of {case.offering}{_this_use(use)} ended on {use.adoption.ended_at.date()}{why}."
    else:
        return
    fix = f"Propose the adoption of {case.offering}{_this_use(use)}; somebody else decides."
    yield Flaw(rule="UD103", message=message, fix=fix, page=case.adoption_page)


def _this_use(use: Use) -> str:
    return f"{for_purpose(use)} in {DISTRIBUTION[use.system.distribution]}"


def _is_of_this_distribution(adoption: AdoptionFacts, use: Use) -> bool:
    return adoption.distribution == use.system.distribution and not adoption.is_ended


def _adopted_instead(case: Case) -> str:
    others = [adoption for adoption in case.offering.adoptions if not adoption.is_ended]
    uses = sorted({f"{adoption.purpose} in {DISTRIBUTION[adoption.distribution]}" for adoption in others})
    return f" It is adopted for {listed(uses)}." if uses else ""


def _blocks(case: Case) -> Iterator[Flaw]:
    for block in case.offering.blocks:
        until = f" until {block.until}" if block.until else ""
        yield Flaw(
            rule="UD104",
            message=f"{case.offering} must not be used{until}: {block.subject} is blocked. {block.reason}",
            fix=f"{case.switch}, or ask a reviewer to lift the block.",
            page=Page("blocks"),
        )
