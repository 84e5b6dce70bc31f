"""`manage.py create_token USERNAME`: a token for the API, printed once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance import tokens
from registry.models import User


class Command(BaseCommand):
    help = "Make an API token that acts as a person; it is printed once and kept as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *_args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person with the user name {options['username']!r}.")
        _, token = tokens.make(person, by=None)
        self.stdout.write(token)
