"""Django settings, all of them: what differs between installations comes from the environment (env.py)."""

import sys
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF

from drportal import env

BASE_DIR = env.BASE_DIR
VAR_DIR = env.path(env.read("VAR_DIR"))
DEBUG: bool = env.read("DEBUG")
DEMO: bool = env.read("DEMO")
SECRET_KEY = env.secret_key(VAR_DIR)

SITE_URL: str = env.read("SITE_URL").rstrip("/")
HTTPS = SITE_URL.startswith("https:")
_host = urlsplit(SITE_URL).hostname or "localhost"
ALLOWED_HOSTS = [_host, *env.read("ALLOWED_HOSTS")]
if _host in ("localhost", "127.0.0.1"):
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "drportal.apps.PortalAdminConfig",
    "drportal.apps.PortalConfig",
    "accounts",
    "delivery",
    "organizations",
    "meters",
    "forecasting",
    "events",
    "settlement",
    "openadr",
    "dashboards",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "auditlog",
    "csp",
    "django_filters",
    "rest_framework",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
]
MIDDLEWARE = [
    "organizations.hosts.HostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.middleware.PersonMiddleware",
    "accounts.language.LanguageMiddleware",
    "drportal.machines.MachineLanguageMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "accounts.mfa.gate.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.AuditMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.middleware.ActivityMiddleware",
    "accounts.refusals.CountersAwayMiddleware",
    "accounts.acting_middleware.ActingMiddleware",
]
ROOT_URLCONF = "drportal.urls"
WSGI_APPLICATION = "drportal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
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
                "csp.context_processors.nonce",
                "dashboards.context.portal",
                "delivery.context.notices",
            ],
        },
    }
]

