"""How a person is named in allauth's pages and mails."""

from accounts.models import User


def name_of(user: User) -> str:
    """The person's name, or the address."""
    return user.get_full_name()
