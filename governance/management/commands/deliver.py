"""`manage.py deliver`: send what is due, now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.deliver import deliver_due
from governance.models import Notice
from governance.notices import close_windows
from governance.transports import installed


class Command(BaseCommand):
    help = "Send the digests and tickets that are due. Safe to run beside the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--now", action="store_true", help="close the open digest windows and send them too")
        parser.add_argument(
            "--transport", action="append", choices=sorted(installed()), help="only this one; may be given again"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["now"]:
            close_windows(now=now)
        tally = deliver_due(options["transport"] or list(installed()), now=now)
        self.stdout.write(f"{tally.sent} sent, {tally.retry} to be tried again, {tally.refused} refused for good.")
        waiting = Notice.objects.filter(state=Notice.State.QUEUED).count()
        dead = Notice.objects.filter(state=Notice.State.DEAD).count()
        self.stdout.write(f"{waiting} waiting, {dead} dead letters.")
