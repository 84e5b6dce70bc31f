"""`manage.py verify_audit`: is the audit chain as it was written?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance import verifier
from governance.audit import Checkpoint, verify


class Command(BaseCommand):
    help = "Compute the audit chain anew; fails, naming the line, where it is not as it was written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint",
            type=Path,
            metavar="FILE_OR_FOLDER",
            help="Earlier ends of the chain: finds a tail that was cut or written anew. Default: the folder of checkpoints.",
        )
        parser.add_argument(
            "--no-checkpoint",
            action="store_true",
            help="Compare with no earlier end, as after a back-up was restored that is older than the checkpoints.",
        )
        parser.add_argument("--export", type=Path, metavar="FILE", help="Write the end of the verified chain there.")

    def handle(self, *_args: Any, **options: Any) -> None:
        known = [] if options["no_checkpoint"] else read_checkpoints(options["checkpoint"])
        result = verify(*known)
        if not result.is_intact:
            raise CommandError(f"The audit chain is broken: {result.problem}.")
        if options["export"]:
            options["export"].write_text(json.dumps(asdict(result.last)) + "\n", encoding="utf-8")
        self.stdout.write(f"The audit chain is intact: {result.last.sequence} lines, the last {result.last.hash}.")
        self.stdout.write(f"Compared with {len(known)} checkpoint{'' if len(known) == 1 else 's'}.")


def read_checkpoints(asked: Path | None) -> list[Checkpoint]:
    """Those in `asked`, or in the folder of checkpoints; a `CommandError` says what is wrong with a file."""
    if asked is None and not settings.CHECKPOINT_FOLDER.is_dir():
        return []
    try:
        found = verifier.read_checkpoints([asked or settings.CHECKPOINT_FOLDER])
    except verifier.Unreadable as error:
        raise CommandError(f"{error}.") from error
    return [Checkpoint(sequence, line_hash) for sequence, line_hash in found.items()]
