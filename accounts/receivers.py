"""What belongs to the row of a user itself."""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.models import Kind, User


@receiver(pre_save, sender=User)
def set_kind(sender: type[User], instance: User, **kwargs: Any) -> None:
    """A user's entity is of kind user (rule "add user id": the id itself comes by inheritance)."""
    instance.kind = Kind.USER
