"""Which license a Hub card means, and what class of use an expression of licenses allows."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from license_expression import ExpressionError, get_spdx_licensing

from registry.models import License, LicenseClass, LicenseName

UNSTATED = "NOASSERTION"
# The strictest last; unknown is the strictest, because nobody can say what it forbids.
STRICTNESS = (
    LicenseClass.OPEN,
    LicenseClass.RESTRICTED,
    LicenseClass.PROPRIETARY,
    LicenseClass.NON_COMMERCIAL,
    LicenseClass.UNKNOWN,
)
_SPDX = get_spdx_licensing()
_OTHER = "other"
_MAX_ID = License._meta.get_field("spdx_id").max_length or 0
_MAX_NAME = License._meta.get_field("name").max_length or 0


class _Node(Protocol):
    """What license-expression gives: a symbol, a symbol with an exception, or AND/OR over `args`."""

    operator: str
    args: Sequence["_Node"]


def classify(expression: str, classes: Mapping[str, LicenseClass]) -> LicenseClass:
    """The class of an SPDX expression, given the class of each license in it.

    All licenses of an AND apply, so the strictest counts; one of an OR may be chosen, so the most lenient does.
    An exception (WITH) only adds permission and is left out. What is not in `classes` or cannot be read is unknown.
    """
    try:
        node = _SPDX.parse(expression)
    except ExpressionError:
        return LicenseClass.UNKNOWN
    return LicenseClass.UNKNOWN if node is None else _classify(node, classes)


def _classify(node: _Node, classes: Mapping[str, LicenseClass]) -> LicenseClass:
    operator = getattr(node, "operator", "").strip()
    if operator in {"AND", "OR"}:
        choose = max if operator == "AND" else min
        return choose((_classify(part, classes) for part in node.args), key=STRICTNESS.index)
    symbol = getattr(node, "license_symbol", node)
    return classes.get(getattr(symbol, "key", ""), LicenseClass.UNKNOWN)


def from_hub(
    license: str | Sequence[str] | None,  # noqa: A002 - the Hub's own name of the field
    license_name: str | None = None,
    license_link: str | None = None,
) -> License:
    """The license that a Hub card means by its three fields.

    A license nobody has looked at yet gets a row of class unknown under a LicenseRef of its own, so that a person
    can classify it once and a change from one unknown license to another is seen.
    """
    stated = [license] if isinstance(license, str) else license or ()
    ids = dict.fromkeys(_clean(text).casefold() for text in stated if _clean(text))
    if not ids:
        return _get_or_create(UNSTATED, name="No license stated", reason="Nothing was stated.")
    return _all_of([_from_id(id_, _clean(license_name or ""), _clean(license_link or "")) for id_ in ids])


def find(expression: str) -> License | None:
    """The license that a person means by an SPDX id, a LicenseRef, a Hub id or an expression of known licenses.

    None if one of its licenses is not in the register: a license is never invented from what somebody typed.
    """
    text = expression.strip()
    if not text.isprintable():
        return None
    known = License.objects.filter(spdx_id__iexact=text).first() or _named(LicenseName.Field.LICENSE, text.casefold())
    return known or _expression_of_known(text)


def is_known(expression: str) -> bool:
    """Whether `find` would find a license, said without writing anything."""
    text = expression.strip()
    if not text.isprintable() or not text:
        return False
    if License.objects.filter(spdx_id__iexact=text).exists() or _named(LicenseName.Field.LICENSE, text.casefold()):
        return True
    symbols = set(_symbols_of(text))
    return bool(symbols) and len(_classes_of(symbols)) == len(symbols)


def _from_id(hub_id: str, license_name: str, license_link: str) -> License:
    if hub_id == _OTHER:
        return _from_other(license_name, license_link)
    known = _named(LicenseName.Field.LICENSE, hub_id) or _expression_of_known(hub_id)
    return known or _unread(f"LicenseRef-hf-{_idstring(hub_id)}", name=hub_id, stated=f"license: {hub_id}")


def _from_other(name: str, link: str) -> License:
    if name:
        stated = f"license_name: {name}"
        spdx_id = f"LicenseRef-hf-other-{_idstring(name.casefold())}"
        return _named(LicenseName.Field.LICENSE_NAME, name.casefold()) or _unread(
            spdx_id, name=name, stated=stated, link=link
        )
    if link:
        spdx_id = f"LicenseRef-hf-other-link-{_digest(link)}"
        return _unread(spdx_id, name=f"License at {link}", stated=f"license_link: {link}", link=link)
    return _named(LicenseName.Field.LICENSE, _OTHER) or _unread("LicenseRef-hf-other", name="Other", stated="other")


def _named(field: LicenseName.Field, text: str) -> License | None:
    return License.objects.filter(hub_names__field=field, hub_names__text=text).first()


def _expression_of_known(text: str) -> License | None:
    """The row of an expression all of whose licenses have rows; made where it is new."""
    symbols = set(_symbols_of(text))
    classes = _classes_of(symbols)
    if not symbols or len(classes) < len(symbols):
        return None
    spdx_id = str(_SPDX.parse(text))
    if len(spdx_id) > _MAX_ID:
        return None
    return _get_or_create(
        spdx_id, name=spdx_id, license_class=classify(spdx_id, classes), reason="From the classes of its licenses."
    )


def _symbols_of(text: str) -> list[str]:
    """The licenses of an expression, those with an exception without it; none if it cannot be read."""
    try:
        node = _SPDX.parse(text)
    except ExpressionError:
        return []
    return [] if node is None else _symbols(node)


def _symbols(node: _Node) -> list[str]:
    if getattr(node, "operator", "").strip() in {"AND", "OR"}:
        return [key for part in node.args for key in _symbols(part)]
    return [getattr(getattr(node, "license_symbol", node), "key", "")]


def _classes_of(spdx_ids: Iterable[str]) -> dict[str, LicenseClass]:
    rows = License.objects.filter(spdx_id__in=set(spdx_ids)).values_list("spdx_id", "license_class")
    return {spdx_id: LicenseClass(license_class) for spdx_id, license_class in rows}


def _all_of(licenses: list[License]) -> License:
    """The license of a card that lists several; it does not say how they combine, so all are taken to apply."""
    classes = {row.spdx_id: LicenseClass(row.license_class) for row in licenses}
    if len(classes) == 1:
        return licenses[0]
    expression = " AND ".join(f"({spdx_id})" if " OR " in spdx_id else spdx_id for spdx_id in sorted(classes))
    return _get_or_create(
        expression if len(expression) <= _MAX_ID else f"LicenseRef-hf-list-{_digest(expression)}",
        name=expression,
        license_class=max(classes.values(), key=STRICTNESS.index),
        reason="The card lists these licenses and does not say how they combine: all are taken to apply.",
    )


def _unread(spdx_id: str, *, name: str, stated: str, link: str = "") -> License:
    reason = f"The model card states “{stated}”; nobody has read that license yet."
    is_url = link.startswith(("https://", "http://")) and len(link) <= _MAX_ID
    return _get_or_create(spdx_id, name=name, reason=reason, reference=link if is_url else "")


def _get_or_create(
    spdx_id: str,
    *,
    name: str,
    reason: str,
    license_class: LicenseClass = LicenseClass.UNKNOWN,
    reference: str = "",
) -> License:
    defaults = {
        "name": name[:_MAX_NAME],
        "license_class": license_class,
        "reason": reason,
        "reference": reference,
    }
    return License.objects.get_or_create(spdx_id=spdx_id, defaults=defaults)[0]


def _clean(text: str) -> str:
    """`text` without what no database takes (NUL, lone surrogates) and other signs that cannot be seen."""
    return "".join(character for character in text if character.isprintable()).strip()


def _idstring(text: str) -> str:
    """`text` with the letters that SPDX allows after `LicenseRef-`; where some were lost a digest tells it apart."""
    kept = re.sub(r"[^a-z0-9.-]+", "-", text).strip("-")[:100]
    return kept if kept == text else f"{kept}-{_digest(text)}".lstrip("-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
