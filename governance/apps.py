from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"

    def ready(self) -> None:
        from governance import permissions  # noqa: PLC0415 - it names models, which are loaded by now

        permissions.register()
