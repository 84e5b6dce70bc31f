"""The Celery app and the one list of periodic work.

The broker is only a hint: what is to be done stands in database rows, and each periodic sweep below finds
again whatever a killed worker or an emptied broker has lost. So no task needs a result, and doing one twice is safe.
"""

import os
from datetime import timedelta
from typing import Any

from celery import Celery, Task

from config import file_broker
from governance.doors import Door, through

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("poll", "triage", "notify", "tickets")


class RecordedTask(Task):
    """A task whose lines of audit say that a task did it, and which run of it."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with through(Door.TASK, self.request.id or ""):
            return super().__call__(*args, **kwargs)  # type: ignore[no-untyped-call]  # Celery carries no types


file_broker.register()
app = Celery("understudy", task_cls=RecordedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "poll"
app.conf.task_routes = {
    "registry.tasks.*": {"queue": "poll"},
    "governance.tasks.deliver_mail": {"queue": "notify"},
    "governance.tasks.deliver_tickets": {"queue": "tickets"},
    "governance.tasks.*": {"queue": "triage"},
}


def _every(seconds: int, task: str) -> dict[str, Any]:
    """A sweep; one that nobody took up before the next is due is dropped, so that no queue grows without a worker."""
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": seconds}}


app.conf.beat_schedule = {
    "poll due sources": _every(30, "registry.tasks.poll_due_sources"),
    "retire what is due": _every(600, "registry.tasks.retire_due"),
    "watch sources": _every(120, "registry.tasks.watch_sources"),
    "tell of incidents": _every(30, "governance.tasks.tell_of_incidents"),
    "triage new changes": _every(10, "governance.tasks.triage_changes"),
    "try policies": _every(10, "governance.tasks.try_policies"),
    "look at last releases again": _every(30, "governance.tasks.look_ahead"),
    "deliver mail": _every(10, "governance.tasks.deliver_mail"),
    "deliver tickets": _every(10, "governance.tasks.deliver_tickets"),
    "judge vendors": _every(21_600, "registry.tasks.judge_vendors"),
    "end corrections": _every(600, "governance.tasks.end_corrections"),
    "set breakers": _every(600, "governance.tasks.set_breakers"),
    "forget dry runs": _every(86_400, "governance.tasks.forget_trials"),
    # Once a day is written; asked more often, so that a day on which beat was down at midnight is not left out.
    "snapshot concentration": _every(3_600, "governance.tasks.snapshot_concentration"),
    "keep a checkpoint of the audit chain": _every(3600, "governance.tasks.keep_checkpoint"),
    "compare gateways": _every(600, "governance.tasks.watch_gateways"),
    "expire what has ended": _every(600, "governance.tasks.expire"),
    "forget what is old": _every(21_600, "governance.tasks.forget_old"),
}
app.autodiscover_tasks(["registry", "governance"])
