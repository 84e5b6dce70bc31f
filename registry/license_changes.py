"""What a LICENSE file said before a change and what it says since, for people to read."""

from registry.license_texts import TextDiff, text_diff
from registry.models import Change, ChangeKind, LicenseText, Observation

ABOUT_LICENSES = (ChangeKind.LICENSE_CHANGED, ChangeKind.LICENSE_TEXT_CHANGED)


def diff_of(change: Change) -> TextDiff | None:
    """The two texts compared; None where the change is about something else or a text was not kept.

    The newer text is the newest that had been read when the change was noticed, the older one the last other before it.
    """
    if change.kind not in ABOUT_LICENSES or change.listing_id is None:
        return None
    said = Observation.objects.filter(listing_id=change.listing_id, observed_at__lte=change.detected_at)
    read = said.filter(facts__license_text__isnull=False).order_by("-observed_at", "-pk")
    digests = list(dict.fromkeys(read.values_list("facts__license_text", flat=True)))[:2]
    texts = dict(LicenseText.objects.filter(sha256__in=digests).values_list("sha256", "text"))
    if len(texts) < 2:  # noqa: PLR2004 - before and after
        return None
    newer, older = (texts[digest] for digest in digests)
    return text_diff(older, newer)
