from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.bom import bom_of
from registry.models import System


class Command(BaseCommand):
    help = "Write the bill of materials of a system (CycloneDX 1.6, JSON, to standard output)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", metavar="SYSTEM", help="The system's slug.")

    def handle(self, *, system: str, **_options: Any) -> None:
        found = System.objects.select_related("team").filter(slug=system).first()
        if found is None:
            raise CommandError(f"There is no system “{system}”. Systems are named by slug.")
        self.stdout.write(bom_of(found, now=timezone.now()), ending="")
