"""The proposals that wait for one person: to decide them, or to answer what was asked about them."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.models import Comment, Decision, Proposal
from governance.permissions import team_ids_of
from governance.routing import Hat, hats_of
from governance.rules.routes import ALWAYS
from registry.models import User

_SUBJECTS = (
    "proposer",
    "offering__model",
    "system",
    "model",
    "alternative__offering__model",
    "dependency__system",
    "dependency__offering__model",
)


def decidable_by(person: User, *, today: date) -> QuerySet[Proposal] | None:
    """The open proposals that `person` could decide today, most pressing first; None for who decides nothing.

    By the routes as they were at submission; what the policy asks for now is asked when somebody decides.
    """
    hats = [hat for hat in hats_of(person, today=today) if hat.roles]
    if not hats:
        return None
    wearable = Q()
    for hat in hats:
        wearable |= _wearable(hat)
    given = Decision.objects.filter(proposal=OuterRef("pk"), round=OuterRef("round"))
    theirs = given.filter(Q(decider=person) | Q(acting_for=person))
    return (
        Proposal.objects.open()
        .filter(wearable)
        .exclude(_concerns(person))
        .exclude(Exists(theirs))
        .select_related(*_SUBJECTS)
        .most_pressing_first()
    )


def _wearable(hat: Hat) -> Q:
    asked = Q(route__has_any_keys=sorted(hat.roles))
    if not hat.roles.isdisjoint(ALWAYS):
        # From before there were routes.
        asked |= Q(route={})
    if hat.delegation is None:
        return asked
    return asked & ~_concerns(hat.delegation.delegator)


def _concerns(person: User) -> Q:
    """What the person proposed, whose plan they wrote or submitted, or what a team of theirs passes the gate with."""
    teams = team_ids_of(person)
    own = Q(proposer=person) | Q(plan_author=person) | Q(plan_submitter=person)
    return own | Q(system__team__in=teams) | Q(dependency__system__team__in=teams)


def questions_to(person: User) -> QuerySet[Comment]:
    """The open questions that `person` has to answer, the oldest first."""
    asked = Comment.objects.open_questions().filter(asked_of=person)
    return asked.select_related("author", *(f"proposal__{name}" for name in _SUBJECTS))
