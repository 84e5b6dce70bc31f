"""UD408: does too much hang on one vendor, whatever each plan is worth?"""

from collections.abc import Iterator
from itertools import groupby

from governance.rules.case import Case
from governance.rules.facts import ConcentrationFacts
from governance.rules.findings import Flaw, Page


def judge(case: Case) -> Iterator[Flaw]:
    """One flaw for each scope in which a vendor behind this model stands behind more than policy allows.

    Of a family the one that stands behind most is named, which is the parent. It is judged from the newest snapshot and
    says of which day that is; without a snapshot nothing is said.
    """
    by_vendor, is_above = case.use.system.concentrations, case.policy.is_too_concentrated
    of_these = [one for vendor_id in case.offering.roots.names for one in by_vendor.get(vendor_id, ())]
    above = sorted((one for one in of_these if is_above(one.behind, one.total)), key=_scope)
    for _, group in groupby(above, key=_scope):
        yield _flaw(max(group, key=lambda one: (one.behind, -one.vendor_id)), case)


def _scope(one: ConcentrationFacts) -> str:
    return one.scope


def _flaw(one: ConcentrationFacts, case: Case) -> Flaw:
    return Flaw(
        rule="UD408",
        message=(
            f"{one.vendor} stands behind {one.behind} of the {one.total} dependencies of {one.scope} in production "
            f"({one.share:.0%}; the limit is {case.policy.concentration_max_share:.0%}), as of {one.day}."
        ),
        fix=f"Take a model behind which {one.vendor} does not stand, here or in another use of {one.scope}.",
        page=Page("concentration"),
    )
