"""What people are told of imports: that a long one is over, that one has failed, that an undo waits for them."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApprovalStatus, StaffRole, User
from delivery.choices import offer
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import Told, notify_many
from delivery.tenants import site_url_for
from meters.models import BatchSource, BatchState, ImportBatch
from meters.problem_words import problem_in_words
from meters.signals import batch_ended, undo_waits
from organizations.access import Role, role_of

KIND = "import-notice"
# Whoever waits less still looks at the page.
LONG = timedelta(minutes=1)

offer(Topic.IMPORTS, lambda user: role_of(user) in (Role.ORGANIZATION_ADMIN, Role.DISTRIBUTOR_ADMIN, Role.PLATFORM))


@receiver(batch_ended)
def tell_uploader(sender: type[ImportBatch], batch: ImportBatch, took: timedelta, **kwargs: Any) -> None:
    """Tells who uploaded it that a long step is over, and of each failure. Who ran a command has seen it."""
    has_failed = bool(batch.failure)
    if batch.source != BatchSource.PAGE or batch.created_by is None:
        return
    if has_failed or took > LONG:
        about = "failed" if has_failed else str(batch.state)
        _tell(batch, [batch.created_by], about=about, key=f"{about}-{batch.attempts}")


@receiver(undo_waits)
def tell_admins(sender: type[ImportBatch], batch: ImportBatch, by: User | None, **kwargs: Any) -> None:
    """Tells the distributor's other admins that an undo needs one of them."""
    admins = User.objects.filter(
        Q(tenant=batch.distributor_id),
        staff_role=StaffRole.ADMIN,
        approval_status=ApprovalStatus.APPROVED,
        is_active=True,
    )
    others = [user for user in admins if by is None or user.pk != by.pk]
    _tell(batch, others, about="undo", key=f"undo-{batch.undo_asked_at:%Y%m%d%H%M%S%f}")


def _tell(batch: ImportBatch, users: list[User], *, about: str, key: str) -> None:
    told = [
        Told(
            user=user,
            payload={
                "about": about,
                "tenant": batch.distributor_id,
                "file": batch.file_name,
                "name": user.get_short_name(),
                "failure": batch.failure,
                "reason": batch.undo_reason,
                "path": page_of(batch, user),
            },
            dedupe_key=f"import-{batch.pk}-{key}-{user.pk}",
        )
        for user in users
    ]
    notify_many(kind=KIND, people=told)


def page_of(batch: ImportBatch, user: User) -> str:
    """The import's page, for this reader."""
    name = "organization_import" if role_of(user).is_member else "operator_import"
    return reverse(name, args=[batch.pk])


@letter(KIND, Topic.IMPORTS)
def write_import_notice(content: dict[str, Any]) -> Letter:
    """What became of an import."""
    failure = problem_in_words(content["failure"])
    words = {**content, "failure": failure, "site_url": site_url_for(content["tenant"])}
    text = render_to_string(f"meters/mail/import_{content['about']}.txt", words)
    return Letter(_subject(content["about"]) % {"file": content["file"]}, text, url=content["path"])


def _subject(about: str) -> str:
    return {
        BatchState.CHECKED: _("%(file)s is checked"),
        BatchState.STORED: _("%(file)s is stored"),
        BatchState.UNDONE: _("%(file)s is undone"),
        "failed": _("%(file)s could not be imported"),
        "undo": _("The undo of %(file)s waits for you"),
    }[about]
