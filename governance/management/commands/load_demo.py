"""`manage.py load_demo`: Northwind Retail, an organisation to try everything with."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.demo.load import NotEmpty, load


class Command(BaseCommand):
    help = "Fill an empty register with the demo organisation Northwind Retail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password", default="", help="What the people of the demo log in with; made up if absent."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        password = options["password"] or secrets.token_urlsafe(9)
        try:
            load(password=password, now=timezone.now())
        except NotEmpty as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo organisation Northwind Retail is loaded.")
        self.stdout.write("  anna, ben, carla  own models and systems")
        self.stdout.write("  ravi, ruth        review and decide")
        self.stdout.write("  lena              reads the terms for legal")
        self.stdout.write("  vera              only looks")
        if not options["password"]:
            self.stdout.write(f"  password of each: {password}")
