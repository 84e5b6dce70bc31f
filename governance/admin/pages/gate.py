"""The gate of one system: would it ship now, and why not, with the way to each fix."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from governance.admin.pages.frame import person_of, show
from governance.admin.pages.plan_states import PlanLine, lines_of
from governance.answer import Answer, AnsweredFinding
from governance.check import UnknownEnvironment, preview
from governance.links import absolute, badge_url, page_path
from governance.models import BreakGlass, Check, Waiver
from governance.permissions import can_break_glass, can_propose_for_system
from governance.rules.catalogue import RULES
from registry.models import Dependency, Environment, System

LAST_CHECKS = 8


@dataclass(frozen=True, slots=True)
class GateFinding:
    """A finding with its rule's name, the page where it is put right, and the one that asks for a waiver."""

    finding: AnsweredFinding
    title: str
    where: str
    waive: str


@dataclass(frozen=True, slots=True)
class Group:
    """All about one offering that the system depends on."""

    ref: str
    lines: list[PlanLine]
    findings: list[GateFinding]


@dataclass(frozen=True, slots=True)
class GatePage:
    system: System
    environment: Environment
    environments: list[Environment]
    answer: Answer
    groups: list[Group]
    waivers: list[Waiver]
    checks: list[Check]
    glass: BreakGlass | None

    @property
    def errors(self) -> int:
        return self._count("error")

    @property
    def warnings(self) -> int:
        return self._count("warning")

    def _count(self, level: str) -> int:
        return sum(finding.level == level for finding in self.answer.findings)


def load(system: System, environment: Environment, *, now: datetime) -> GatePage:
    """The page in a number of queries that does not depend on how much the system has declared."""
    dependencies = list(
        Dependency.objects.current()
        .filter(system=system, environment=environment)
        .select_related("system", "environment", "offering__model", "served_by")
    )
    answer = preview(system.slug, environment.slug, now=now)
    return GatePage(
        system=system,
        environment=environment,
        environments=list(Environment.objects.order_by("-environment_class", "slug")),
        answer=answer,
        groups=_groups(answer, lines_of(dependencies, now=now)),
        waivers=_waivers(system, today=now),
        checks=list(
            Check.objects.filter(system=system, environment=environment).select_related("asked_by")[:LAST_CHECKS]
        ),
        glass=BreakGlass.objects.in_force(now)
        .filter(system=system, environment=environment)
        .select_related("opened_by")
        .first(),
    )


def _groups(answer: Answer, lines: list[PlanLine]) -> list[Group]:
    """By offering, those that stop the build first; one without any finding is there too, to show that it is well."""
    by_ref: dict[str, list[PlanLine]] = defaultdict(list)
    for line in lines:
        by_ref[str(line.dependency.offering)].append(line)
    said = dict.fromkeys(finding.ref for finding in answer.findings)
    return [
        Group(
            ref,
            by_ref.get(ref, []),
            [_with_links(finding, by_ref.get(ref, [])) for finding in answer.findings if finding.ref == ref],
        )
        for ref in said | dict.fromkeys(by_ref)
    ]


def _with_links(finding: AnsweredFinding, lines: list[PlanLine]) -> GateFinding:
    rule = RULES[finding.rule]
    can_waive = rule.is_waivable and finding.waiver is None and finding.level != "note" and bool(lines)
    return GateFinding(
        finding=finding,
        title=rule.title,
        where=_where(finding),
        waive=_address("propose-waiver", rule=finding.rule, dependency=lines[0].dependency.pk) if can_waive else "",
    )


def _where(finding: AnsweredFinding) -> str:
    """The page on which the fix is done; empty where there is none but upstream."""
    return page_path(finding.page) if finding.page else ""


def _address(name: str, **query: str | int) -> str:
    return f"{reverse(f'pages:{name}')}?{urlencode(query)}"


def _waivers(system: System, *, today: datetime) -> list[Waiver]:
    about = Q(system=system) | Q(dependency__system=system)
    shown = ("system", "dependency__system", "dependency__offering", "dependency__environment")
    return list(
        Waiver.objects.filter(about, ended_at=None, expires_on__gte=today.date()).select_related("proposal", *shown)
    )


def gate(request: HttpRequest, slug: str) -> HttpResponse:
    system = get_object_or_404(System.objects.select_related("team"), slug=slug)
    try:
        page = load(system, _environment(request.GET.get("environment", "")), now=timezone.now())
    except UnknownEnvironment as unknown:
        raise Http404(str(unknown)) from unknown
    person = person_of(request)
    rights: dict[str, Any] = {
        "can_propose": can_propose_for_system(person, system),
        "can_break_glass": can_break_glass(person, system),
    }
    links: dict[str, Any] = {
        "badge_url": badge_url(system.slug, page.environment.slug),
        "gate_url": absolute(f"{reverse('pages:gate', args=[system.slug])}?environment={page.environment.slug}"),
    }
    return show(request, "gate.html", title=system.name, page=page, **rights, **links)


def _environment(slug: str) -> Environment:
    """The one that was asked for; without a word the first of class production."""
    if not slug:
        first = Environment.objects.order_by("-environment_class", "slug").first()
        if first is None:
            raise UnknownEnvironment("There is no environment in the register yet: add one, of class production.")
        return first
    return get_object_or_404(Environment, slug=slug)
