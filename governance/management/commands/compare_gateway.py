from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.drifts import compare_again, read_gateway
from governance.models import Gateway, GatewayReport
from registry.imports.faults import Refused


class Command(BaseCommand):
    help = (
        "Hold a gateway's configuration against the approved plans, and keep the report. Without a file the one that was "
        "read last is compared again. Exits with 1 where something above a note differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("gateway", metavar="GATEWAY", help="Its slug.")
        parser.add_argument("file", type=Path, nargs="?", help="The LiteLLM proxy's config.yaml; no secret is kept.")

    def handle(self, *, gateway: str, file: Path | None, **_options: Any) -> None:
        found = Gateway.objects.select_related("system", "environment").filter(slug=gateway).first()
        if found is None:
            raise CommandError(f"There is no gateway “{gateway}”. Add it in the web admin, or through the API.")
        report = _read(found, file) if file else compare_again(found, now=timezone.now()) or found.reports.first()
        if report is None:
            raise CommandError(f"No configuration of “{gateway}” was read yet: give a file.")
        drifts = list(report.drifts.all())
        for drift in drifts:
            self.stdout.write(f"{drift.rule} {drift.level}: {drift.message} {drift.fix} [{drift.place or 'no route'}]")
        self.stdout.write(f"{len(drifts)} drifts; read on {report.read_at:%Y-%m-%d %H:%M} UTC.")
        if any(drift.level != "note" for drift in drifts):
            raise SystemExit(1)


def _read(gateway: Gateway, file: Path) -> GatewayReport:
    try:
        return read_gateway(gateway, file.read_bytes(), file_name=file.name, person=None, now=timezone.now())
    except OSError as error:
        raise CommandError(f"Cannot read {file}: {error.strerror}") from error
    except Refused as refused:
        raise CommandError(f"{refused}\n\nNothing was kept.") from refused
