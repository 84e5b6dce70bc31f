"""UD409: does a gateway that serves this use fall back to what was approved for it? Found by `governance.rules.drift`."""

from collections.abc import Iterator
from itertools import groupby

from governance.rules.case import Case
from governance.rules.drift import RULE
from governance.rules.findings import Flaw, Page


def judge(case: Case) -> Iterator[Flaw]:
    """One flaw for each gateway with all that differs, as of the newest comparison; nothing for a use that was not declared."""
    drifts = case.use.dependency.drifts if case.use.dependency else ()
    for (gateway, read_on), group in groupby(drifts, key=lambda one: (one.gateway, one.read_on)):
        found = list(group)
        differences = " ".join(dict.fromkeys(one.message for one in found))
        yield Flaw(
            rule=RULE,
            message=f"{differences} So it stands in the configuration of {gateway} of {read_on}.",
            fix=" ".join(dict.fromkeys(one.fix for one in found)),
            page=Page("gateways"),
        )
