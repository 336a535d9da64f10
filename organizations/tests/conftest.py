"""Fixtures of this room."""

from accounts.tests.fixtures import quick_and_unlimited  # noqa: F401
