"""Jobs in the background that failed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class FailedJobQuerySet(models.QuerySet["FailedJob"]):
    """Failed jobs by who may see them."""

    def visible_to(self, user: User) -> "FailedJobQuerySet":
        """All of them for a platform operator; jobs work for all distributors at once, so none for others."""
        return self if user.is_superuser and user.is_approved else self.none()

    def managed_by(self, user: User) -> "FailedJobQuerySet":
        """Which the user may mark as seen."""
        return self.visible_to(user)

    def unseen(self) -> "FailedJobQuerySet":
        """Those that nobody has looked at."""
        return self.filter(seen_at__isnull=True)


class FailedJob(models.Model):
    """One job that ended in an error. Written by `delivery.jobs`; a platform operator marks it as seen."""

    task = models.CharField(_("job"), max_length=200)
    given = models.TextField(_("given"), blank=True)
    error = models.TextField(_("error"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    seen_at = models.DateTimeField(_("seen"), null=True)

    objects = FailedJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("failed job")
        verbose_name_plural = _("failed jobs")
        indexes = [models.Index(fields=["seen_at", "at"], name="failed_job_unseen")]

    def __str__(self) -> str:
        return f"{self.task} {self.at:%Y-%m-%d %H:%M}"
