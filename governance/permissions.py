"""Who may do what: one table of rights, asked through Django's `has_perm("app.action_model", row)`.

A role is a group (viewer, owner, reviewer, admin, legal). Owners change the rows of their own teams; asked without a row
(lists, empty forms) the answer is whether there could be such a row. Nothing is remembered between two questions, so
a right taken away is gone at once; a caller that asks often for one request may `prefetch_related_objects([user],
"groups", "memberships")`, which Django forgets again as soon as the person's groups change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Model
from rules.permissions import set_perm
from rules.predicates import Predicate

from governance import models as decisions
from governance.models import (
    Action,
    Attestation,
    BreakGlass,
    Delegation,
    Gateway,
    GatewayReport,
    Pipeline,
    Proposal,
    Token,
)
from governance.stakes import has_stake
from registry import models as facts
from registry.models import (
    AIModel,
    Alternative,
    Dependency,
    Drill,
    FallbackPlan,
    Offering,
    PlanRevision,
    System,
    User,
)

VIEWER, OWNER, REVIEWER, ADMIN, LEGAL = ROLES = ("viewer", "owner", "reviewer", "admin", "legal")
DECIDERS = frozenset({REVIEWER, LEGAL})

Person = User | AnonymousUser


def roles_of(user: Person) -> frozenset[str]:
    """The person's roles at this moment; none for somebody who is locked out or not logged in."""
    if not user.is_active:
        return frozenset()
    return frozenset(group.name for group in user.groups.all()) & frozenset(ROLES)


def team_ids_of(user: Person) -> frozenset[int]:
    """The teams that the person belongs to at this moment."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    return frozenset(member.team_id for member in user.memberships.all() if member.left_on is None)


def _plan_team(plan: FallbackPlan) -> int | None:
    if plan.dependency:
        return plan.dependency.system.team_id
    return plan.model.owner_id if plan.model else None


# Whose row it is, by model. Only models that owners may change stand here.
_TEAM_OF: dict[type[Model], Callable[[Any], int | None]] = {
    AIModel: lambda row: row.owner_id,
    Offering: lambda row: row.model.owner_id,
    System: lambda row: row.team_id,
    Dependency: lambda row: row.system.team_id,
    FallbackPlan: _plan_team,
    PlanRevision: lambda row: _plan_team(row.plan),
    Alternative: lambda row: _plan_team(row.plan_revision.plan),
    Drill: lambda row: _plan_team(row.alternative.plan_revision.plan),
    Action: lambda row: row.team_id,
    BreakGlass: lambda row: row.system.team_id,
    Pipeline: lambda row: row.system.team_id,
    Gateway: lambda row: row.team_id,
    GatewayReport: lambda row: row.gateway.team_id,
    Attestation: lambda row: row.model.owner_id if row.model else row.dependency.system.team_id,
}


def _model_of(row: Model) -> AIModel | None:
    """The model whose deputy may act for its owner: the model itself, or the one whose default plan this is."""
    match row:
        case AIModel():
            return row
        case FallbackPlan() | Offering() | Attestation():
            return row.model
        case PlanRevision():
            return row.plan.model
        case Alternative():
            return row.plan_revision.plan.model
        case _:
            return None


def owns(user: Person, row: Model) -> bool:
    """Whether `row` belongs to one of the person's teams, or the person is the deputy of its model."""
    if not user.is_active:
        return False
    model = _model_of(row)
    return _TEAM_OF[type(row)](row) in team_ids_of(user) or (
        model is not None and model.deputy_id is not None and model.deputy_id == user.pk
    )


def _has_role(*roles: str) -> Predicate:
    return Predicate(lambda user, _row: not roles_of(user).isdisjoint(roles), name=" or ".join(roles))


def _uses_or_owns(user: Person, offering: Offering | None) -> bool:
    """Whoever depends on a model hears from its vendor, too, and not only its owner."""
    if offering is None or owns(user, offering):
        return True
    uses = Dependency.objects.current().filter(offering__model=offering.model_id)
    return uses.filter(system__team__in=team_ids_of(user)).exists()


