"""Which gates are held open, for lists that know nothing of governance."""

from django import template
from django.utils import timezone

from governance.models import BreakGlass

register = template.Library()


@register.simple_tag
def gates_held_open() -> list[BreakGlass]:
    """Every break-glass that is in force."""
    return list(BreakGlass.objects.in_force(timezone.now()).select_related("system", "environment"))
