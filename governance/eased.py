"""Whether a report made an offering look better to the gate than it did before. Pure but for `stand_of`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from registry.models import LicenseClass, Offering, Revision

_Status, _Gating = Offering.Status, Offering.Gating
# The larger the worse; what is not known stands with what is well, and a report that settles it well is good news.
_GATED: Mapping[str, int] = {_Gating.AUTO: 1, _Gating.MANUAL: 2}
_GONE: Mapping[str, int] = {_Status.DEPRECATED: 1, _Status.RETIRED: 2, _Status.DISABLED: 2, _Status.REMOVED: 2}
_STRICTER = (LicenseClass.OPEN, LicenseClass.RESTRICTED, LicenseClass.PROPRIETARY, LicenseClass.NON_COMMERCIAL)


@dataclass(frozen=True, slots=True)
class Stand:
    """What the gate goes by; `licenses` are id and class by revision, None where nobody knows one."""

    status: str
    gating: str
    retires_on: date | None
    licenses: Mapping[str, tuple[int, str] | None]


def stand_of(offering: Offering) -> Stand:
    """As the database has it now, by two queries."""
    status, gating, retires_on = Offering.objects.values_list("status", "gating", "retires_on").get(pk=offering.pk)
    rows = Revision.objects.filter(offering=offering).values_list("revision", "license_id", "license__license_class")
    licenses = {revision: (pk, klass) if klass else None for revision, pk, klass in rows}
    return Stand(status, gating, retires_on, licenses)


def eased(before: Stand, after: Stand) -> str:
    """What of it became easier, as a clause; empty where nothing did."""
    if before.retires_on and (after.retires_on is None or after.retires_on > before.retires_on):
        return "that it stays longer"
    if _GATED.get(after.gating, 0) < _GATED.get(before.gating, 0):
        return "that it is less gated"
    if before.status != after.status and _is_better(before.status, after.status):
        return "that it is available"
    if any(_is_lighter(before.licenses.get(name), now) for name, now in after.licenses.items()):
        return "under which license it is"
    return ""


def _is_better(before: str, after: str) -> bool:
    return after == _Status.AVAILABLE or _GONE.get(after, 0) < _GONE.get(before, 0)


def _is_lighter(before: tuple[int, str] | None, now: tuple[int, str] | None) -> bool:
    """Whether another license is there that is not plainly stricter; who learns one where none was known eases as well."""
    if now is None or now == before:
        return False
    return before is None or _rank(now[1]) <= _rank(before[1])


def _rank(license_class: str) -> int:
    """What nobody has read is as strict as can be."""
    return _STRICTER.index(LicenseClass(license_class)) if license_class in _STRICTER else len(_STRICTER)
