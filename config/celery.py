"""The Celery app and the one list of periodic work.

The broker is only a hint: what is to be done stands in database rows, and each periodic sweep below finds
again whatever a killed worker or an emptied broker has lost. So no task needs a result, and doing one twice is safe.
"""

import os
from datetime import timedelta

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("poll", "triage", "notify", "tickets")

app = Celery("understudy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "poll"
app.conf.task_routes = {
    "registry.tasks.*": {"queue": "poll"},
    "governance.tasks.deliver_mail": {"queue": "notify"},
    "governance.tasks.deliver_tickets": {"queue": "tickets"},
    "governance.tasks.*": {"queue": "triage"},
}
app.conf.beat_schedule = {
    "poll due sources": {"task": "registry.tasks.poll_due_sources", "schedule": timedelta(seconds=30)},
    "triage new changes": {"task": "governance.tasks.triage_changes", "schedule": timedelta(seconds=10)},
    "deliver mail": {"task": "governance.tasks.deliver_mail", "schedule": timedelta(seconds=10)},
    "deliver tickets": {"task": "governance.tasks.deliver_tickets", "schedule": timedelta(seconds=10)},
    "expire what has ended": {"task": "governance.tasks.expire", "schedule": timedelta(minutes=10)},
}
app.autodiscover_tasks(["registry", "governance"])
