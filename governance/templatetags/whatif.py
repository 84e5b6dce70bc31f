"""Numbers of the pages about what would happen, in words."""

from django import template

from governance.whatif.fates import days_in_words

register = template.Library()


@register.filter
def days(number: float) -> str:
    """`3 hours`, `2.5 days`."""
    return days_in_words(number)


@register.filter
def percent(share: float) -> int:
    """0.5 as 50."""
    return round(share * 100)
