"""The verdict of a system's last check as a picture: SVG that is read on light and dark pages, and aloud. Pure but for the key.

A page on another site shows it without an account, so a link may carry a key. It is made of the secret key of this
installation and is good for one system in one environment, and for nothing but the badge.
"""

from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from django.core.signing import Signer
from django.utils.crypto import constant_time_compare

_SALT = "understudy.badge"
# White on each has a contrast above 4.5 (WCAG AA), and the sign tells what the colour tells.
_LOOKS = {
    "pass": ("#17794a", "✓", "pass"),
    "warn": ("#8a5a00", "!", "warn"),
    "fail": ("#b3261e", "✗", "fail"),
    "unknown": ("#5b6472", "?", "unknown"),
    "": ("#5b6472", "–", "not checked"),
}
_LABEL = "understudy"
_CHARACTER, _PADDING, _HEIGHT = 6.6, 8, 20


@dataclass(frozen=True, slots=True)
class Badge:
    """What is shown; `verdict` is empty where nobody has asked yet."""

    system: str
    environment: str
    verdict: str
    checked_on: date | None

    @property
    def says(self) -> str:
        """What is read aloud, and what shows under the pointer."""
        word = _LOOKS[self.verdict][2]
        when = f", checked on {self.checked_on}" if self.checked_on else ""
        return f"Understudy: {self.system} in {self.environment}: {word}{when}"

    def as_svg(self) -> str:
        colour, sign, word = _LOOKS[self.verdict]
        text = f"{sign} {word}"
        left, right = _width(_LABEL), _width(text)
        title = escape(self.says, {'"': "&quot;"})
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
            f'aria-label="{title}"><title>{title}</title>'
            # A line of its own around it keeps it apart from a page of the same grey.
            f'<rect x=".5" y=".5" width="{left + right - 1}" height="{_HEIGHT - 1}" rx="3.5" fill="#2f3640" '
            'stroke="#8b95a5"/>'
            f'<path d="M{left} 1h{right - 4}a3 3 0 0 1 3 3v{_HEIGHT - 8}a3 3 0 0 1-3 3H{left}z" fill="{colour}"/>'
            '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
            f'<text x="{left / 2:g}" y="14">{_LABEL}</text><text x="{left + right / 2:g}" y="14">{text}</text></g></svg>'
        )


def _width(text: str) -> int:
    return round(len(text) * _CHARACTER) + 2 * _PADDING


def badge_key(system: str, environment: str) -> str:
    """What a link to the badge of a system (by slug) in an environment carries."""
    return Signer(salt=_SALT).signature(f"{system}/{environment}")


def opens(key: str, system: str, environment: str) -> bool:
    """Whether `key` was made for this very badge."""
    return constant_time_compare(key, badge_key(system, environment))
