"""What `manage.py doctor` looks at: one small function for each thing that can be wrong, and the table of them.

A check says what it found and, where that is not good, the way out. It changes nothing and raises nothing.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from redis import Redis, RedisError

from config.env import Environment
from config.probes import pending_migrations
from governance import audit, checkpoints, verifier
from governance.models import Notice
from governance.signing import key_id
from registry.health import State, is_overdue, look
from registry.models import Change, Source, Team, User
from registry.upstream import SOURCES, adapter_of
from registry.upstream.model_list import ModelList

# Work is looked for every 10 to 30 s; what has waited this long waits for a worker that does not run.
LATE_AFTER = timedelta(minutes=5)
# They are written every hour.
CHECKPOINT_LATE_AFTER = timedelta(hours=3)
MIN_KEY_LENGTH = 32
MINUTE = "%Y-%m-%d %H:%M"


class Status(StrEnum):
    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. `way_out` is empty only where nothing needs doing."""

    topic: str
    status: Status
    says: str
    way_out: str = ""


Check = Callable[[Environment, datetime], Iterator[Finding]]


def diagnose(env: Environment, *, now: datetime) -> list[Finding]:
    """Everything there is to say, in the order in which one would repair it."""
    findings = [finding for check in CHECKS for finding in check(env, now)]
    database_is_usable = not any(f.topic in ("database", "migrations") and f.status is Status.WRONG for f in findings)
    return findings + [f for check in ROW_CHECKS if database_is_usable for f in check(env, now)]


def check_mode(env: Environment, _now: datetime) -> Iterator[Finding]:
    mode = "production" if env.production else "embedded: everything on this machine"
    yield Finding("mode", Status.OK, mode)
    if env.production and env.debug:
        yield Finding("mode", Status.WRONG, "error pages show internals", "Remove DEBUG.")


def check_secret_key(env: Environment, _now: datetime) -> Iterator[Finding]:
    if env.production and len(env.secret_key) < MIN_KEY_LENGTH:
        way_out = "Set SECRET_KEY, or SECRET_KEY_FILE, to 50 random characters."
        yield Finding("secret key", Status.WRONG, f"shorter than {MIN_KEY_LENGTH} characters", way_out)
    else:
        yield Finding("secret key", Status.OK, "set" if env.production else f"kept in {env.var}")


def check_verdict_keys(env: Environment, _now: datetime) -> Iterator[Finding]:
    """Whether verdicts are signed, and by which key: with that a pipeline can go by the last one while nobody answers."""
    topic, kids = "verdict keys", [key_id(key) for key in env.verdict_keys]
    if not kids:
        way_out = "If pipelines shall go by their last verdict while this server is away, set VERDICT_KEYS to what "
        yield Finding(topic, Status.NOTE, "no verdict is signed", f"{way_out}manage.py verdict_keys --new prints.")
    elif len(set(kids)) < len(kids):
        way_out = "Leave each key in VERDICT_KEYS once, the one that signs first."
        yield Finding(topic, Status.NOTE, f"one is set twice; {kids[0]} signs", way_out)
    elif len(kids) > 1:
        way_out = "Take them out of VERDICT_KEYS a day after the new one was put before them."
        yield Finding(topic, Status.NOTE, f"{kids[0]} signs; still published: {', '.join(kids[1:])}", way_out)
    else:
        yield Finding(topic, Status.OK, f"{kids[0]} signs")


def check_address(env: Environment, _now: datetime) -> Iterator[Finding]:
    is_local = any(name in env.base_url for name in ("//localhost", "//127.0.0.1", "//[::1]"))
    if env.production and is_local:
        way_out = "Set BASE_URL to the address that people use; it stands in mails and tickets."
        yield Finding("address", Status.WRONG, f"{env.base_url} leads nobody here", way_out)
    elif env.production and not env.base_url.startswith("https://"):
        way_out = "Serve https and say so in BASE_URL; cookies are then sent over https alone."
        yield Finding("address", Status.NOTE, f"{env.base_url} is not https", way_out)
    else:
        yield Finding("address", Status.OK, env.base_url)


