"""What became of a meter in an event."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ParticipationState(models.TextChoices):
    """The life of a participation."""

    INVITED = "invited", _("invited")
    NOTIFIED = "notified", _("told")
    OPTED_IN = "opted_in", _("joined")
    OPTED_OUT = "opted_out", _("skipped")
    NO_RESPONSE = "no_response", _("no answer")
    HELD_OUT = "held_out", _("held out for comparison")
    MEASURED = "measured", _("measured")
    UNMEASURED = "unmeasured", _("not measured")
    SETTLED = "settled", _("settled")
    DISPUTED = "disputed", _("in dispute")
    RESOLVED = "resolved", _("resolved")


# Who is held out for comparison is told nothing: for them there is no event.
TOLD = tuple(state for state in ParticipationState if state is not ParticipationState.HELD_OUT)
