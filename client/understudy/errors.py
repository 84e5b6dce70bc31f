"""The two ways a check ends without a verdict; each is one exit code."""


class UsageError(Exception):
    """What we were given cannot be used (exit 2). The message says where, what and the way out."""


class CouldNotCheckError(Exception):
    """The server gave no verdict (exit 3). Never a pass, never a fail."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        retry_after: float = 0.0,
        is_passing: bool = True,
    ) -> None:
        """`retryable`: the same request may succeed shortly, not before `retry_after` seconds.

        `is_passing` is False where no waiting helps: the token, the system or the environment was refused.
        """
        super().__init__(message)
        self.is_passing = is_passing
        self.hint = hint
        self.retryable = retryable
        self.retry_after = retry_after
