"""Where providers of text messages post their receipts."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from delivery.receipts import note_receipts
from delivery.sms import SmsBackend, backend, is_on

LARGEST = 64 * 1024


# Machines have no page of ours before, and so no CSRF token; the secret stands for it, and no cookie is looked at.
@csrf_exempt
@never_cache
@login_not_required
@require_POST
def receipts(request: HttpRequest, name: str) -> HttpResponse:
    """204 for whatever is understood, whether or not the message is known: nobody learns which ones there are.

    404 where no provider of that name gives receipts here, 401 without the secret, 413 and 400 for what is too
    large or not understood.
    """
    provider = _provider(name)
    if not _knows_secret(request):
        return HttpResponse("The secret is wrong.", status=401, content_type="text/plain")
    body = _body(request)
    if body is None:
        return HttpResponse("Too large.", status=413, content_type="text/plain")
    try:
        said = provider.receipts(body, dict(request.headers))
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
