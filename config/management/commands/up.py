"""`manage.py up`: everything on one machine, until Ctrl-C."""

import secrets
import signal
import time
from threading import Event
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections, transaction

from config import embedded
from config.probes import pending_migrations
from config.supervisor import TICK_SECONDS, Supervisor
from governance import audit, permissions
from governance.snapshot import snapshot
from registry.models import AIModel, User

ADMIN = "admin"
SLOW_START_SECONDS = 60.0


class Command(BaseCommand):
    help = "Set up the database and run web server, worker and beat on this machine until Ctrl-C."
    # The web server checks itself when it starts; doing so here as well would only delay it.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        env = settings.ENV
        if env.production:
            raise CommandError(
                "`up` is for one machine. With UNDERSTUDY_PRODUCTION=1, start the processes that docker-compose.yml lists."
            )
        try:
            with embedded.only_one(env.var, address=env.base_url):
                embedded.require_free(env.host, env.port)
                self._serve(self._prepare())
        except embedded.CannotStart as error:
            raise CommandError(str(error)) from error

    def _prepare(self) -> list[str]:
        """Bring the database up to date and fill an empty one; returns what to tell about logging in."""
        if pending_migrations():
            self._say("up", f"preparing the database ({connection.vendor}) ...")
            call_command("migrate", verbosity=0)
        told, password = self._make_first_admin()
        if settings.ENV.demo and not AIModel.objects.exists():
            self._say("up", "loading the demo organisation (UNDERSTUDY_DEMO=0 leaves it out) ...")
            call_command("load_demo", password=password, stdout=self.stdout)
            told += ["The people of the demo have the same password."] if password else []
        # The web server takes static files from where they lie, but warns of a missing folder of collected ones.
        settings.STATIC_ROOT.mkdir(exist_ok=True)
        connections.close_all()
        return told

    def _make_first_admin(self) -> tuple[list[str], str]:
        """What to tell about the administrator, and the password if one was just set (else empty)."""
        if User.objects.filter(is_superuser=True).exists():
            return ["Log in as before; a lost password: .venv/bin/python manage.py changepassword " + ADMIN], ""
        chosen = settings.ENV.admin_password
        password = chosen or secrets.token_urlsafe(12)
        with transaction.atomic():
            admin = User.objects.create_superuser(ADMIN, password=password)
            admin.groups.add(Group.objects.get(name=permissions.ADMIN))
            audit.record("command:user:added", admin, actor=None, after=snapshot(admin))
        shown = "the one in UNDERSTUDY_ADMIN_PASSWORD" if chosen else f"{password}   (shown this once)"
        return [f"user:     {ADMIN}", f"password: {shown}"], password

    def _serve(self, told: list[str]) -> None:
        env = settings.ENV
        stop, at_once = Event(), Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            # The second Ctrl-C does not wait for running work.
            (at_once if stop.is_set() else stop).set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, end)
        programs = embedded.programs(host=env.host, port=env.port, log_level=env.log_level)
        supervisor = Supervisor(programs, say=self._say)
        try:
            supervisor.start()
            self._watch(supervisor, stop, told)
        finally:
            self._say("up", "stopping ...")
            supervisor.stop(at_once=at_once)
            self._say("up", "stopped")

    def _watch(self, supervisor: Supervisor, stop: Event, told: list[str]) -> None:
        """Keep all running until `stop`; say so once the first page is really there, or that it is late."""
        started_at, is_told, is_late = time.monotonic(), False, False
        while not stop.wait(TICK_SECONDS):
            supervisor.watch()
            if not is_told and embedded.is_ready(settings.ENV.host, settings.ENV.port):
                is_told = True
                self._tell(told)
            elif not (is_told or is_late) and time.monotonic() - started_at > SLOW_START_SECONDS:
                is_late = True
                self._say("up", "the web server does not answer yet; `manage.py doctor` says what is missing")

    def _tell(self, told: list[str]) -> None:
        lines = ["", f"Understudy is ready: {settings.ENV.base_url}", *(f"  {line}" for line in told)]
        self.stdout.write("\n".join([*lines, "  Ctrl-C stops everything.", ""]))
        self.stdout.flush()

    def _say(self, name: str, line: str) -> None:
        self.stdout.write(f"{name:<7}| {line}")
        self.stdout.flush()
