"""One row of each model that the web admin lists, every relation filled with a row of its own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model

from governance.models import (
    Action,
    Adoption,
    Approval,
    Attestation,
    AuditEntry,
    Block,
    BreakGlass,
    Channel,
    Check,
    Concentration,
    Decision,
    Delegation,
    DryRun,
    Gateway,
    GatewayReport,
    Impact,
    Notice,
    Policy,
    Proposal,
    Ticket,
    Waiver,
    WhatIfReport,
)
from registry.models import (
    AIModel,
    Alias,
    Change,
    Dependency,
    Drill,
    Environment,
    FallbackPlan,
    License,
    Listing,
    Observation,
    Offering,
    PlanRevision,
    PollRun,
    Source,
    System,
    Team,
    User,
    Vendor,
)
from tests import factories
from tests.factories import NOW, TODAY

LATER = TODAY + timedelta(days=30)


def change(number: int) -> Change:
    return Change.objects.create(
        kind="gated",
        severity="warning",
        origin="source",
        listing=factories.listing(f"listed-{number}", source_=factories.source(f"feed-{number}")),
        detected_at=NOW,
    )


def poll_run(number: int) -> PollRun:
    return PollRun.objects.create(
        source=factories.source(f"polled-{number}"), slot=NOW, started_at=NOW, lease_until=NOW, completed_at=NOW
    )


def observation(number: int) -> Observation:
    listing = factories.listing(f"seen-{number}", offering=factories.offering(), source_=factories.source(f"s{number}"))
    return Observation.objects.create(
        listing=listing, run=poll_run(number), facts={}, observed_at=NOW, last_confirmed_at=NOW
    )


def drill(_number: int) -> Drill:
    revision = factories.plan(factories.dependency(), factories.offering())
    return Drill.objects.create(
        alternative=revision.alternatives.get(),
        drilled_on=TODAY,
        expires_on=LATER,
        outcome="passed",
        suite="retrieval",
        recorded_by=factories.user(),
    )


def proposal(_number: int = 0, **fields: Any) -> Proposal:
    """An open proposal to adopt an offering, unless `fields` say otherwise."""
    defaults = {"kind": "adopt_model", "offering": None, "purpose": "embedding", "distribution": "saas"}
    fields = defaults | {"proposer": factories.user(), "decide_by": NOW + timedelta(days=14)} | fields
    if fields["kind"] == "adopt_model" and fields["offering"] is None:
        fields["offering"] = factories.offering()
    return Proposal.objects.create(**({"reason": "We need it.", "state_digest": "0" * 64} | fields))


def decided(asked: Proposal) -> Proposal:
    """`asked`, approved by somebody else: what a permit has to stand on."""
    Decision.objects.create(
        proposal=asked,
        proposer=asked.proposer,
        decider=factories.user(),
        verdict="approve",
        state_digest=asked.state_digest,
        decided_at=NOW,
    )
    asked.state, asked.closed_at = Proposal.State.APPROVED, NOW
    asked.save()
    return asked


def adoption(_number: int) -> Adoption:
    asked = decided(proposal())
    return Adoption.objects.create(
        proposal=asked,
        offering=asked.offering,
        purpose="embedding",
        distribution="saas",
        granted_at=NOW,
        expires_on=LATER,
    )


def approval(_number: int) -> Approval:
    dependency = factories.dependency()
    revision = factories.plan(dependency, factories.offering())
    bound: dict[str, Any] = {
        "dependency": dependency,
        "plan_revision": revision,
        "alternative": revision.alternatives.get(),
    }
    asked = decided(proposal(kind="approve_alternative", purpose="", distribution="", **bound))
    return Approval.objects.create(proposal=asked, granted_at=NOW, expires_on=LATER, **bound)


def waiver(_number: int) -> Waiver:
    about: dict[str, Any] = {"rule": "UD401", "dependency": factories.dependency()}
    asked = decided(proposal(kind="waive_rule", purpose="", distribution="", until=LATER, **about))
    return Waiver.objects.create(proposal=asked, reason="While we drill.", granted_at=NOW, expires_on=LATER, **about)


def delegation(_number: int) -> Delegation:
    people = {"delegator": factories.user(role="reviewer"), "delegate": factories.user(role="viewer")}
    return Delegation.objects.create(starts_on=TODAY, until=LATER, reason="On leave.", made_at=NOW, **people)


def check(_number: int) -> Check:
    return Check.objects.create(
        system=factories.system(),
        environment=factories.environment(),
        request={},
        verdict="fail",
        checked_at=NOW,
        policy_version=0,
        asked_by=factories.user(),
    )


def action(_number: int = 0, **fields: Any) -> Action:
    """An open action on a critical dependency, due in a month."""
    dependency = fields.pop("dependency", None) or factories.dependency()
    defaults = {"concern": "retirement", "team": dependency.system.team, "title": "Move off", "due_on": LATER}
    times = {"created_at": NOW, "updated_at": NOW, "what_to_do": "Switch to the alternative."}
    return Action.objects.create(dependency=dependency, **(defaults | times | fields))


def impact(number: int) -> Impact:
    return Impact.objects.create(
        change=change(number),
        dependency=factories.dependency(),
        path="direct",
        explanation="The model in use.",
        created_at=NOW,
    )


def gateway(number: int) -> Gateway:
    team, system = factories.team(), factories.system()
    name = f"gateway-{number}"
    return Gateway.objects.create(
        slug=name, name=name, team=team, system=system, environment=factories.environment("production")
    )


def gateway_report(number: int) -> GatewayReport:
    return GatewayReport.objects.create(
        gateway=gateway(number),
        compared_at=NOW,
        read_at=NOW,
        read_by=factories.user(),
        file_name="config.yaml",
        configuration={"served": [], "routes": []},
    )


def channel(_number: int = 0) -> Channel:
    return Channel.objects.create(team=factories.team(), transport="email", address="team@northwind.example")


def notice(number: int) -> Notice:
    return Notice.objects.create(channel=channel(), key=f"key-{number}", due_at=NOW, created_at=NOW)


def ticket(_number: int) -> Ticket:
    return Ticket.objects.create(
        channel=channel(), dependency=factories.dependency(), concern="license", created_at=NOW, updated_at=NOW
    )


def break_glass(number: int) -> BreakGlass:
    return BreakGlass.objects.create(
        system=factories.system(),
        environment=factories.environment(),
        reason="Checkout is down.",
        opened_by=factories.user(),
        opened_at=NOW,
        ends_at=NOW + timedelta(minutes=number + 1),
    )


def policy(number: int) -> Policy:
    return Policy.objects.create(version=number + 1, reason="Start.", author=factories.user(), in_force_from=NOW)


def audit_entry(number: int) -> AuditEntry:
    return AuditEntry.objects.create(
        sequence=number + 1_000_000,
        at=NOW,
        actor=factories.user(),
        tag="test:row:made",
        subject="test:1",
        previous_hash="0",
        hash=str(number),
    )


def alias(number: int) -> Alias:
    return Alias.objects.create(
        namespace="name", text=f"alias-{number}", offering=factories.offering(), system=factories.system()
    )


def attestation(_number: int) -> Attestation:
    return Attestation.objects.create(
        dependency=factories.dependency(), attested_by=factories.user(), attested_at=NOW, digest="0" * 64, seen={}
    )


MAKERS: dict[type[Model], Callable[[int], Model]] = {
    AIModel: lambda number: factories.model(f"m-{number}", deputy=factories.user()),
    Action: action,
    Adoption: adoption,
    Alias: alias,
    Approval: approval,
    Attestation: attestation,
    AuditEntry: audit_entry,
    Block: lambda _: Block.objects.create(
        model=factories.model(), reason="Leaks.", blocked_by=factories.user(), blocked_at=NOW
    ),
    BreakGlass: break_glass,
    Change: change,
    Channel: channel,
    Gateway: gateway,
    GatewayReport: gateway_report,
    Check: check,
    Concentration: lambda _: Concentration.objects.create(
        day=TODAY,
        scope="team",
        team=factories.team(),
        vendor=factories.vendor(),
        behind=6,
        total=10,
        critical_behind=1,
        critical_total=2,
    ),
    Delegation: delegation,
    Dependency: lambda _: factories.dependency(served_by=factories.vendor()),
    Drill: drill,
    DryRun: lambda _: DryRun.objects.create(text="", asked_by=factories.user(), policy_version=0),
    Environment: lambda number: factories.environment(f"env-{number}"),
    FallbackPlan: lambda _: factories.plan(factories.dependency(), factories.offering()).plan,
    Group: lambda number: Group.objects.create(name=f"group-{number}"),
    Impact: impact,
    License: lambda number: factories.license_(f"LicenseRef-{number}"),
    Listing: lambda number: factories.listing(
        f"listing-{number}", offering=factories.offering(), source_=factories.source(f"source-{number}")
    ),
    Notice: notice,
    Observation: observation,
    Offering: lambda number: factories.offering(f"ns/model-{number}", provider=factories.vendor()),
    PlanRevision: lambda _: factories.plan(factories.dependency(), factories.offering()),
    Policy: policy,
    PollRun: poll_run,
    Proposal: proposal,
    Source: lambda number: poll_run(number).source,
    System: lambda number: factories.dependency(system=factories.system(f"system-of-{number}")).system,
    Team: lambda number: factories.team(f"team-of-{number}"),
    Ticket: ticket,
    User: lambda _: factories.user(role="viewer"),
    Vendor: lambda number: factories.vendor(f"v-{number}", parent=factories.vendor()),
    Waiver: waiver,
    WhatIfReport: lambda number: WhatIfReport.objects.create(
        title=f"What if {number} goes?", asked={}, answer={}, state_at=NOW, created_by=factories.user()
    ),
}
