"""`manage.py verify_audit`: is the audit chain as it was written?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.audit import Checkpoint, verify


class Command(BaseCommand):
    help = "Compute the audit chain anew; fails, naming the line, where it is not as it was written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE",
            help="An earlier end of the chain, from --export: finds a tail that was cut or written anew.",
        )
        parser.add_argument("--export", type=Path, metavar="FILE", help="Write the end of the verified chain there.")

    def handle(self, *_args: Any, **options: Any) -> None:
        known = read_checkpoint(options["checkpoint"]) if options["checkpoint"] else None
        result = verify(known)
        if not result.is_intact:
            raise CommandError(f"The audit chain is broken: {result.problem}.")
        if options["export"]:
            options["export"].write_text(json.dumps(asdict(result.last)) + "\n", encoding="utf-8")
        self.stdout.write(f"The audit chain is intact: {result.last.sequence} lines, the last {result.last.hash}.")


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in `path`; a `CommandError` says what is wrong with the file."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Checkpoint(sequence=int(document["sequence"]), hash=str(document["hash"]))
    except OSError as error:
        raise CommandError(f"The checkpoint cannot be read: {error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is no checkpoint as --export writes it.") from error