def _owns_or_asks_generally(user: Person, row: Model | None) -> bool:
    return row is None or owns(user, row)


def _is_impartial(user: Person, row: Model | None) -> bool:
    if row is None:
        return True
    model = _model_of(row)
    is_deputy = model is not None and model.deputy_id is not None and model.deputy_id == user.pk
    return not is_deputy and not has_stake(team_ids_of(user), row)


def _is_unsubmitted(_user: Person, row: PlanRevision | Alternative | None) -> bool:
    if row is None:
        return True
    return not (row if isinstance(row, PlanRevision) else row.plan_revision).is_submitted


def _is_proposer(user: Person, proposal: Proposal | None) -> bool:
    return proposal is not None and proposal.proposer_id == user.pk


def _is_one_of_the_two(user: Person, delegation: Delegation | None) -> bool:
    return delegation is None or (isinstance(user, User) and delegation.concerns(user))


def _is_own_token(user: Person, token: Token | None) -> bool:
    return token is None or token.person_id == user.pk


def _made_pipeline(user: Person, pipeline: Pipeline | None) -> bool:
    return pipeline is not None and pipeline.made_by_id == user.pk


nobody = Predicate(lambda _user, _row: False, name="nobody")
anybody = _has_role(*ROLES)
admin = _has_role(ADMIN)
reviewer = _has_role(REVIEWER)
decider = _has_role(*DECIDERS)
steward = _has_role(REVIEWER, ADMIN)
# What decides whether a system passes is stated by a steward whose own teams do not have to pass with it.
impartial = Predicate(_is_impartial, name="without a stake")
impartial_steward = steward & impartial
own = _has_role(OWNER) & Predicate(_owns_or_asks_generally, name="of an own team")
own_draft = own & Predicate(_is_unsubmitted, name="not submitted")
own_token = anybody & Predicate(_is_own_token, name="own token")
reporter = _has_role(OWNER) & Predicate(_uses_or_owns, name="uses or owns it")
proposer = Predicate(_is_proposer, name="the proposer")
maker = Predicate(_made_pipeline, name="who named it")
one_of_the_two = Predicate(_is_one_of_the_two, name="one of the two")


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may add, change and delete rows of a model, and who may see them."""

    add: Predicate = nobody
    change: Predicate = nobody
    delete: Predicate = nobody
    view: Predicate = anybody


EVIDENCE = Rights()  # written by the platform alone, read by everybody
FACT = Rights(add=steward, change=steward, delete=admin)
DETAIL = Rights(add=steward, change=steward, delete=steward)  # hangs on a fact; taking it away is a correction
ADMINISTERED = Rights(add=admin, change=admin, delete=admin)

TABLE: dict[type[Model], Rights] = {
    # people
    facts.User: Rights(add=admin, change=admin),  # a leaver is deactivated: decisions and audit name people by id
    facts.Team: ADMINISTERED,
    facts.Member: ADMINISTERED,
    Group: Rights(view=admin),  # the roles are part of the product; people are put into them on their own page
    # Nobody makes one that acts as somebody else: it could decide on what its maker proposed.
    Token: Rights(add=own_token, change=own_token | admin, view=own_token | admin),  # to change it is to revoke it
    LogEntry: Rights(view=admin),
    # who makes it, what it is, where it is offered
    facts.Vendor: FACT,
    facts.VendorAlias: DETAIL,
    facts.HubNamespace: DETAIL,
    facts.VendorAncestor: EVIDENCE,
    facts.License: Rights(add=steward, change=impartial_steward, delete=admin),
    facts.LicenseName: DETAIL,
    AIModel: Rights(add=own | steward, change=own | steward, delete=admin),
    facts.LineageEdge: DETAIL,
    facts.ModelAncestor: EVIDENCE,
    facts.Offering: Rights(add=steward, change=impartial_steward, delete=admin),
    facts.Revision: DETAIL,
    facts.BomComponent: EVIDENCE,
    # An alias decides what a ref means in the gate, so owners do not write their own.
    facts.Alias: Rights(add=impartial_steward, change=impartial_steward, delete=impartial_steward),
    # who uses it
    facts.Environment: ADMINISTERED,
    System: Rights(add=own | admin, change=own | steward, delete=admin),
    Dependency: Rights(add=own | admin, change=own | admin),
    # what stands ready
    FallbackPlan: Rights(add=own, change=own),
    PlanRevision: Rights(add=own, change=own_draft, delete=own_draft),
    Alternative: Rights(add=own_draft, change=own_draft, delete=own_draft),
    Drill: Rights(add=own),  # evidence: another drill corrects it
    # upstream
    facts.Source: Rights(add=admin, change=admin),  # switched off, not deleted: observations hang on it
    facts.PollRun: EVIDENCE,
    facts.Rejected: EVIDENCE,
    facts.Listing: Rights(change=steward),
    facts.Observation: EVIDENCE,
    facts.Section: EVIDENCE,
    facts.HeldFact: EVIDENCE,
    facts.Incident: Rights(change=steward),  # releasing or dismissing what is held back
    facts.Change: Rights(add=steward),  # a vendor signal that a person reports
    facts.ProposedSignal: Rights(change=steward),  # taking it up or dismissing it
    # It stands above the vendor's own word in the gate: the team that has to pass there does not write it.
    facts.Correction: Rights(add=impartial_steward, change=impartial_steward),
    facts.Hint: EVIDENCE,
    facts.LicenseText: EVIDENCE,
    facts.RequestBudget: EVIDENCE,
    # decisions
    decisions.Policy: Rights(add=steward),  # a version never changes; what loosens waits for another person
    decisions.DryRun: Rights(add=steward),
    decisions.DryRunPart: EVIDENCE,
    BreakGlass: Rights(add=own | reviewer, change=own | reviewer),  # closing it; the use case asks who reviews
    Proposal: Rights(add=_has_role(OWNER, REVIEWER)),
    decisions.Decision: Rights(add=decider),
    decisions.Comment: Rights(add=anybody),
    decisions.Delegation: Rights(add=decider, change=(anybody & one_of_the_two) | admin),
    decisions.Reminder: EVIDENCE,
    decisions.Adoption: EVIDENCE,
    decisions.Approval: EVIDENCE,
    decisions.Basis: EVIDENCE,
    decisions.Waiver: EVIDENCE,
    decisions.Block: Rights(add=reviewer, change=reviewer),
    # the gate
    decisions.Check: Rights(add=anybody),
    decisions.Finding: EVIDENCE,
    Pipeline: Rights(add=own | admin, change=own | steward),  # to change it is to end it
    decisions.Grounds: EVIDENCE,
    decisions.IdempotencyKey: EVIDENCE,
    decisions.Outlook: EVIDENCE,
    decisions.Forewarning: EVIDENCE,
    # What it serves decides which plans it is held against; who runs it hands its configuration in.
    Gateway: Rights(add=own | steward, change=own | steward),
    GatewayReport: Rights(add=own | steward),
    decisions.Drift: EVIDENCE,
    # what if they go
    decisions.WhatIfReport: Rights(add=anybody),  # an answer to a question; the database refuses to change it
    decisions.Concentration: EVIDENCE,
    # telling
    decisions.Triage: EVIDENCE,
    decisions.TriageFailure: EVIDENCE,
    decisions.Evaluation: EVIDENCE,
    decisions.Impact: EVIDENCE,
    Action: Rights(change=own),
    Attestation: Rights(add=own),  # a later one stands beside it
    decisions.Channel: ADMINISTERED,
    decisions.Notice: Rights(change=admin),  # replaying a dead letter
    decisions.NoticeItem: EVIDENCE,
    decisions.Delivery: EVIDENCE,
    decisions.IncidentTold: EVIDENCE,
    decisions.Ticket: EVIDENCE,
    decisions.AuditEntry: EVIDENCE,
    decisions.SpentIdentity: EVIDENCE,
    decisions.Pace: EVIDENCE,
}

# Rights that are no add, change or delete of a row.
EXTRA: dict[str, Predicate] = {
    "governance.decide_proposal": decider & ~proposer,
    "governance.withdraw_proposal": proposer,
    "governance.lift_block": reviewer & impartial,
    "governance.agree_pipeline": steward & ~maker,
    "governance.view_leavers": steward,
    "governance.transfer_holdings": admin,
    # Lineage decides what counts as independent, so whoever has to pass with a model does not state it.
    "registry.assert_lineage": impartial_steward,
    # So does who belongs to whom.
    "registry.own_vendor": impartial_steward,
    # Two vendors that become one are never less entangled than before.
    "registry.merge_vendor": steward,
    # A tag may except a system from a rule, and its weight decides what is asked of it: not for its own team to say.
    "registry.weigh_system": impartial_steward,
    # A report counts only where nobody who knows better says otherwise.
    "registry.report_offering": reporter | steward,
}


def can_decide(user: Person) -> bool:
    """Whether this person is a reviewer. Superusers are no exception: only the role counts."""
    return REVIEWER in roles_of(user)


def deciding_roles_of(user: Person) -> frozenset[str]:
    """The roles in which this person gives decisions at this moment; what others lent them is not among them."""
    return roles_of(user) & DECIDERS


def passes_with(user: Person, proposal: Proposal) -> bool:
    """Whether a team of theirs passes the gate with what is asked for: a waiver or an alternative of its own system."""
    system = proposal.system or (proposal.dependency.system if proposal.dependency else None)
    return system is not None and system.team_id in team_ids_of(user)


def can_propose(user: Person) -> bool:
    """Whether the person may ask for a decision at all."""
    return user.has_perm("governance.add_proposal")


def can_propose_for(user: Person, dependency: Dependency) -> bool:
    """Whether the person may ask for a decision about `dependency`: its team's owners, and reviewers."""
    return can_propose_for_system(user, dependency.system)


