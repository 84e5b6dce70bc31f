from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from governance.imports import bring_in
from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.review import Review, review
from registry.models import User


class Command(BaseCommand):
    help = "Bring models in from a CSV or JSON file, as proposed. docs/how-to/import-models.md has the columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and change nothing.")
        parser.add_argument("--update", action="store_true", help="Change models that the register has already.")
        parser.add_argument("--actor", metavar="USERNAME", help="Who imports, for the audit chain.")

    def handle(self, *, file: Path, dry_run: bool, update: bool, actor: str | None, **_options: Any) -> None:
        person = _person(actor)
        reviewed = _review(file, update=update)
        for vendor in reviewed.vendors:
            self.stdout.write(f"{vendor.place}: new vendor {vendor.slug}")
        for row in reviewed.rows:
            self.stdout.write(str(row))
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.")
            return
        try:
            models = bring_in(reviewed, file_name=file.name, actor=person, now=timezone.now())
        except (IntegrityError, ValidationError, ObjectDoesNotExist) as error:
            raise CommandError(
                f"The register changed meanwhile; nothing was imported. Run it again. ({error})"
            ) from error
        self.stdout.write(self.style.SUCCESS(f"{len(models)} of {len(reviewed.rows)} models written."))


def _review(file: Path, *, update: bool) -> Review:
    try:
        return review(read(file.name, file.read_bytes()), update=update)
    except OSError as error:
        raise CommandError(f"Cannot read {file}: {error.strerror}") from error
    except Refused as refused:
        count = len(refused.faults)
        raise CommandError(f"{refused}\n\n{count} to put right; nothing was imported.") from refused


def _person(username: str | None) -> User | None:
    if username is None:
        return None
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise CommandError(f"--actor: there is no active account “{username}”.")
    return person
