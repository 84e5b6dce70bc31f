"""The environment, read once and typed.

Every setting that an operator may turn is a field of `Environment`; `.env.example` explains each.
A bad value raises `BadSetting`, which names the variable and what would be right: the start stops there.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import dj_database_url
import dj_email_url
from environs import Env, EnvError
from marshmallow.validate import Range

ROOT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 16
_KNOWN_ISSUERS = ("https://token.actions.githubusercontent.com", "https://gitlab.com")
_ED25519_BYTES = 32
_ED25519_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_MAIL_SCHEMES = ("submission", "smtp", "console", "dummy")


class BadSetting(SystemExit):
    """A variable of the environment cannot be used; the text names it and the way out."""


@dataclass(frozen=True, slots=True)
class ModelList:
    """How a vendor's list of its models is asked for; no `urls` means the vendor's own, "" that there is no key."""

    urls: tuple[str, ...] = ()
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Environment:
    """What the process was told. Durations carry their unit in the name."""

    var: Path
    checkpoints: Path
    attest_days: int
    retention_days: int
    production: bool
    debug: bool
    secret_key: str
    verdict_keys: tuple[str, ...]
    allowed_hosts: list[str]
    base_url: str
    host: str
    port: int
    database: dict[str, Any]
    redis_url: str
    email: dict[str, Any]
    email_from: str
    demo: bool
    admin_password: str
    hf_endpoint: str
    hf_token: str
    hf_canary: str
    hf_webhook_secret: str
    litellm_url: str
    models_dev_url: str
    deprecations_info_url: str
    model_deprecations_url: str
    model_lists: dict[str, "ModelList"]
    openai_compatible_host: str
    bedrock_regions: list[str]
    bedrock_url: str
    jira_url: str
    jira_user: str
    jira_token: str
    digest_window_minutes: int
    login_limit: int
    api_limit: int
    proxies: int
    ci_issuers: list[str]
    log_level: str


def read(environ: Env | None = None) -> Environment:
    """Read and check the whole environment; raises `BadSetting` on the first bad value."""
    env = environ or Env()
    try:
        return _read(env)
    except (EnvError, ValueError) as error:
        message = f"Understudy cannot start: {str(error).rstrip('.')}. See .env.example for what each variable means."
        raise BadSetting(message) from error


def _read(env: Env) -> Environment:
    var = _folder(env)
    production = env.bool("UNDERSTUDY_PRODUCTION", default=False)
    host = env.str("HOST", "") or "127.0.0.1"
    port = env.int("PORT", 8000, validate=Range(min=1, max=65535))
    base_url = _url(env, "BASE_URL", f"http://{_reachable(host)}:{port}")
    return Environment(
        var=var,
        attest_days=env.int("UNDERSTUDY_ATTEST_DAYS", 365, validate=Range(min=1, max=3650)),
        # Less would take from people what a quarter's review looks at.
        retention_days=env.int("UNDERSTUDY_RETENTION_DAYS", 400, validate=Range(min=90, max=36500)),
        checkpoints=_path(env, "UNDERSTUDY_CHECKPOINTS", var / "checkpoints"),
        production=production,
        debug=env.bool("DEBUG", default=False),
        secret_key=_secret_key(env, var, production=production),
        verdict_keys=_verdict_keys(env, var, production=production),
        allowed_hosts=env.list("ALLOWED_HOSTS", default=_default_hosts(host, base_url)),
        base_url=base_url,
        host=host,
        port=port,
        database=_database(env, var),
        redis_url=_redis_url(env),
        email=_email(env),
        email_from=env.str("EMAIL_FROM", "Understudy <understudy@localhost>"),
        demo=env.bool("UNDERSTUDY_DEMO", default=True),
        admin_password=_secret(env, "UNDERSTUDY_ADMIN_PASSWORD"),
        hf_endpoint=_url(env, "HF_ENDPOINT", "https://huggingface.co"),
        hf_token=_secret(env, "HF_TOKEN"),
        hf_canary=env.str("HF_CANARY", "") or "openai-community/gpt2",
        hf_webhook_secret=_webhook_secret(env),
        litellm_url=_url(
            env,
            "LITELLM_URL",
            "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
        ),
        models_dev_url=_url(env, "MODELS_DEV_URL", "https://models.dev/api.json"),
        deprecations_info_url=_url(env, "DEPRECATIONS_INFO_URL", "https://deprecations.info/v1/feed.json"),
        model_deprecations_url=_url(env, "MODEL_DEPRECATIONS_URL", "https://modeldeprecations.dev/api/v1/models.json"),
        model_lists=_model_lists(env),
        openai_compatible_host=env.str("OPENAI_COMPATIBLE_HOST", "") or "self-hosted",
        bedrock_regions=_regions(env),
        bedrock_url=_url(env, "BEDROCK_URL", "") if env.str("BEDROCK_URL", "") else "",
        jira_url=_tracker_url(env, "JIRA_URL"),
        jira_user=env.str("JIRA_USER", ""),
        jira_token=_secret(env, "JIRA_TOKEN"),
        digest_window_minutes=env.int(
            "UNDERSTUDY_DIGEST_MINUTES", 15 if production else 1, validate=Range(min=1, max=1440)
        ),
        login_limit=env.int("UNDERSTUDY_LOGIN_LIMIT", 20, validate=Range(min=0, max=1_000_000)),
        api_limit=env.int("UNDERSTUDY_API_LIMIT", 3000 if production else 0, validate=Range(min=0, max=1_000_000)),
        proxies=env.int("UNDERSTUDY_PROXIES", 0, validate=Range(min=0, max=10)),
        ci_issuers=_issuers(env),
        log_level=_one_of(env, "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    )


def _folder(env: Env) -> Path:
    """The folder of local state; it is made where it is missing, because every process writes there."""
    try:
        var = Path(env.str("UNDERSTUDY_VAR", "") or ROOT / "var").expanduser().resolve()
        var.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f'Environment variable "UNDERSTUDY_VAR" names a folder that cannot be used: {error}'
        ) from error
    return var


def _path(env: Env, name: str, default: Path) -> Path:
    """A folder that is made when something is written there."""
    given = env.str(name, "")
    return Path(given).expanduser().resolve() if given else default


def _reachable(host: str) -> str:
    """How a browser on this machine names what listens on `host`."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _default_hosts(host: str, base_url: str) -> list[str]:
    return sorted({"localhost", "127.0.0.1", "[::1]", _reachable(host), _reachable(urlsplit(base_url).hostname or "")})


