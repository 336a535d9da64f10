"""Where providers of text messages post their receipts."""

from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.limits import allow
from delivery.receipts import note_receipts
from delivery.sms import SmsBackend, backend, is_on

LARGEST = 64 * 1024
# Wrong secrets that one address may send in a minute; right ones are never counted.
WRONG_SECRETS, SECONDS = 30, 60


# Machines have no page of ours before, and so no CSRF token; the secret stands for it, and no cookie is looked at.
@csrf_exempt
@never_cache
@login_not_required
@require_POST
def receipts(request: HttpRequest, name: str) -> HttpResponse:
    """204 for whatever is understood, whether or not the message is known: nobody learns which ones there are.

    404 where no provider of that name gives receipts here, 401 without the secret and 429 for too many of those, 413
    and 400 for what is too large or not understood.
    """
    provider = _provider(name)
    if not _knows_secret(request):
        if not allow("receipt-secret", get_ip(request), amount=WRONG_SECRETS, seconds=SECONDS):
            return HttpResponse("Too many wrong secrets.", status=429, content_type="text/plain")
        return HttpResponse("The secret is wrong.", status=401, content_type="text/plain")
    body = _body(request)
    if body is None:
        return HttpResponse("Too large.", status=413, content_type="text/plain")
    try:
        said = list(provider.receipts(body, dict(request.headers)))
        # JSON can spell halves of characters that no database takes; nothing is noted of such a body.
        "".join(text for receipt in said for text in (receipt.provider_id, receipt.reason)).encode()
    except (ValueError, RecursionError):
        return HttpResponse("Not understood.", status=400, content_type="text/plain")
    note_receipts(said)
    return HttpResponse(status=204)


def _provider(name: str) -> SmsBackend:
    if not is_on() or not settings.SMS_RECEIPT_SECRET:
        raise Http404
    provider = backend()
    if provider.name != name or not provider.gives_receipts:
        raise Http404
    return provider


def _knows_secret(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return constant_time_compare(given, settings.SMS_RECEIPT_SECRET)


def _body(request: HttpRequest) -> bytes | None:
    """None for what is too large, which is not read to its end."""
    length = request.headers.get("Content-Length") or "0"
    if not length.isdigit() or int(length) > LARGEST:
        return None
    body = request.read(LARGEST + 1)
    return body if len(body) <= LARGEST else None
