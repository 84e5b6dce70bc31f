"""`manage.py export_audit FILE`: the audit chain as JSON lines, which the stand-alone verifier reads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.audit import export


class Command(BaseCommand):
    help = "Write the audit chain as JSON lines, a line of the chain each; governance/verifier.py verifies the file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="- writes to standard output.")

    def handle(self, *, file: Path, **_options: Any) -> None:
        if str(file) == "-":
            for line in export():
                self.stdout.write(line)
            return
        try:
            with file.open("w", encoding="utf-8") as target:
                count = sum(1 for line in export() if target.write(f"{line}\n"))
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"{count} lines written to {file}.")
