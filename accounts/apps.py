from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Entities, users, sign-up and the approval gate."""

    name = "accounts"

    def ready(self) -> None:
        from accounts import audited, receivers  # noqa: F401  # connects them
