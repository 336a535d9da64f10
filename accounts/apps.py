from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Entities, users, sign-up and the approval gate."""

    name = "accounts"

    def ready(self) -> None:
        from accounts import audited, export_parts, receivers  # noqa: F401  # connects them
        from accounts.mfa import receivers as of_factors  # noqa: F401
        from accounts.sessions import receivers as of_sessions  # noqa: F401
