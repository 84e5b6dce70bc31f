from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.drifts import names_there
from governance.gateway import litellm_plans
from governance.models import Gateway
from registry.exports.litellm import router_settings
from registry.models import Environment, System


class Command(BaseCommand):
    help = "Write the approved fallbacks as the router_settings of a LiteLLM proxy (YAML, to standard output)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--system", metavar="SLUG", help="Only this system; for a proxy of its own.")
        parser.add_argument("--environment", metavar="SLUG", help="Only this one; without it, all of production.")
        parser.add_argument(
            "--gateway", metavar="SLUG", help="What this gateway serves, by the names that its callers use."
        )

    def handle(self, *, system: str | None, environment: str | None, gateway: str | None, **_options: Any) -> None:
        names: dict[int, str] = {}
        if gateway is not None:
            system, environment, names = _of_gateway(gateway, system, environment)
        if system is not None and not System.objects.filter(slug=system).exists():
            raise CommandError(f"--system: there is no system “{system}”.")
        if environment is not None and not Environment.objects.filter(slug=environment).exists():
            known = ", ".join(Environment.objects.values_list("slug", flat=True))
            raise CommandError(f"--environment: there is no environment “{environment}”; there are {known}.")
        plans = litellm_plans(now=timezone.now(), system=system, environment=environment, names_there=names)
        self.stdout.write(router_settings(plans), ending="")


def _of_gateway(
    slug: str, system: str | None, environment: str | None
) -> tuple[str | None, str | None, dict[int, str]]:
    """Its scope, where no other is asked for, and its names."""
    gateway = Gateway.objects.select_related("system", "environment").filter(slug=slug).first()
    if gateway is None:
        raise CommandError(f"--gateway: there is no gateway “{slug}”. Add it in the web admin, or through the API.")
    system = system or (gateway.system.slug if gateway.system else None)
    return system, environment or (gateway.environment.slug if gateway.environment else None), names_there(gateway)
