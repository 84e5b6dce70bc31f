"""The policy of a moment: the stored version in force, or the built-in defaults."""

from datetime import datetime

from governance import models
from governance.rules.policy import Policy, from_document


def terms_in_force(now: datetime) -> Policy:
    """Levels and numbers as they stand at `now`, by one query."""
    stored = models.Policy.objects.in_force(now)
    return from_document(stored.version, stored.document) if stored else Policy()
