"""Django's settings, in one file. What an operator may turn comes from the environment through `config.env`."""

from datetime import timedelta
from typing import Any

from django.templatetags.static import static

from config import env as environment

ENV = environment.read()
BASE_DIR = environment.ROOT

# --- identity and security -------------------------------------------------------------------
SECRET_KEY = ENV.secret_key
DEBUG = ENV.debug
# Signs verdicts, which a client keeps for the hour in which nobody answers; none: nothing is signed.
VERDICT_KEYS = ENV.verdict_keys
ALLOWED_HOSTS = ENV.allowed_hosts
BASE_URL = ENV.base_url
CSRF_TRUSTED_ORIGINS = [BASE_URL]
_HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = _HTTPS
CSRF_COOKIE_SECURE = _HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.production else None
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# The gate takes at most 2 MiB; a larger body is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- applications ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.UnderstudyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rules",
    "config",
    "registry",
    "governance",
]
MIDDLEWARE = [
    "config.probes.answer_probes",
    "config.request_ids.name_requests",
    "config.token_bounds.end_with_the_request",
    "config.nul.refuse_nul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- state -----------------------------------------------------------------------------------
UNDERSTUDY_VAR = ENV.var
# Ends of the audit chain are kept outside the database, so that a chain cut there is seen.
CHECKPOINT_FOLDER = ENV.checkpoints
# Days after which owners are asked to confirm their models and uses again.
ATTEST_DAYS = ENV.attest_days
# Days after which raw answers of sources, checks and deliveries go.
RETENTION_DAYS = ENV.retention_days
DATABASES = {"default": ENV.database}
AUTH_USER_MODEL = "registry.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]

# --- people ----------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    # First: who knocks too often is not even asked for the password.
    "config.limits.LimitedLogIn",
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
# A minute's, counted over all processes; 0 counts nothing.
LOGIN_LIMIT = ENV.login_limit
API_LIMIT = ENV.api_limit
# How many proxies of our own stand in front: so many entries of X-Forwarded-For are believed.
PROXIES = ENV.proxies
# Whose identities of pipelines are taken. People choose among them, so that nobody can have us fetch another address.
CI_ISSUERS = ENV.ci_issuers
LOGIN_REDIRECT_URL = "/"

# --- files -----------------------------------------------------------------------------------
STATIC_URL = "static/"
# In production they are collected into the image when it is built; else they are served from where they lie.
STATIC_ROOT = BASE_DIR / "staticfiles" if ENV.production else ENV.var / "static"
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not ENV.production

# --- e-mail ----------------------------------------------------------------------------------
# Without EMAIL_URL each mail becomes a readable file under var/mail, which the admin shows.
MAIL_FOLDER = ENV.var / "mail"
EMAIL_BACKEND = ENV.email.get("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = str(ENV.email.get("EMAIL_FILE_PATH") or MAIL_FOLDER)
EMAIL_HOST = ENV.email.get("EMAIL_HOST", "localhost")
EMAIL_PORT = ENV.email.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = ENV.email.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = ENV.email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = ENV.email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = ENV.email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = ENV.email_from
DIGEST_WINDOW = timedelta(minutes=ENV.digest_window_minutes)

# --- tickets ---------------------------------------------------------------------------------
# The token goes to this address and to no other, whatever a channel says.
JIRA_URL = ENV.jira_url
# Without a tracker each ticket becomes a readable file, except in production, where nobody would see it.
TICKET_FOLDER = None if ENV.production else ENV.var / "tickets"
JIRA_USER = ENV.jira_user
JIRA_TOKEN = ENV.jira_token

# --- upstream --------------------------------------------------------------------------------
HF_ENDPOINT = ENV.hf_endpoint
HF_TOKEN = ENV.hf_token
HF_CANARY = ENV.hf_canary
HF_WEBHOOK_SECRET = ENV.hf_webhook_secret
LITELLM_URL = ENV.litellm_url
MODELS_DEV_URL = ENV.models_dev_url
DEPRECATIONS_INFO_URL = ENV.deprecations_info_url
MODEL_DEPRECATIONS_URL = ENV.model_deprecations_url
MODEL_LISTS = ENV.model_lists
OPENAI_COMPATIBLE_HOST = ENV.openai_compatible_host
BEDROCK_REGIONS = ENV.bedrock_regions
BEDROCK_URL = ENV.bedrock_url
# Where workers on several machines count together what they send; "" for the database.
REDIS_URL = ENV.redis_url

# --- background work: what is done when stands in config/celery.py ----------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(ENV.var / "beat-schedule")
if ENV.redis_url:
    CELERY_BROKER_URL = ENV.redis_url
    # Redis hands a task out again when it was not acknowledged for this long. It must stay above twice the hard
    # time limit, else a slow task is started again while it still runs.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"visibility_timeout": 1500}
else:
    CELERY_BROKER_URL = "wholefiles://localhost//"
    _QUEUE, _CONTROL = ENV.var / "broker" / "queue", ENV.var / "broker" / "control"
    _QUEUE.mkdir(parents=True, exist_ok=True)
    _CONTROL.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE),
        "data_folder_out": str(_QUEUE),
        "control_folder": str(_CONTROL),
        # kombu's default of 1 s delays beat and takes 6 tasks a second; 0.1 s takes about 200.
        "polling_interval": 0.1,
    }

