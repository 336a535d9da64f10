"""What VENs must hear at their next poll beside events: one question for many VENs, so that polls need not ask."""

from collections.abc import Collection

from django.db.models import Q

from openadr.models import Ven, VenState
from openadr.selectors import allowed
from openadr.services.reports import vens_with_report_messages

_CANCELLED = Q(state=VenState.ENROLLED, registration_id__isnull=False)
_TO_TELL = Q(state=VenState.REGISTERED) & (Q(must_reregister=True) | Q(knows_our_reports=False))


def vens_with_messages(ven_pks: Collection[int] | None) -> set[int]:
    """Which of the VENs (None: of all) have a message waiting: `vtn20b.pending.next_message` says which. Two queries.

    Every change of this comes with `announce_changes`, apart from a request that stays without an answer and is
    repeated: such a VEN stays among these for as long.
    """
    rows = Ven.objects.filter(_CANCELLED | _TO_TELL, allowed())
    rows = rows if ven_pks is None else rows.filter(pk__in=ven_pks)
    return set(rows.values_list("pk", flat=True)) | vens_with_report_messages(ven_pks)
