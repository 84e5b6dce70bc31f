"""`manage.py verdict_keys`: the public keys for the configuration of pipelines; `--new` makes a private one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance.signing import new_key, published_keys


class Command(BaseCommand):
    help = "Print the public keys that signed verdicts are verified by, for UNDERSTUDY_VERDICT_KEYS of pipelines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--new", action="store_true", help="Print a new private key instead, for VERDICT_KEYS.")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["new"]:
            self.stdout.write(new_key())
            return
        keys = published_keys()
        if not keys:
            raise CommandError("No verdict is signed: set VERDICT_KEYS to what `manage.py verdict_keys --new` prints.")
        self.stdout.write(",".join(key["x"] for key in keys))
