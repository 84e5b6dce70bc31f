"""The time as the fake Hub tells it, so that a day of sweeps need not take a day."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The real time until it is set; from then on it stands still until somebody moves it."""

    def __init__(self) -> None:
        self._moment: datetime | None = None

    def now(self) -> datetime:
        return self._moment or datetime.now(UTC)

    def set(self, moment: datetime) -> None:
        self._moment = moment

    def advance(self, by: timedelta) -> None:
        self.set(self.now() + by)
