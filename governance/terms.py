"""The policy of a moment: the stored version in force, or the built-in defaults."""

from datetime import datetime

from governance import models
from governance.rules.policy import Policy, from_document


def terms_in_force(now: datetime) -> Policy:
    """Levels and numbers as they stand at `now`, by one query."""
    return rules_of(models.Policy.objects.in_force(now))


def rules_of(stored: models.Policy | None) -> Policy:
    """What a stored version says; None means the built-in one."""
    return from_document(stored.version, stored.document) if stored else Policy()
