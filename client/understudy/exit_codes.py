"""How a run ends."""

from enum import IntEnum

from understudy.models import Verdict


class ExitCode(IntEnum):
    """What a pipeline can rely on."""

    PASSED = 0
    FAILED = 1
    WRONG_USAGE = 2
    COULD_NOT_CHECK = 3


VERDICT_CODES = {
    Verdict.PASS: ExitCode.PASSED,
    Verdict.WARN: ExitCode.PASSED,
    Verdict.FAIL: ExitCode.FAILED,
    Verdict.UNKNOWN: ExitCode.COULD_NOT_CHECK,
}
