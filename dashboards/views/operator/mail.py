"""Mail that the demonstration did not send."""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards.sections import section_tabs
from dashboards.views.operator.scope import Scope, operator_page
from delivery.mail import KIND
from delivery.models import Message
from delivery.sms.outgoing import CODE
from delivery.sms.outgoing import KIND as SMS

PER_PAGE = 25


class Mail(NamedTuple):
    """A mail as the page shows it."""

    to: str
    subject: str
    sent_at: datetime
    body: str


@require_GET
@operator_page
def mail(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The mails to people of the distributor, newest first. Their links open accounts, so only for admins."""
    if not settings.DEMO:
        raise Http404
    if not scope.may_manage:
        raise PermissionDenied
    messages = Message.objects.visible_to(scope.user).filter(kind__in=(KIND, SMS, CODE)).order_by("-pk")
    page = Paginator(messages, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_mail(message) for message in page.object_list]  # type: ignore[misc]  # the rows in words, for the template
    tabs = section_tabs("messages", "operator_mail")
    return render(request, "accounts/sent_mail.html", {"page_obj": page, "scope": scope, "tabs": tabs})


def _mail(message: Message) -> Mail:
    content = message.payload
    subject = content.get("subject", "") or message.get_channel_display()
    return Mail(message.recipient, subject, message.created_at, content.get("text", ""))
