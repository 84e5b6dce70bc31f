"""`manage.py create_token USERNAME`: a token for the API, printed once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance import tokens
from governance.models import Token
from governance.refused import Refused
from registry.models import System, Team, User


class Command(BaseCommand):
    help = "Make an API token that acts as a person; it is printed once and kept as a hash."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--kind", choices=Token.Kind.values, default=Token.Kind.WRITE, help="default: write")
        parser.add_argument("--system", default="", metavar="SLUG", help="bind it to one system")
        parser.add_argument("--team", default="", metavar="SLUG", help="bind it to the systems of one team")
        parser.add_argument("--days", type=int, default=tokens.LIFETIME.days, help="after so many it expires")
        parser.add_argument("--name", default="", help="what it is for")

    def handle(self, *_args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person with the user name {options['username']!r}.")
        try:
            _, token = tokens.make(
                person,
                by=None,
                now=timezone.now(),
                kind=options["kind"],
                name=options["name"],
                system=self._named(System, options["system"]),
                team=self._named(Team, options["team"]),
                lifetime=timedelta(days=options["days"]),
            )
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(token)

    def _named(self, model: Any, slug: str) -> Any:
        if not slug:
            return None
        row = model.objects.filter(slug=slug).first()
        if row is None:
            raise CommandError(f"There is no {model._meta.verbose_name} {slug!r}.")
        return row
