"""Single readings that a person sets right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from meters.errors import ReadingRefused
from meters.models import Meter, Quality
from meters.services.checks import Gate, Problems
from meters.services.columns import Integers, Readings, integers, seconds_of
from meters.services.locks import lock_meters
from meters.services.writer import Cause, Writer, as_decided


@dataclass(frozen=True)
class CorrectionResult:
    """How many readings got another value, are new, were taken away, and were as they should be already."""

    corrected: int = 0
    new: int = 0
    removed: int = 0
    unchanged: int = 0


@retried
def correct_readings(*, meter: Meter, values: Mapping[datetime, int | None], by: User, reason: str) -> CorrectionResult:
    """Readings of these starts get these values, in Wh; None takes one away. All or nothing.

    A value that a person sets counts as corrected. What was there before is kept with the person and the reason.

    Raises:
        ReadingRefused: There is no reason, or a value cannot be right.
    """
    if not reason.strip():
        raise ReadingRefused(gettext("Say why the readings are changed."))
    starts = seconds_of(list(values))
    order = np.argsort(starts)
    wanted = [list(values.values())[at] for at in order.tolist()]
    gone = np.array([value is None for value in wanted], np.bool_)
    with deed("reading.correct", by=by, reason=reason), transaction.atomic():
        writer = _writer(meter, by, reason.strip())
        writer.store(_checked(writer, _given(meter, starts[order][~gone], wanted)), as_decided)
        taken = starts[order][gone]
        writer.remove(np.full(len(taken), meter.pk), taken)
        writer.finish()
    return CorrectionResult(writer.corrected, writer.new, writer.removed, writer.unchanged)


def _writer(meter: Meter, by: User, reason: str) -> Writer:
    locked = lock_meters([meter.pk], distributor=meter.distributor)
    return Writer(meter.distributor, locked, Cause(gettext("correction"), by=by, reason=reason))


def _given(meter: Meter, starts: Integers, values: list[int | None]) -> Readings:
    energies = integers([value for value in values if value is not None])
    corrected = np.full(len(starts), Quality.CORRECTED.value)
    return Readings(np.full(len(starts), meter.pk), starts, energies, corrected)


def _checked(writer: Writer, readings: Readings) -> Readings:
    problems = Problems()
    gate = Gate(writer.distributor, writer.meters, int(timezone.now().timestamp()), problems)
    usable = gate.usable(readings)
    if problems.count:
        first = min(problems.listed)
        raise ReadingRefused(gettext("%(start)s: %(problem)s") % {"start": first.start, "problem": first.problem})
    return usable