def can_propose_for_system(user: Person, system: System) -> bool:
    return can_propose(user) and (user.is_superuser or can_decide(user) or owns(user, system))


def can_change_policy(user: Person) -> bool:
    """Whether the person may ask for another policy: reviewers and administrators."""
    return user.has_perm("governance.add_policy")


def can_break_glass(user: Person, system: System) -> bool:
    """Whether the person may hold the gate of `system` open: its team's owners, and reviewers."""
    return can_decide(user) or (OWNER in roles_of(user) and owns(user, system))


def can_retire(user: Person, model: AIModel) -> bool:
    """Whether the person may ask that `model` is retired: its owners, its deputy, and reviewers."""
    return can_propose(user) and (user.is_superuser or can_decide(user) or owns(user, model))


def can_report(user: User, offering: Offering) -> bool:
    """Whether the person may report a change of `offering`: who owns or uses the model, and stewards."""
    return user.has_perm("registry.report_offering", offering)


def can_correct(user: User, offering: Offering | None = None) -> bool:
    """Whether the person may put facts right: reviewers and administrators, and not of what their own team uses."""
    return user.has_perm("registry.add_correction", offering)


def can_lift(user: User, block: decisions.Block) -> bool:
    """Whether the person may lift `block`: a reviewer whose own teams would not pass by that."""
    return can_decide(user) and not has_stake(team_ids_of(user), block)


def can_act(user: Person, action: Action) -> bool:
    """Whether the person may acknowledge, snooze or finish `action`."""
    return user.has_perm("governance.change_action", action)


def register() -> None:
    """Hand the table to the `rules` library; called once, when governance is ready."""
    for model, rights in TABLE.items():
        label, name = model._meta.app_label, model._meta.model_name
        for action in ("view", "add", "change", "delete"):
            _allow(f"{label}.{action}_{name}", getattr(rights, action))
    # The admin asks whether an app has anything to show by the bare label of the app.
    for label in {model._meta.app_label for model in TABLE}:
        _allow(label, anybody)
    for name, predicate in EXTRA.items():
        _allow(name, predicate)


def _allow(permission: str, predicate: Predicate) -> None:
    set_perm(permission, predicate)  # type: ignore[no-untyped-call]  # the library declares no types here
