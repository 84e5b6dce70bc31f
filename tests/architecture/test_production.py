"""The descriptions of production agree with each other and with the code."""

from typing import Any

import yaml

from config.celery import QUEUES, app
from tests.architecture.files import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def queue_of(command: list[str]) -> str:
    return command[command.index("--queues") + 1]


def test_every_queue_has_a_worker_of_its_own() -> None:
    workers = [service["command"] for service in OURS.values() if "worker" in service["command"]]
    assert sorted(queue_of(command) for command in workers) == sorted(QUEUES)


def test_every_sweep_goes_to_a_queue_that_a_worker_takes() -> None:
    queues = {app.amqp.router.route({}, entry["task"])["queue"].name for entry in app.conf.beat_schedule.values()}
    assert queues <= set(QUEUES)


def test_there_is_one_beat() -> None:
    assert [name for name, service in OURS.items() if "beat" in service["command"]] == ["beat"]


def test_the_procfile_runs_the_workers_that_compose_runs() -> None:
    lines = procfile()
    for queue in QUEUES:
        assert lines[queue].split() == OURS[f"worker-{queue}"]["command"]


def test_nothing_of_ours_runs_as_root_or_can_become_it() -> None:
    for service in OURS.values():
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
    assert "USER 10001" in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()


def test_everything_that_stays_up_says_how_it_is() -> None:
    assert [name for name, s in SERVICES.items() if "healthcheck" not in s and s["restart"] != "no"] == []


def test_redis_keeps_what_it_was_told() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_no_secret_stands_in_the_compose_file() -> None:
    names = {name for service in SERVICES.values() for name in service.get("environment", {})}
    secrets = {name for name in names if any(word in name for word in ("KEY", "PASSWORD", "TOKEN"))}
    assert secrets
    assert [name for name in secrets if not name.endswith("_FILE")] == []
