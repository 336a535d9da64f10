"""What a page of rewards shows: totals, and every reward and extra once."""

from typing import Any

from django.core.paginator import Paginator

from accounts.models import User
from dashboards.selectors import rewards
from dashboards.words import money
from settlement.models import Dispute

PER_PAGE = 100


def context_of_page(user: User, *, page: str | None, with_meter: bool) -> dict[str, Any]:
    """Totals of all and the rows of one page. Four queries."""
    lines, extras = list(rewards.lines_for(user)), rewards.extras_for(user)
    sums = rewards.sums_of(lines, extras=extras)
    currency = rewards.currency_of(lines[0]) if lines else extras[0].currency if extras else ""
    shown = Paginator(rewards.by_time(rewards.rewards_of(lines), extras), PER_PAGE).get_page(page)
    return {
        "total": money(sums.final, currency) if currency else "",
        "estimate": money(sums.estimate, currency) if currency and sums.estimate else "",
        "points": rewards.points_words(sums.points) if sums.points else "",
        "columns": rewards.reward_columns(with_meter=with_meter),
        "page_obj": shown,
        "rows": rewards.reward_rows(shown.object_list, with_meter=with_meter, disputed=rewards.disputed_for(user)),
        "has_disputes": Dispute.objects.visible_to(user).exists(),
    }
