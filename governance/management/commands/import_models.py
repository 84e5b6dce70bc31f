from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from governance.imports import bring_in
from registry.imports.faults import Refused
from registry.imports.files import read
from registry.imports.hub_cache import read_hub_cache
from registry.imports.review import Review, review
from registry.models import User


class Command(BaseCommand):
    help = (
        "Bring models in as proposed: from a table or list (CSV, JSON), a CycloneDX bill of materials, a LiteLLM proxy's "
        "configuration or list of models, or a cache folder of the Hub. docs/how-to/import-models.md says more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--hub-cache", type=Path, metavar="DIR", help="A cache folder of huggingface_hub.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and change nothing.")
        parser.add_argument("--update", action="store_true", help="Change models that the register has already.")
        parser.add_argument("--actor", metavar="USERNAME", help="Who imports, for the audit chain.")

    def handle(
        self,
        *,
        file: Path | None,
        hub_cache: Path | None,
        dry_run: bool,
        update: bool,
        actor: str | None,
        **_options: Any,
    ) -> None:
        source = _source(file, hub_cache)
        person = _person(actor)
        reviewed = _review(source, is_folder=hub_cache is not None, update=update)
        for line in told(reviewed):
            self.stdout.write(line)
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.")
            return
        try:
            models = bring_in(reviewed, file_name=source.name, actor=person, now=timezone.now())
        except (IntegrityError, ValidationError, ObjectDoesNotExist) as error:
            raise CommandError(
                f"The register changed meanwhile; nothing was imported. Run it again. ({error})"
            ) from error
        self.stdout.write(self.style.SUCCESS(f"{len(models)} of {len(reviewed.rows)} models written."))


def told(reviewed: Review) -> Iterator[str]:
    """What would be done, a line each, and what would be left out."""
    yield from (f"{vendor.place}: new vendor {vendor.slug}" for vendor in reviewed.vendors)
    yield from (str(row) for row in reviewed.rows)
    yield from (f"Note: {note}" for note in reviewed.notes)
    yield from (f"Left out: {fault}" for fault in reviewed.left_out)


def _source(file: Path | None, hub_cache: Path | None) -> Path:
    if (file is None) == (hub_cache is None):
        raise CommandError("Give a file, or a cache folder of the Hub with --hub-cache.")
    return file or hub_cache or Path()


def _review(file: Path, *, is_folder: bool, update: bool) -> Review:
    try:
        document = read_hub_cache(file) if is_folder else read(file.name, file.read_bytes())
        return review(document, update=update)
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
