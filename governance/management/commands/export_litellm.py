from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.gateway import litellm_plans
from registry.exports.litellm import router_settings
from registry.models import Environment, System


class Command(BaseCommand):
    help = "Write the approved fallbacks as the router_settings of a LiteLLM proxy (YAML, to standard output)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--system", metavar="SLUG", help="Only this system; for a proxy of its own.")
        parser.add_argument("--environment", metavar="SLUG", help="Only this one; without it, all of production.")

    def handle(self, *, system: str | None, environment: str | None, **_options: Any) -> None:
        if system is not None and not System.objects.filter(slug=system).exists():
            raise CommandError(f"--system: there is no system “{system}”.")
        if environment is not None and not Environment.objects.filter(slug=environment).exists():
            known = ", ".join(Environment.objects.values_list("slug", flat=True))
            raise CommandError(f"--environment: there is no environment “{environment}”; there are {known}.")
        plans = litellm_plans(now=timezone.now(), system=system, environment=environment)
        self.stdout.write(router_settings(plans), ending="")
