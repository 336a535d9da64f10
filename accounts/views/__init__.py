"""The waiting page, and the pages of the own account."""

from accounts.views.account import account, profile, set_language
from accounts.views.close import close
from accounts.views.data import data, data_again, data_file
from accounts.views.tokens import new_token, revoke, tokens
from accounts.views.waiting import stop_waiting, waiting

__all__ = [
    "account",
    "close",
    "data",
    "data_again",
    "data_file",
    "new_token",
    "profile",
    "revoke",
    "set_language",
    "stop_waiting",
    "tokens",
    "waiting",
]
