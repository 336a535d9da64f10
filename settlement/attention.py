"""What needs somebody among settlements."""

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from settlement.models import Adjustment, AdjustmentState, Dispute, DisputeState, IntegrityFlag, MonthRun
from settlement.selectors import months_to_decide, open_flags


@needs(65)
def odd_rewards(user: User) -> list[Need]:
    """Rewards that look odd and that nobody has looked at."""
    rows = open_flags(IntegrityFlag.objects.visible_to(user))
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("found_at"))
    words = ngettext("%(count)d reward looks odd", "%(count)d rewards look odd", found["count"])
    return [Need(words % {"count": found["count"]}, reverse("operator_flags"), found["count"], found["oldest"])]


@needs(60)
def disputes(user: User) -> list[Need]:
    """Disputes that wait for the distributor's answer; those whose days are over are named."""
    rows = Dispute.objects.visible_to(user).filter(state=DisputeState.OPEN)
    late = Count("pk", filter=Q(due_at__lt=timezone.now()))
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("opened_at"), late=late)
    words = ngettext("%(count)d dispute", "%(count)d disputes", found["count"])
    overdue = ngettext("%(late)d is overdue.", "%(late)d are overdue.", found["late"]) % {"late": found["late"]}
    url = f"{reverse('operator_disputes')}?state={DisputeState.OPEN}"
    text = overdue if found["late"] else _("They wait for an answer.")
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"], text)]


@needs(62)
def adjustments(user: User) -> list[Need]:
    """Adjustments that wait for a second person."""
    rows = Adjustment.objects.visible_to(user).filter(state=AdjustmentState.ASKED)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("asked_at"))
    words = ngettext(
        "%(count)d adjustment waits for a second person",
        "%(count)d adjustments wait for a second person",
        found["count"],
    )
    url = f"{reverse('operator_adjustments')}?state={AdjustmentState.ASKED}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(63)
def months_of_standing_by(user: User) -> list[Need]:
    """Months of standing by that wait for a second person, or for their posting."""
    rows = months_to_decide(MonthRun.objects.visible_to(user))
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("created_at"))
    words = ngettext(
        "%(count)d month of standing by waits for approval or posting",
        "%(count)d months of standing by wait for approval or posting",
        found["count"],
    )
    return [Need(words % {"count": found["count"]}, reverse("operator_months"), found["count"], found["oldest"])]