def check_folder(env: Environment, _now: datetime) -> Iterator[Finding]:
    nearest = next(folder for folder in (env.var, *env.var.parents) if folder.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        yield Finding("folder", Status.OK, f"{env.var} can be written")
    else:
        way_out = "Let this user write there, or name another folder with UNDERSTUDY_VAR."
        yield Finding("folder", Status.WRONG, f"{env.var} cannot be written", way_out)


def check_database(env: Environment, _now: datetime) -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield Finding("database", Status.WRONG, f"cannot be reached: {error}".strip(), "See DATABASE_URL.")
        return
    yield Finding("database", Status.OK, f"{connection.vendor} answers")
    if connection.vendor == "sqlite":
        yield from _check_sqlite()
        if env.production:
            yield Finding("database", Status.NOTE, "SQLite serves one machine", "Set DATABASE_URL to PostgreSQL.")


def _check_sqlite() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    # A database in memory, as in tests, has no file to keep a log beside.
    if mode in ("wal", "memory"):
        yield Finding("journal", Status.OK, f"SQLite: {mode}")
    else:
        way_out = "Put UNDERSTUDY_VAR on a local disk: SQLite cannot use its log on a network share."
        yield Finding("journal", Status.WRONG, f"SQLite: {mode}, not wal: readers block writers", way_out)


def check_migrations(_env: Environment, _now: datetime) -> Iterator[Finding]:
    try:
        missing = pending_migrations()
    except DatabaseError:
        return  # check_database has said so
    if missing:
        yield Finding("migrations", Status.WRONG, f"{len(missing)} not applied", "Run manage.py migrate.")
    else:
        yield Finding("migrations", Status.OK, "all applied")


def check_broker(env: Environment, _now: datetime) -> Iterator[Finding]:
    if not env.redis_url:
        yield _check_broker_folder(Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"]))
        if env.production:
            yield Finding("broker", Status.NOTE, "files serve one machine", "Set REDIS_URL.")
        return
    try:
        with Redis.from_url(env.redis_url, socket_connect_timeout=3, socket_timeout=3) as broker:
            policy = str(broker.info("memory").get("maxmemory_policy", ""))
    except (RedisError, OSError) as error:
        yield Finding("broker", Status.WRONG, f"Redis cannot be reached: {error}", "See REDIS_URL.")
        return
    yield Finding("broker", Status.OK, "Redis answers")
    if policy not in ("noeviction", ""):
        yield Finding("broker", Status.WRONG, f"Redis drops keys ({policy})", "Set maxmemory-policy to noeviction.")


def _check_broker_folder(folder: Path) -> Finding:
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("broker", Status.OK, f"files in {folder}")
    return Finding("broker", Status.WRONG, f"{folder} cannot be written", "Let this user write there.")


def check_mail(env: Environment, _now: datetime) -> Iterator[Finding]:
    if env.email:
        yield Finding("mail", Status.OK, f"{settings.EMAIL_BACKEND.split('.')[-2]} {settings.EMAIL_HOST or ''}".strip())
    else:
        status = Status.WRONG if env.production else Status.OK
        way_out = "Set EMAIL_URL." if env.production else ""
        yield Finding("mail", status, f"no mail leaves; each becomes a file in {settings.MAIL_FOLDER}", way_out)


def check_tracker(env: Environment, _now: datetime) -> Iterator[Finding]:
    missing = [name for name in ("jira_url", "jira_user", "jira_token") if not getattr(env, name)]
    if not missing:
        yield Finding("tickets", Status.OK, f"go to {env.jira_url}")
    elif env.jira_url:
        names = ", ".join(name.upper() for name in missing)
        yield Finding("tickets", Status.WRONG, "the tracker lets nobody in without an account", f"Set {names}.")
    else:
        instead = "nobody gets tickets" if env.production else f"each becomes a file in {settings.TICKET_FOLDER}"
        yield Finding("tickets", Status.NOTE, f"no tracker: {instead}", "Set JIRA_URL, JIRA_USER, JIRA_TOKEN.")


def check_hub_token(env: Environment, _now: datetime) -> Iterator[Finding]:
    if env.hf_token:
        yield Finding("hub", Status.OK, f"{env.hf_endpoint} with a token")
    else:
        says = "no HF_TOKEN: only absence from complete namespace listings can show a removal"
        yield Finding("hub", Status.NOTE, says, "Set HF_TOKEN to a read-only token.")


def check_people(_env: Environment, _now: datetime) -> Iterator[Finding]:
    if not User.objects.filter(is_superuser=True, is_active=True).exists():
        yield Finding("people", Status.WRONG, "there is no administrator", "Run manage.py createsuperuser.")
    ownerless = Team.objects.without_active_owner().count()
    if ownerless:
        yield Finding("people", Status.NOTE, f"{ownerless} teams have no active owner", "Name one for each.")


def check_sources(_env: Environment, now: datetime) -> Iterator[Finding]:
    for health in look(Source.objects.filter(is_enabled=True), now=now):
        status, way_out = _OF_STATES[health.state]
        if is_overdue(health.source, now=now):
            status, way_out = Status.WRONG, "Start a worker for the queue poll, and beat."
        yield Finding(f"source {health.source.slug}", status, health.why, way_out)


def check_model_lists(_env: Environment, _now: datetime) -> Iterator[Finding]:
    """Vendors' lists whose settings and whose switch in the admin say different things."""
    lists = {slug: one for slug in SOURCES if isinstance(one := adapter_of(slug), ModelList)}
    for source in Source.objects.filter(slug__in=lists).order_by("slug"):
        topic, missing = f"source {source.slug}", lists[source.slug].missing()
        if source.is_enabled and missing:
            way_out = f"Set {' and '.join(missing)}, or disable it in the admin under Sources."
            yield Finding(topic, Status.WRONG, "is enabled and cannot be asked", way_out)
        elif not source.is_enabled and lists[source.slug].is_set_up():
            yield Finding(topic, Status.NOTE, "is set up and disabled", "Enable it in the admin under Sources.")


_LOOK = "Look at its page under Sources; the log of its last polls says why."
_DECIDE = "Release or dismiss what is held back on its page under Sources."
# What each state of an enabled source is to an operator, and what helps.
_OF_STATES = {
    State.FAILING: (Status.WRONG, _LOOK),
    State.QUARANTINED: (Status.WRONG, _DECIDE),
    State.EMPTY: (Status.WRONG, _LOOK),
    State.LATE: (Status.NOTE, "It is tried again by itself; its page under Sources says what failed."),
    State.NEW: (Status.NOTE, "A worker polls it when it is due."),
    State.OK: (Status.OK, ""),
}


def check_triage(_env: Environment, now: datetime) -> Iterator[Finding]:
    late = Change.objects.in_force().filter(triage=None, detected_at__lt=now - LATE_AFTER).count()
    if late:
        way_out = "Start a worker for the queue triage, and beat; or run manage.py triage."
        yield Finding("triage", Status.WRONG, f"{late} changes wait for more than 5 minutes", way_out)
    else:
        yield Finding("triage", Status.OK, "no change waits")


def check_notices(_env: Environment, now: datetime) -> Iterator[Finding]:
    late = Notice.objects.deliverable(now).filter(due_at__lt=now - LATE_AFTER).count()
    dead = Notice.objects.filter(state=Notice.State.DEAD).count()
    if late:
        way_out = "Start workers for the queues notify and tickets, and beat; or run manage.py deliver."
        yield Finding("notices", Status.WRONG, f"{late} are due for more than 5 minutes", way_out)
    if dead:
        yield Finding("notices", Status.WRONG, f"{dead} could not be delivered", "See the dead letters in the admin.")
    if not (late or dead):
        yield Finding("notices", Status.OK, "none is late")


def check_checkpoints(env: Environment, now: datetime) -> Iterator[Finding]:
    """Whether the chain still contains what was kept outside the database, and whether that is done every hour."""
    try:
        known = checkpoints.read(env.checkpoints)
    except verifier.Unreadable as error:
        yield Finding("audit", Status.WRONG, str(error), "Restore that file from a copy; look who changed it.")
        return
    newest = known[-1] if known else audit.Checkpoint()
    if known and not checkpoints.contains(newest):
        says = f"the chain no longer contains line {newest.sequence} as {env.checkpoints} knows it"
        way_out = "Run manage.py verify_audit, and see docs/how-to/verify-the-audit.md."
        yield Finding("audit", Status.WRONG, says, way_out)
        return
    waiting = audit.oldest_after(newest)
    if waiting and waiting < now - CHECKPOINT_LATE_AFTER:
        says = f"no checkpoint since line {newest.sequence}; lines wait since {waiting:{MINUTE}}"
        way_out = f"Start beat and a worker for the queue triage that may write to {env.checkpoints}."
        yield Finding("audit", Status.WRONG, says, way_out)
    elif known:
        yield Finding("audit", Status.OK, f"checkpoints in {env.checkpoints} up to line {newest.sequence}")
    else:
        yield Finding("audit", Status.OK, f"no checkpoint yet; a worker writes one to {env.checkpoints} every hour")


CHECKS: tuple[Check, ...] = (
    check_mode,
    check_secret_key,
    check_verdict_keys,
    check_address,
    check_folder,
    check_database,
    check_migrations,
    check_broker,
    check_mail,
    check_tracker,
    check_hub_token,
)
# These read rows, so they wait until the database answers and is migrated.
ROW_CHECKS: tuple[Check, ...] = (
    check_people,
    check_sources,
    check_model_lists,
    check_triage,
    check_notices,
    check_checkpoints,
)
