"""`manage.py evidence_pack SYSTEM FILE`: all that there is to show about one system, as one ZIP."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.evidence import pack
from registry.models import System


class Command(BaseCommand):
    help = "Write the evidence pack of a system: an archive that an auditor reads without the product."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("system", metavar="SYSTEM", help="Its slug.")
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *, system: str, file: Path, **_options: Any) -> None:
        row = System.objects.filter(slug=system).first()
        if row is None:
            raise CommandError(f"There is no system “{system}”.")
        try:
            file.write_bytes(pack(row, now=timezone.now()))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{file} written.")
