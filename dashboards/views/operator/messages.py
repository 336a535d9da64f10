"""Messages to people: what waits, what arrived, what could not be delivered and why; and trying again."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from delivery.attention import UNDELIVERED
from delivery.jobs import CannotResend, resend_message
from delivery.models import DeliveryState, Message, Way
from delivery.selectors import Counts, delivery_of, messages_for
from events.models import Event

PER_PAGE = 50
# One click tries so many again; the next click the next ones.
MOST_AT_ONCE = 500
FILTERS = ("state", "channel", "kind", "event", "find")
_TONES = {
    DeliveryState.DELIVERED: "good",
    DeliveryState.UNREACHABLE: "danger",
    DeliveryState.SENT: "info",
    DeliveryState.PENDING: "",
}
_KINDS = {
    "mail": gettext_lazy("mail"),
    "sms": gettext_lazy("text message"),
    "sms-code": gettext_lazy("code to confirm a number"),
    "event-notice": gettext_lazy("notice of an event"),
    "event-reminder": gettext_lazy("reminder of an event"),
    "farewell": gettext_lazy("farewell to a closed account"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def message_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The distributor's messages, newest first; a POST tries those that are ticked, or all that are shown, again.

    They stand with people's addresses, so only for admins.
    """
    if not scope.may_manage:
        raise PermissionDenied
    wanted = {name: request.GET.get(name, "").strip()[:80] for name in FILTERS}
    event = _event(scope, wanted["event"])
    found = _found(scope, wanted, event)
    if request.method == "POST":
        return _try_again(request, scope, found, wanted)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "page_obj": page,
        "rows": [_row(message) for message in page.object_list],
        "wanted": wanted,
        "states": [*DeliveryState.choices, (UNDELIVERED, _("needs a look"))],
        "channels": Way.choices,
        "kinds": _kinds(scope),
        "event": event,
        "stats": _stats(scope, event),
        "is_filtered": any(wanted.values()),
        "can_retry": any(_can_retry(message) for message in page.object_list),
        "query": urlencode({name: value for name, value in wanted.items() if value}),
        "tabs": section_tabs("messages", "operator_messages") if settings.DEMO else [],
    }
    return render(request, "dashboards/operator/messages.html", context)


def _event(scope: Scope, number: str) -> Event | None:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    rows = Event.objects.visible_to(scope.user).filter(program__distributor=scope.distributor)
    return rows.select_related("program__distributor").filter(pk=number).first()


def _found(scope: Scope, wanted: dict[str, str], event: Event | None) -> QuerySet[Message]:
    about = f"event-{event.pk}" if event is not None else wanted["event"] and "none"
    exact = {name: wanted[name] for name in ("state", "channel", "kind", "find")}
    return messages_for(scope.user, about=about, **exact).filter(tenant=scope.distributor.pk)


def _kinds(scope: Scope) -> list[tuple[str, str]]:
    rows = Message.objects.visible_to(scope.user).filter(tenant=scope.distributor.pk)
    known = rows.order_by().values_list("kind", flat=True).distinct()
    return sorted(((kind, _kind_words(kind)) for kind in known), key=lambda pair: pair[1])


def _kind_words(kind: str) -> str:
    return str(_KINDS.get(kind) or kind.replace("-", " "))


def _stats(scope: Scope, event: Event | None) -> Counts:
    """Of one event, else of all that the distributor sent."""
    if event is not None:
        return delivery_of(f"event-{event.pk}").leaving
    rows = messages_for(scope.user).filter(tenant=scope.distributor.pk)
    waiting = rows.filter(state=DeliveryState.PENDING).count()
    sent, lost = (rows.filter(state=state).count() for state in (DeliveryState.SENT, DeliveryState.UNREACHABLE))
    return Counts(waiting, sent, rows.filter(state=DeliveryState.DELIVERED).count(), lost)


def _row(message: Message) -> dict[str, Any]:
    state = DeliveryState(message.state)
    return {
        "message": message,
        "kind": _kind_words(message.kind),
        "subject": str(message.payload.get("subject", "")),
        "who": message.user.get_full_name() if message.user is not None else "",
        "tone": _TONES[state],
        "reason": "" if state == DeliveryState.DELIVERED else str(getattr(message, "reason", "") or ""),
        "can_retry": _can_retry(message),
        "event": _event_url(message.about),
    }


def _event_url(about: str) -> str:
    number = about.removeprefix("event-")
    return reverse("operator_event", args=[int(number)]) if about.startswith("event-") and number.isdigit() else ""


def _can_retry(message: Message) -> bool:
    return message.state in (DeliveryState.UNREACHABLE, DeliveryState.PENDING)


def _try_again(request: HttpRequest, scope: Scope, found: QuerySet[Message], wanted: dict[str, str]) -> HttpResponse:
    ids = [int(pk) for pk in request.POST.getlist("ids")[:PER_PAGE] if pk.isascii() and pk.isdigit() and len(pk) < 19]
    lost = found.filter(state=DeliveryState.UNREACHABLE)
    chosen = lost if request.POST.get("all") else found.filter(pk__in=ids, state__in=_RETRIED)
    done, refusals = 0, set()
    for message in chosen.order_by("pk")[:MOST_AT_ONCE]:
        try:
            resend_message(message=message, by=scope.user)
            done += 1
        except CannotResend as refusal:
            refusals.add(str(refusal))
    if done:
        words = ngettext("%(count)d is tried again now.", "%(count)d are tried again now.", done)
        messages.success(request, words % {"count": done})
    for words in sorted(refusals):
        messages.error(request, words)
    if not done and not refusals:
        messages.error(request, _("Tick what is to be tried again first."))
    query = urlencode({name: value for name, value in wanted.items() if value})
    return redirect(f"{reverse('operator_messages')}{'?' if query else ''}{query}")


_RETRIED = (DeliveryState.UNREACHABLE, DeliveryState.PENDING)