# ---- data -------------------------------------------------------------------------------------------------
DATABASES = {"default": env.database(env.read("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL: str = env.read("REDIS_URL")
if REDIS_URL:
    CACHES: dict[str, Any] = {
        "default": {
            # Counters of attempts are kept in the database while Redis is away.
            "BACKEND": "common.cache.PortalCache",
            "LOCATION": REDIS_URL,
            # The portal goes on when Redis is away: reads miss, sessions come from the database.
            "OPTIONS": {
                "IGNORE_EXCEPTIONS": True,
                "SOCKET_CONNECT_TIMEOUT": 1,
                "SOCKET_TIMEOUT": 2,
            },
        }
    }
    DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
    SESSION_ENGINE = "accounts.sessions.store"
else:
    CACHES = {"default": {"BACKEND": "common.cache.TableCache", "LOCATION": "cache"}}
    SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Uploaded files of readings: web writes them, workers read them. Nothing here is served by its address.
IMPORT_DIR = VAR_DIR / "imports"
IMPORT_MAX_BYTES: int = env.read("IMPORT_MAX_MB") * 1_000_000

# How long a gap waits for late readings before it is estimated.
QUALITY_ESTIMATE_HOURS: int = env.read("QUALITY_ESTIMATE_HOURS")
SETTLE_ESTIMATE_MINUTES: int = env.read("SETTLE_ESTIMATE_MINUTES")
SETTLE_FINAL_HOURS: int = env.read("SETTLE_FINAL_HOURS")

# ---- OpenADR ----------------------------------------------------------------------------------------------
VTN_POLL_SECONDS: int = env.read("VTN_POLL_SECONDS")
UPSTREAM_NETWORKS: list[str] = env.read("UPSTREAM_NETWORKS")
VTN_ID: str = env.read("VTN_ID")
VTN_URL: str = env.read("VTN_URL").rstrip("/") or f"{'http' if DEMO else 'https'}://{_host}:8080"
VTN_CERTIFICATE: str = env.read("VTN_CERTIFICATE")
VTN_KEY: str = env.read("VTN_KEY")
VTN_CLIENT_CAS: str = env.read("VTN_CLIENT_CAS")
VTN_PROXIES: list[str] = env.read("VTN_PROXIES")
VTN_FINGERPRINT_HEADER: str = env.read("VTN_FINGERPRINT_HEADER")
VTN_RATE: int = env.read("VTN_RATE")
VTN_SKEW_SECONDS: int = env.read("VTN_SKEW_SECONDS")
VTN_LOG_DAYS: int = env.read("VTN_LOG_DAYS")
VTN_CHECK_OUTGOING: bool = env.read("VTN_CHECK_OUTGOING")

# ---- people -----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUDITLOG_LOGENTRY_MODEL = "accounts.AuditEntry"
# A fixture brings its own history along.
AUDITLOG_DISABLE_ON_RAW_SAVE = True
AUTHENTICATION_BACKENDS = ["accounts.backends.ApprovedUsersBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"signup": "organizations.forms.SignupForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 2
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_REDIRECT_URL = "landing"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_USER_DISPLAY = "accounts.display.name_of"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# The owner of an account is told of a changed password or address.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.read("TRUSTED_PROXY_COUNT")

MFA_REQUIRED: bool = env.read("MFA_REQUIRED")
MFA_ENCRYPTION_KEYS: list[str] = env.read("MFA_ENCRYPTION_KEYS")
MFA_ADAPTER = "accounts.mfa.adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.mfa.forms.CodeForm",
    "reauthenticate": "accounts.mfa.forms.AskAgainForm",
    "activate_totp": "accounts.mfa.forms.ActivateAppForm",
    "add_webauthn": "accounts.mfa.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.mfa.forms.RenamePasskeyForm",
}
MFA_TOTP_ISSUER = "Demand Response Portal"
# A code counts half a minute longer and earlier: clocks differ, and people type slowly.
MFA_TOTP_TOLERANCE = 1
MFA_PASSKEY_LOGIN_ENABLED = True
# Nobody signs in without a proved address; a further one that waits to be proved is no reason to refuse.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS

# ---- mail and jobs ----------------------------------------------------------------------------------------
# Whatever Django or allauth sends becomes an outbox row; delivery hands it to DELIVERY_EMAIL_BACKEND.
EMAIL_BACKEND = "delivery.mail.OutboxEmailBackend"
_mail = environ.Env.email_url_config(env.read("EMAIL_URL"))
DELIVERY_EMAIL_BACKEND: str = _mail.pop("EMAIL_BACKEND")
EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST") or "localhost", _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
    _mail.get("EMAIL_HOST_USER") or "",
    _mail.get("EMAIL_HOST_PASSWORD") or "",
)
EMAIL_USE_TLS, EMAIL_USE_SSL = bool(_mail.get("EMAIL_USE_TLS")), bool(_mail.get("EMAIL_USE_SSL"))
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.read("EMAIL_FROM")

# Text messages; in the demonstration they are written to files.
SMS_BACKEND: str = env.read("SMS_BACKEND") or ("file" if DEMO else "")
SMS_FILE_DIR = VAR_DIR / "sms"
SMS_RECEIPT_SECRET: str = env.read("SMS_RECEIPT_SECRET")
SMS_COUNTRIES: list[str] = env.read("SMS_COUNTRIES")

# ---- language and time ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = True
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["drportal.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

# ---- static files -----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "drportal.finders.BokehFinder",
]
# Once collected, files are served under hashed names; before that straight from where they are.
_collected = "collectstatic" in sys.argv or (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _collected
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not _collected

# ---- security ---------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # Bokeh makes style elements; the page gives them this nonce.
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# allauth's conditional unique constraints do not exist on MariaDB; our own unique e-mail column does their
# work, and a test makes sure that no constraint of ours has a condition.
SILENCED_SYSTEM_CHECKS = ["models.W036"]

# ---- API --------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "accounts.api.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.WriteThrottle"],
    "DEFAULT_THROTTLE_RATES": {"writes": f"{env.read('API_WRITES_PER_MINUTE')}/min"},
    "EXCEPTION_HANDLER": "drportal.api.exception_handler",
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Demand Response Portal",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# ---- logs -------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.read("LOG_LEVEL")},
}
