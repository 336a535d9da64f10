"""Which rows of this room have a change history."""

from auditlog.registry import auditlog

from accounts.models import ApiToken, User

auditlog.register(
    User,
    exclude_fields=["password", "last_login"],
    mask_fields=["email", "first_name", "last_name"],
    mask_callable="accounts.audit.hidden",
)
auditlog.register(
    ApiToken,
    exclude_fields=["digest", "last_used_at"],
    mask_fields=["name"],
    mask_callable="accounts.audit.hidden",
)
