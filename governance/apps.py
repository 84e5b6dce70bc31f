from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from governance import permissions, ways  # noqa: PLC0415 - they name models, which are loaded by now

        permissions.register()
        ways.register()
