"""Which rows of this room have a change history; what goes to and fro many times a minute has its own record."""

from auditlog.registry import auditlog

from openadr.models import Resource, Upstream, Ven, VenCertificate

auditlog.register(Ven)
auditlog.register(VenCertificate)
auditlog.register(Resource)
auditlog.register(
    Upstream,
    exclude_fields=[
        "next_poll_at", "last_ok_at", "failing_since", "last_fault", "key_sealed", "is_unsure", "events_asked_at",
        "reports_registered_at", "asked_poll_seconds",
    ],
)  # fmt: skip
