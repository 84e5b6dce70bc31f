"""`manage.py doctor`: what is configured and reachable, what is wrong, and the way out."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from config.diagnosis import Finding, Status, diagnose


class Command(BaseCommand):
    help = "Say what is configured, reachable and migrated, and what is wrong; exits with 1 if something is."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="One JSON document instead of lines.")

    def handle(self, *_args: Any, **options: Any) -> None:
        findings = diagnose(settings.ENV, now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=1))
        else:
            self.stdout.write("\n".join(_line(finding) for finding in findings))
        if any(finding.status is Status.WRONG for finding in findings):
            sys.exit(1)


def _line(finding: Finding) -> str:
    line = f"{finding.status:<6}{finding.topic:<14} {finding.says}"
    return f"{line}\n{'':<21}-> {finding.way_out}" if finding.way_out else line
