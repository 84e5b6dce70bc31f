"""`manage.py deliver --now` without the look-up at the tracker: the negative control of the kill test."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - Django is set up first

from governance.transports import jira  # noqa: E402 - the same

jira._look_up = lambda *_args: None  # noqa: SLF001 - the protection that is switched off
call_command("deliver", "--now", "--transport", "jira")
