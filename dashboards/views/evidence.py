"""What a reward rests on, to take away and check elsewhere."""

from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from dashboards.views.readers import signed_in
from settlement.baselines import canonical_json
from settlement.errors import SettlementError
from settlement.evidence import verify_reward
from settlement.evidence.bundle import bundle_of
from settlement.models import SettlementLine

VERIFIER = Path(verify_reward.__file__)
ROWS = ("run__event__program__distributor", "run__event__version", "run__batch", "meter", "holder")


@require_GET
def evidence_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The evidence of one reward, for whoever sees the reward."""
    visible = SettlementLine.objects.visible_to(signed_in(request)).select_related(*ROWS)
    line = get_object_or_404(visible, pk=pk)
    try:
        text = canonical_json(bundle_of(line))
    except SettlementError as refusal:
        raise Http404(str(refusal)) from refusal
    return _file(text, "application/json", f"evidence-{pk}.json")


@require_GET
def verifier_file(request: HttpRequest) -> HttpResponse:
    """The single file that checks evidence anywhere."""
    signed_in(request)
    return _file(VERIFIER.read_text(encoding="utf-8"), "text/x-python", VERIFIER.name)


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{content_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