def _database(env: Env, var: Path) -> dict[str, Any]:
    url = _secret(env, "DATABASE_URL") or f"sqlite:///{var / 'understudy.sqlite3'}"
    if not url.startswith(("sqlite:", "postgres:", "postgresql:")):
        msg = f'Environment variable "DATABASE_URL" must start with sqlite: or postgresql:, not "{url.split(":")[0]}:"'
        raise ValueError(msg)
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        # The error may quote the password.
        raise ValueError('Environment variable "DATABASE_URL" is not a valid address of a database') from error
    if password := _secret(env, "DATABASE_PASSWORD"):
        database["PASSWORD"] = password
    if database["ENGINE"].endswith("sqlite3"):
        # WAL lets readers go on while one writer works; IMMEDIATE takes the write lock at BEGIN,
        # because a DEFERRED transaction that upgrades fails at once with "database is locked".
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                # Without it, INSERT OR REPLACE would pass by the triggers that refuse to delete.
                "PRAGMA recursive_triggers=ON;"
            ),
        }
    else:
        database["CONN_HEALTH_CHECKS"] = True
        database["CONN_MAX_AGE"] = 60
    return database


def _redis_url(env: Env) -> str:
    url = _secret(env, "REDIS_URL")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        msg = 'Environment variable "REDIS_URL" must start with redis://, rediss:// or unix://'
        raise ValueError(msg)
    return url


def _email(env: Env) -> dict[str, Any]:
    url = _secret(env, "EMAIL_URL")
    if not url:
        return {}
    try:
        if url.split(":")[0] not in _MAIL_SCHEMES:
            raise ValueError(url)  # noqa: TRY301  # the same answer for whatever is wrong
        return dict(dj_email_url.parse(url))
    except ValueError as error:
        # The error may quote the password.
        raise ValueError(
            'Environment variable "EMAIL_URL" must be like submission://user:password@host:587 (or smtp://host:25)'
        ) from error


def _url(env: Env, name: str, default: str) -> str:
    url = env.str(name, "") or default
    if not url.startswith(("https://", "http://")):
        msg = f'Environment variable "{name}" must be an http:// or https:// address'
        raise ValueError(msg)
    return url.rstrip("/")


def _model_lists(env: Env) -> dict[str, ModelList]:
    """By the slug of their source."""
    lists = {
        "openai": ModelList(_urls(env, "OPENAI_URL"), _secret(env, "OPENAI_API_KEY")),
        "anthropic": ModelList(_urls(env, "ANTHROPIC_URL"), _secret(env, "ANTHROPIC_API_KEY")),
        "mistral": ModelList(_urls(env, "MISTRAL_URL"), _secret(env, "MISTRAL_API_KEY")),
        "cohere": ModelList(_urls(env, "COHERE_URL"), _secret(env, "COHERE_API_KEY")),
        "gemini": ModelList(_urls(env, "GEMINI_URL"), _secret(env, "GEMINI_API_KEY")),
        "groq": ModelList(_urls(env, "GROQ_URL"), _secret(env, "GROQ_API_KEY")),
        "openrouter": ModelList(_urls(env, "OPENROUTER_URL"), _secret(env, "OPENROUTER_API_KEY")),
        "azure": ModelList(_urls(env, "AZURE_URL"), _secret(env, "AZURE_API_KEY")),
        "openai_compatible": ModelList(_urls(env, "OPENAI_COMPATIBLE_URL"), _secret(env, "OPENAI_COMPATIBLE_API_KEY")),
    }
    for slug, one in lists.items():
        # It becomes a header, which takes nothing else.
        if not (one.key.isascii() and one.key.isprintable()):
            msg = f'Environment variable "{slug.upper()}_API_KEY" must be printable ASCII'
            raise ValueError(msg)
    return lists


