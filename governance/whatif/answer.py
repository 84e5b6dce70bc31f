"""The answer as one document: what the page shows, the API returns, a report keeps and the exports write. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from governance.rules.catalogue import CRITICALITIES
from governance.rules.english import listed
from governance.rules.facts import OURSELVES
from governance.whatif.fates import Fate, Outcome, Reason
from governance.whatif.fixes import Help, Shared
from governance.whatif.question import Exposed, Scene, Way

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """`asked` is the question in words, `total` all current dependencies: those without a fate are not touched.

    Of these, `of_unknown_country` hang on vendors that may or may not be in a country that was asked about.
    """

    asked: Mapping[str, Sequence[str]]
    scene: Scene
    state_at: datetime
    total: int
    fates: tuple[Fate, ...]
    shared: tuple[Shared, ...]
    helps: tuple[Help, ...]
    of_unknown_country: int = 0

    def count(self, outcome: Outcome) -> int:
        return sum(fate.outcome == outcome for fate in self.fates)


def document_of(answer: Answer) -> Document:
    """Plain values alone, in an order that a reader wants: what stops first, production first, critical first."""
    lines = [line_of(fate, answer.scene) for fate in sorted(answer.fates, key=_weight)]
    names = {line["dependency"]: f"{line['system_name']}: {line['purpose']}" for line in lines}
    return {
        "asked": {kind: list(names_) for kind, names_ in answer.asked.items()},
        "gone_on": answer.scene.gone_on.isoformat(),
        "notice_days": answer.scene.notice_days,
        "state_at": answer.state_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "policy_version": answer.scene.policy.version,
        "counts": _counts(answer),
        "lines": lines,
        "shared": [_shared(one, names) for one in answer.shared],
        "actions": [_help(one, names) for one in answer.helps],
    }


def _counts(answer: Answer) -> Document:
    reasons = Counter(fate.reason for fate in answer.fates if fate.outcome == Outcome.SURVIVES)
    critical = Counter(fate.outcome for fate in answer.fates if fate.exposed.system.criticality == "critical")
    return {
        "dependencies": answer.total,
        "touched": len(answer.fates),
        "untouched": answer.total - len(answer.fates),
        "of_unknown_country": answer.of_unknown_country,
        "stops": answer.count(Outcome.STOPS),
        "degrades": answer.count(Outcome.DEGRADES),
        "survives": answer.count(Outcome.SURVIVES),
        "survives_by_copy": reasons[Reason.COPY],
        "survives_by_plan": reasons[Reason.PLAN],
        "critical_stops": critical[Outcome.STOPS],
        "critical_degrades": critical[Outcome.DEGRADES],
    }


def line_of(fate: Fate, scene: Scene) -> Document:
    """One dependency. `days_without` is what is known of the gap; null where nothing stands ready or was measured."""
    system, dependency = fate.exposed.system, fate.exposed.dependency
    return {
        "dependency": dependency.id,
        "system": system.slug,
        "system_name": system.name,
        "team": fate.exposed.team,
        "criticality": system.criticality,
        "environment": system.environment,
        "is_production": system.is_production,
        "purpose": dependency.purpose,
        "ref": str(dependency.offering),
        "outcome": str(fate.outcome),
        "reason": str(fate.reason),
        "text": fate.text,
        "why": [_in_words(way, fate.exposed, scene) for way in fate.ways],
        "leans_on": str(fate.by) if fate.by else None,
        "plan_holds": fate.plan_holds,
        "notice_days": scene.notice_days,
        "ready_in_days": None if fate.ready_in_days is None else round(fate.ready_in_days, 3),
        "days_without": _gap(fate, scene),
    }


def _gap(fate: Fate, scene: Scene) -> float | None:
    if fate.outcome == Outcome.SURVIVES:
        return 0.0
    drill = fate.by.drill if fate.by else None
    if fate.ready_in_days is None or drill is None or not drill.counts(scene.gone_on):
        return None
    return round(max(fate.ready_in_days - scene.notice_days, 0.0), 3)


def _in_words(way: Way, exposed: Exposed, scene: Scene) -> str:
    offering, lost = exposed.dependency.offering, scene.lost
    if way == Way.MADE:
        behind = sorted(name for pk, name in offering.roots.names.items() if pk in lost.vendors)
        return f"{listed(behind)} {'stands' if len(behind) == 1 else 'stand'} behind it"
    if way == Way.SERVED:
        host = exposed.dependency.host or OURSELVES
        serving = sorted(name for pk, name in host.names.items() if pk in lost.vendors)
        return f"{listed(serving)} {'serves' if len(serving) == 1 else 'serve'} it"
    words = {
        Way.PLACE: f"{offering.provider} runs the place that it comes from",
        Way.HOST: f"it comes from the host {offering.host}",
        Way.MODEL: f"it is, or was made from, a model that is lost ({lost.models.get(offering.model_id, '')})",
        Way.OFFERING: "this offering is lost",
        Way.LICENSE: "its license is of a class that is lost",
    }
    return words[way]


def _shared(shared: Shared, names: Mapping[int, str]) -> Document:
    return {**asdict(shared), "dependencies": list(shared.dependencies), "names": _named(shared.dependencies, names)}


def _help(help_: Help, names: Mapping[int, str]) -> Document:
    return {
        "kind": help_.act.kind,
        "text": help_.text,
        "no_longer_stop": len(help_.kept_running),
        "then_survive": len(help_.made_whole),
        "dependencies": help_.dependencies,
        "names": _named(help_.dependencies, names),
    }


def _named(pks: Iterable[int], names: Mapping[int, str]) -> list[str]:
    return [names[pk] for pk in pks]


_OUTCOMES = (Outcome.STOPS, Outcome.DEGRADES, Outcome.SURVIVES)


def _weight(fate: Fate) -> tuple[int, bool, int, str, str, int]:
    system = fate.exposed.system
    return (
        _OUTCOMES.index(fate.outcome),
        not system.is_production,
        CRITICALITIES.index(system.criticality),
        system.name,
        fate.exposed.dependency.purpose,
        fate.exposed.dependency.id,
    )


def gone_in_words(day: date, today: date) -> str:
    """`today`, `in 12 days`, `since 3 days`: how far the day is."""
    left = (day - today).days
    if left == 0:
        return "today"
    return f"in {left} day{'' if left == 1 else 's'}" if left > 0 else f"for {-left} day{'' if left == -1 else 's'}"
