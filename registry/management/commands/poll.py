"""`manage.py poll SOURCE [--file F] [--as-of DATE]`: ask an upstream now, or take in a saved answer."""

from argparse import ArgumentParser
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry.ingest import PollRefused, poll
from registry.models import PollRun, Source


class Command(BaseCommand):
    help = "Poll one source now, or take in a saved document through the very same path."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="huggingface, litellm, …")
        parser.add_argument("--file", type=Path, help="a saved answer of the upstream")
        parser.add_argument("--as-of", type=_moment, help="when the saved answer was given, e.g. 2026-04-15")

    def handle(self, *_args: Any, **options: Any) -> None:
        slug = options["source"]
        if not Source.objects.filter(slug=slug).exists():
            known = ", ".join(Source.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no source {slug!r}; there are: {known}.")
        try:
            run = poll(slug, now=timezone.now(), document=options["file"], as_of=options["as_of"])
        except PollRefused as error:
            raise CommandError(str(error)) from error
        if run.outcome in {PollRun.Outcome.FAILED, PollRun.Outcome.REFUSED}:
            raise CommandError(f"{run.source}: {run.get_outcome_display().lower()}. {run.error}")
        self._report(run)

    def _report(self, run: PollRun) -> None:
        self.stdout.write(f"{run.source}: {run.get_outcome_display().lower()}, {run.record_count} records")
        counts = Counter(run.changes.values_list("kind", flat=True))
        for kind, count in sorted(counts.items()):
            self.stdout.write(f"  {count:>6} {kind}")
        if run.missing_count:
            self.stdout.write(f"  {run.missing_count:>6} missing, which is not yet removed")
        for rejected in run.rejected.all()[:20]:
            self.stdout.write(f"  set aside: {rejected}")


def _moment(text: str) -> datetime:
    """Midnight UTC of a day, or a full moment."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
