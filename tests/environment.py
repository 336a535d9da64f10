"""The environment of a test run; loaded by pytest before Django's settings are read (see pyproject.toml)."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 50)
os.environ.setdefault("SITE_URL", "http://testserver")
os.environ.setdefault("DATABASE_URL", "sqlite:///:memory:")
os.environ.setdefault("EMAIL_URL", "consolemail:")
os.environ.setdefault("SMS_BACKEND", "console")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("VTN_CHECK_OUTGOING", "true")