# --- API -------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["registry.api.parsers.LimitedJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "registry.api.schema.Schema",
    "DEFAULT_PAGINATION_CLASS": "registry.api.pages.Pages",
    "EXCEPTION_HANDLER": "registry.api.problems.problem",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Understudy",
    "DESCRIPTION": (
        "The register of the AI models an organisation depends on, and the gate in front of its releases.\n\n"
        "**Who asks.** `Authorization: Bearer ustd_…`. A token acts as a person, within its kind and scope, and comes from "
        "`POST /api/v1/tokens/`; a pipeline exchanges the identity of its CI at `POST /api/v1/ci/token/`.\n\n"
        "**Lists** come in pages: follow `next`; `page_size` is 50, and at most 500; `?count=true` adds `count`.\n\n"
        "**Errors** are problem details (RFC 9457) with a stable `code`; `invalid` names the field.\n\n"
        "**Decisions** carry the digest of what was seen; 409 `state_changed` says what is different since."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Fields of the same name with other choices: each gets a name that a client's author understands.
    "ENUM_NAME_OVERRIDES": {
        "ModelState": "registry.models.catalog.AIModel.State",
        "ProposalState": "governance.models.proposals.Proposal.State",
        "ActionState": "governance.models.triage.Action.State",
        "NoticeState": "governance.models.notices.Notice.State",
        "GatingEnum": "registry.models.catalog.Offering.Gating",
        "OfferingKind": "registry.models.catalog.Offering.Kind",
        "AlternativeKind": "registry.models.fallback.Alternative.Kind",
        "ChangeKind": "registry.models.changes.ChangeKind",
        "ProposalKind": "governance.models.proposals.Proposal.Kind",
        "CheckVerdict": "governance.models.checks.Check.Verdict",
        "LicenseClass": "registry.models.licenses.LicenseClass",
        "DecisionVerdict": "governance.models.proposals.Decision.Verdict",
        "TokenKind": "governance.models.access.Token.Kind",
        "CIProvider": "governance.models.access.Pipeline.Provider",
        "ReviewVerdict": "governance.models.glass.BreakGlass.Verdict",
    },
}

# --- web admin: the sidebar's entries stand in config/admin_site.py ---------------------------
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Understudy",
    "SITE_HEADER": "Understudy",
    "SITE_SUBHEADER": "the register of AI models",
    "SITE_URL": "",
    "SITE_ICON": lambda _request: static("registry/icon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("registry/icon.svg")},
    ],
    "STYLES": [lambda _request: static("registry/understudy.css")],
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": "config.admin_site.navigation"},
    "COMMAND": {"search_callback": "governance.admin.pages.search.find"},
    "COLORS": {
        "primary": {
            "50": "#eef3ff",
            "100": "#dfe8ff",
            "200": "#c5d4ff",
            "300": "#a1b8fd",
            "400": "#8298fa",
            "500": "#5b70ef",
            "600": "#4353d9",
            "700": "#3742b8",
            "800": "#2f3893",
            "900": "#2b3475",
            "950": "#1a1f45",
        },
    },
}

# --- logs ------------------------------------------------------------------------------------
# One line per GET, per tick of the clock and per sweep that found nothing would drown what matters.
_CHATTY = ("httpx2", "httpcore2", "botocore", "celery.beat", "celery.worker.strategy", "celery.app.trace")
_ROUTINE = "WARNING" if ENV.log_level == "INFO" else ENV.log_level
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": ENV.log_level},
    "loggers": {name: {"level": _ROUTINE} for name in _CHATTY},
}
