"""What is asked beside the choice of an action."""

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.numbers_in_text import number_in

LONGEST = 500


class ReasonForm(ActionForm):
    """An action, and why: it is told to the people concerned and kept in the history."""

    reason = forms.CharField(label=_("Reason, if you refuse:"), required=False, max_length=LONGEST)


def reason_of(request: HttpRequest) -> str:
    """What was written; of the two forms around a list the one whose button was pressed."""
    written = request.POST.getlist("reason")
    place = number_in(request.POST.get("index", "")) or 0
    return (written[place] if place < len(written) else "").strip()[:LONGEST]
