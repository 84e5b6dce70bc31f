"""`manage.py poll SOURCE [--file F] [--as-of DATE]`: ask an upstream now, or feed it a saved answer."""

from argparse import ArgumentTypeError
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from registry.believe import PRESENCE
from registry.ingest import poll
from registry.models import HeldFact, Method, PollRun, Source
from registry.runs import Busy

SHOWN_REJECTS = 10


class Command(BaseCommand):
    help = "Poll one source now, or take in a saved document through the very same path."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="the source's slug: huggingface, litellm, …")
        parser.add_argument("--file", type=Path, help="a saved answer of the upstream")
        parser.add_argument("--as-of", type=_moment, help="when the saved answer was seen: 2026-04-15, or with a time")
        parser.add_argument(
            "--accept-shrink", action="store_true", help="believe a document that lacks many of the known rows"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["as_of"] and not options["file"]:
            raise CommandError("--as-of says when a saved document was seen: it needs --file.")
        if Source.objects.filter(slug=options["source"], method=Method.REPORTED).exists():
            raise CommandError(
                "What people report is not polled: they do it on a model's page or by POST /api/v1/reports/."
            )
        try:
            run = poll(
                options["source"],
                now=timezone.now(),
                document=options["file"],
                as_of=options["as_of"],
                accept_shrink=options["accept_shrink"],
            )
        except Source.DoesNotExist:
            slugs = ", ".join(Source.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no source “{options['source']}”; there are: {slugs}.") from None
        except Busy as error:
            raise CommandError(str(error)) from error
        if run.outcome not in {PollRun.Outcome.CHANGED, PollRun.Outcome.UNCHANGED}:
            raise CommandError(f"{run.source}: {run.get_outcome_display().lower()}. {run.error}")
        self.stdout.write("\n".join(_report(run)))


def _moment(text: str) -> datetime:
    """A day means its beginning in UTC, and so does a time without a zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no date like 2026-04-15 and no time like 2026-04-15T12:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _report(run: PollRun) -> list[str]:
    """What the run brought, a line per kind of change."""
    if run.outcome == PollRun.Outcome.UNCHANGED:
        return [f"{run.source}: unchanged", *([run.error] if run.error else [])]
    baseline = ", the first document of this source" if run.is_baseline else ""
    kinds = Counter(run.changes.exclude(listing=None).values_list("kind", flat=True))
    about_offerings = run.changes.exclude(offering=None).count()
    return [
        f"{run.source}: {run.record_count} records{baseline}",
        *(f"{count:8} {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        *([f"{about_offerings:8} about offerings that were mapped by this poll"] if about_offerings else []),
        *_awaiting(run),
        *_missing(run),
        *([f"{run.rejected_count:8} rejected"] if run.rejected_count else []),
        *(f"         {reject}" for reject in run.rejected.order_by("pk")[:SHOWN_REJECTS]),
        *([run.error] if run.error else []),
        *(f"Held back until a person releases or dismisses it: {one.reason}" for one in run.incidents.all()),
    ]


def _awaiting(run: PollRun) -> list[str]:
    held = HeldFact.objects.filter(listing__source=run.source, reason=HeldFact.Reason.SECOND_READ).count()
    return [f"{held:8} awaiting a second reading that says the same"] if held else []


def _missing(run: PollRun) -> list[str]:
    if not run.missing_count:
        return []
    held = HeldFact.objects.filter(listing__source=run.source, fact=PRESENCE).count()
    counted = max(run.missing_count - held, 0)
    return [f"{counted:8} missing, which does not yet mean removed"] if counted else []