def _urls(env: Env, name: str) -> tuple[str, ...]:
    """Addresses, separated by commas; none means that nothing was said."""
    urls = tuple(url.strip().rstrip("/") for url in env.str(name, "").split(",") if url.strip())
    if not all(url.startswith(("https://", "http://")) for url in urls):
        msg = f'Environment variable "{name}" must be an http:// or https:// address'
        raise ValueError(msg)
    return urls


def _regions(env: Env) -> list[str]:
    regions = [region.strip() for region in env.str("BEDROCK_REGIONS", "").split(",") if region.strip()]
    if not all(re.fullmatch(r"[a-z]{2}(-[a-z0-9]+)+", region) for region in regions):
        msg = 'Environment variable "BEDROCK_REGIONS" must be names of regions, as in eu-central-1,us-east-1'
        raise ValueError(msg)
    return regions


def _tracker_url(env: Env, name: str) -> str:
    """Where tickets and the token go; empty where there is no tracker."""
    url = env.str(name, "").rstrip("/")
    if url and not _is_safe(urlsplit(url)):
        msg = f'Environment variable "{name}" must be an https:// address (http:// is allowed on this machine alone)'
        raise ValueError(msg)
    return url


def _issuers(env: Env) -> list[str]:
    """Providers of identities of pipelines, as they name themselves."""
    issuers: list[str] = env.list("UNDERSTUDY_CI_ISSUERS", default=list(_KNOWN_ISSUERS))
    for issuer in issuers:
        parts = urlsplit(issuer)
        if not _is_safe(parts) or parts.query or parts.fragment or parts.username:
            msg = 'Environment variable "UNDERSTUDY_CI_ISSUERS" must hold https:// addresses, separated by commas'
            raise ValueError(msg)
    return issuers


def _is_safe(parts: SplitResult) -> bool:
    """Whether it is an address that cannot be read on the way: https, or this very machine."""
    is_loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback))


def _one_of(env: Env, name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.str(name, default).upper()
    if value not in allowed:
        msg = f'Environment variable "{name}" must be one of {", ".join(allowed)}'
        raise ValueError(msg)
    return value


def _secret(env: Env, name: str) -> str:
    """The value of `name`, or the content of the file that `<name>_FILE` names (as container secrets come)."""
    path = env.str(f"{name}_FILE", "")
    if not path:
        return env.str(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f'Environment variable "{name}_FILE" names a file that cannot be read: {error}'
        raise ValueError(msg) from error


def _webhook_secret(env: Env) -> str:
    """What the Hub sends along with each webhook; it sends ASCII alone. Empty: no webhook is taken."""
    secret = _secret(env, "HF_WEBHOOK_SECRET")
    if secret and not (len(secret) >= SHORTEST_SECRET and secret.isascii() and secret.isprintable()):
        msg = f'Environment variable "HF_WEBHOOK_SECRET" must be at least {SHORTEST_SECRET} printable ASCII characters'
        raise ValueError(msg)
    return secret


def _secret_key(env: Env, var: Path, *, production: bool) -> str:
    if key := _secret(env, "SECRET_KEY"):
        return key
    if production:
        msg = 'Environment variable "SECRET_KEY" (or "SECRET_KEY_FILE") is required in production'
        raise ValueError(msg)
    return _kept(var / "secret-key", lambda: secrets.token_urlsafe(50))


def _verdict_keys(env: Env, var: Path, *, production: bool) -> tuple[str, ...]:
    """The private keys that verdicts are signed with, as base64url of 32 bytes (RFC 8037's `d`): the first one signs."""
    text = _secret(env, "VERDICT_KEYS")
    if not text and not production:
        text = _kept(var / "verdict-keys", lambda: secrets.token_urlsafe(_ED25519_BYTES))
    keys = tuple(text.replace(",", " ").split())
    if not all(map(_ED25519_KEY.fullmatch, keys)):
        msg = 'Environment variable "VERDICT_KEYS" must be keys as `manage.py verdict_keys --new` prints them'
        raise ValueError(msg)
    return keys


def _kept(path: Path, make: Callable[[], str]) -> str:
    """What stands in the file at `path`; the first process that asks makes it, and the others read the same."""
    if not path.exists():
        # Written in full before it has its name: a second process must not read half of it.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, encoding="utf-8") as file:
            file.write(make())
            file.flush()
            with suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text(encoding="utf-8").strip()
