"""What happens to the disputes of somebody who closes the account."""

from typing import Any

from django.dispatch import receiver

from accounts.models import User
from accounts.signals import account_closed, account_closing
from settlement.services.disputes import erase_words_of, withdraw_all_of


@receiver(account_closing)
def end_disputes(sender: Any, user: User, **kwargs: Any) -> None:
    """Nobody is left who could read the answer."""
    withdraw_all_of(holder=user)


@receiver(account_closed)
def forget_words(sender: Any, user: User, **kwargs: Any) -> None:
    """What was said may name the person; that there was a dispute, and how it ended, stays."""
    erase_words_of(holder=user)
