"""What a use needs of whatever model does its work: stated by the team that owns the system, audited."""

from django.core.exceptions import ValidationError
from django.db import transaction

from governance import audit
from governance.refused import Refused, refuse
from registry.capabilities import Needs, written
from registry.models import Dependency, User


def state_needs(dependency: Dependency, needs: Needs, *, by: User) -> Dependency:
    """Keep `needs` with the dependency; the gate goes by them at once. Refused: `not_allowed`, `invalid`."""
    with transaction.atomic():
        locked = Dependency.objects.select_for_update(of=("self",)).select_related("system").get(pk=dependency.pk)
        # Read anew: what the caller holds may be older than the loss of the right.
        if not User.objects.get(pk=by.pk).has_perm("registry.change_dependency", locked):
            raise Refused("not_allowed", "Only the team that owns the system says what its use needs.")
        before, locked.needs = locked.needs, written(needs)
        try:
            locked.save(update_fields=["needs"])
        except ValidationError as error:
            refuse(error)
        if before != locked.needs:
            audit.record("governance:dependency:needs_stated", locked, actor=by, before=before, after=locked.needs)
    return locked
