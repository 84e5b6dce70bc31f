"""2xx: may we use it under its license, here and as it was decided?"""

from collections.abc import Iterator

from governance import basis
from governance.rules.case import Case
from governance.rules.english import DISTRIBUTION, license_of, listed, short
from governance.rules.facts import JSON, LicenseFacts, same_revision
from governance.rules.findings import Flaw, Page

CONCERN = "license"


def judge(case: Case) -> Iterator[Flaw]:
    license_ = case.offering.license_at(case.use.revision)
    change = _change_since_adoption(case)
    concern = CONCERN if change else None
    if license_ is None or not license_.is_known:
        yield _unknown(case, license_, concern)
    elif not case.policy.allows(license_.license_class, case.use.system.distribution):
        yield _not_allowed(case, license_, concern)
    if change:
        yield _changed(case, change)


def _change_since_adoption(case: Case) -> basis.FactChange | None:
    if case.use.adoption is None:
        return None
    changes = basis.changed(case.use.adoption.basis, basis.of_adoption(case.offering, case.use.revision))
    return next((change for change in changes if change.fact == "license"), None)


def _revision(case: Case) -> str:
    return f" at revision {short(case.use.revision)}" if case.use.revision else ""


def _unknown(case: Case, license_: LicenseFacts | None, concern: str | None) -> Flaw:
    if license_ is None:
        message = f"The license of {case.offering}{_revision(case)} is not known."
        fix, page = f"Record the license{_revision(case)} with its source.", case.offering_page
    else:
        message = f"{case.offering}{_revision(case)} is under {license_.spdx_id}, and nobody has said what that allows."
        fix, page = f"Have {license_.spdx_id} read and put into a license class.", Page("licenses")
    return Flaw(rule="UD201", message=message, fix=fix, page=page, concern=concern)


def _not_allowed(case: Case, license_: LicenseFacts, concern: str | None) -> Flaw:
    where = DISTRIBUTION[case.use.system.distribution]
    allowed = sorted(case.policy.allowed_license_classes[case.use.system.distribution])
    way_out = f"{case.switch} under a license that is" if case.way_out is None else f"{case.switch}, whose license is"
    return Flaw(
        rule="UD202",
        message=f"{case.offering} is under {license_.spdx_id} ({license_.license_class}), which is not allowed in {where}.",
        fix=f"{way_out} allowed there ({listed(allowed) if allowed else 'none is'}), or propose a waiver that ends.",
        page=case.use_page,
        concern=concern,
    )


def _changed(case: Case, change: basis.FactChange) -> Flaw:
    now = license_of(case.offering.license_at(case.use.revision))
    kept = _revision_under(case, change.before)
    pin = f"Pin revision {kept}, which is still under {change.before}, or propose" if kept else "Propose"
    return Flaw(
        rule="UD203",
        message=f"{case.offering} was adopted under {change.before}; the license of what is in use is {now}.",
        fix=f"{pin} its adoption under {now}; somebody else decides.",
        page=case.use_page if kept else case.adoption_page,
        concern=CONCERN,
    )


def _revision_under(case: Case, license_: JSON) -> str:
    """The revision that was adopted, if it still has that license; else any other that is known to have it."""
    adopted = str(case.use.adoption.basis.get("revision", "")) if case.use.adoption else ""
    known = [
        revision
        for revision, facts in case.offering.licenses.items()
        if revision and facts is not None and facts.spdx_id == license_
    ]
    return next((one for one in known if same_revision(one, adopted)), known[0] if known else "")
