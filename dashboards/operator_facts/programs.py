"""Programs for the distributor's people: the list, one in full, its versions, and who is in it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.intervals import local_day
from common.speech import day_words, percent_words, plain_words
from dashboards.operator_facts.holders import holder_names
from dashboards.times import moment_words
from dashboards.words import money
from events.agreement import unagreed
from events.expectation import spent_on
from events.gate_words import gate_words
from events.limits import season_of
from events.models import Enrollment, EnrollmentState, Event, EventState, Program, ProgramVersion
from events.selectors import newest_nominations
from events.term_checks import label_of
from events.term_fields import GROUPS
from events.term_words import season_words, value_words
from meters.selectors import holders_at
from organizations.models import Distributor

SETTLED = (EventState.SETTLED, EventState.CLOSED)
TONES = {
    EnrollmentState.APPLIED: "event",
    EnrollmentState.ELIGIBLE: "attention",
    EnrollmentState.ACTIVE: "good",
    EnrollmentState.PAUSED: "",
    EnrollmentState.REFUSED: "danger",
}


def programs_of(distributor: Distributor) -> QuerySet[Program]:
    """The distributor's programs with how many meters are in each, wait for it, and how many events there were."""
    still = Q(enrollments__ended_at__isnull=True) | Q(enrollments__ended_at__gt=timezone.now())
    active = still & Q(enrollments__state=EnrollmentState.ACTIVE)
    draft = ProgramVersion.objects.filter(program=OuterRef("pk"), published_at=None)
    return (
        Program.objects.filter(distributor=distributor)
        .select_related("distributor")
        .annotate(
            taking_part=Count("enrollments", filter=active, distinct=True),
            waiting=Count("enrollments", filter=still & Q(enrollments__state__in=WAITING), distinct=True),
            called=Count("events", filter=~Q(events__state__in=NOT_CALLED), distinct=True),
            has_draft=Exists(draft),
        )
        .order_by("-is_open", "name")
    )


WAITING = (EnrollmentState.APPLIED, EnrollmentState.ELIGIBLE)
NOT_CALLED = (EventState.DRAFT, EventState.SCHEDULED, EventState.CANCELLED)


def columns() -> list[dict[str, Any]]:
    """The columns of `rows`."""
    names = [_("Program"), _("State"), _("Season"), _("Takes part"), _("Events"), _("Budget used")]
    return [{"label": name, "numeric": place > 2} for place, name in enumerate(names)]


def rows(programs: Sequence[Program]) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html for programs of `programs_of`."""
    return [{"cells": _cells(program, in_force(program))} for program in programs]


def in_force(program: Program) -> ProgramVersion | None:
    """The published version that counts, knowing its program."""
    found = program.versions.published().order_by("-number").first()
    if found is not None:
        found.program = program
    return found


def draft_of(program: Program) -> ProgramVersion | None:
    """The draft, knowing its program."""
    found = program.versions.filter(published_at=None).first()
    if found is not None:
        found.program = program
    return found


def _cells(program: Any, version: ProgramVersion | None) -> list[dict[str, Any]]:
    waits = ngettext("%(count)d waits", "%(count)d wait", program.waiting) % {"count": program.waiting}
    taking: dict[str, Any] = {"label": _("Takes part"), "text": plain_words(program.taking_part), "numeric": True}
    if program.waiting:
        taking["sub"] = waits
    return [
        {
            "text": program.name,
            "sub": _("Draft of new terms") if program.has_draft else "",
            "url": reverse("operator_program", args=[program.pk]),
        },
        {"label": _("State"), **state_badge(program, version)},
        {"label": _("Season"), "text": season_words(version) if version else "–"},
        taking,
        {"label": _("Events"), "text": plain_words(program.called), "numeric": True},
        {"label": _("Budget used"), "text": budget_words(program, version), "numeric": True},
    ]


def state_badge(program: Program, version: ProgramVersion | None) -> dict[str, str]:
    """How a program stands, as word and tone."""
    if version is None:
        return {"badge": _("In the making"), "tone": "estimate"}
    return {"badge": _("Open"), "tone": "good"} if program.is_open else {"badge": _("Closed"), "tone": ""}


def budget_used(program: Program, version: ProgramVersion) -> Decimal:
    """What the events of this season have cost, and what those to come keep aside."""
    first, last = season_of(version, local_day(timezone.now(), program.zone))
    called = Event.objects.filter(program=program, is_test=False).exclude(state=EventState.CANCELLED)
    events = [event for event in called if first <= local_day(event.start, program.zone) <= last]
    settled = [event for event in events if event.state in SETTLED]
    aside = sum((event.reserved or Decimal(0) for event in events if event.state not in SETTLED), Decimal(0))
    return spent_on(settled, program=program, first=first, last=last) + aside


def budget_words(program: Program, version: ProgramVersion | None) -> str:
    """Spent and kept aside, of how much."""
    if version is None:
        return "–"
    currency = program.distributor.currency
    used = budget_used(program, version)
    if version.budget is None:
        return money(used, currency)
    words = _("%(used)s of %(budget)s") % {"used": money(used, currency), "budget": money(version.budget, currency)}
    return f"{words}, {percent_words(float(used / version.budget))}" if version.budget else words


def groups_of(version: ProgramVersion) -> list[dict[str, Any]]:
    """Every term with its value, by groups; for operators."""
    return [
        {
            "key": group.key,
            "title": group.title,
            "facts": [{"label": label_of(name), "value": value_words(version, name)} for name in group.names],
        }
        for group in GROUPS
    ]


def version_rows(versions: Sequence[ProgramVersion], program: Program) -> list[dict[str, Any]]:
    """The published versions, newest first, with the way to what each changed."""
    url = reverse("operator_program_versions", args=[program.pk])
    return [
        {
            "cells": [
                {"text": _("Version %(number)d") % {"number": each.number}, "url": f"{url}?new={each.number}"},
                {"label": _("Published"), "text": moment_words(each.published_at, program.zone)},
                {"label": _("By"), "text": _person(each)},
                {"label": _("Hash"), "text": each.sha256[:12] or "–"},
            ]
        }
        for each in versions
        if each.published_at is not None
    ]


def version_columns() -> list[dict[str, Any]]:
    """The columns of `version_rows`."""
    return [{"label": _("Version")}, {"label": _("Published")}, {"label": _("By")}, {"label": _("Hash")}]


def _person(version: ProgramVersion) -> str:
    by = version.published_by
    return (by.get_full_name() or by.email) if by is not None else "–"


def people_of(program: Program, *, state: str) -> QuerySet[Enrollment]:
    """Enrollments of a program that are not over, those who wait first; an unknown state finds nothing."""
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=timezone.now())
    found = Enrollment.objects.filter(program=program).select_related("meter__distributor", "applied_by")
    if state == "ended":
        return found.exclude(still).order_by("-ended_at", "-pk")
    found = found.filter(still)
    if state == "waiting":
        return found.filter(state__in=WAITING).order_by("applied_at", "pk")
    return (found.filter(state=state) if state else found).order_by("meter__number", "pk")


def people_rows(
    enrollments: Sequence[Enrollment], program: Program, version: ProgramVersion | None, *, may_manage: bool
) -> list[dict[str, Any]]:
    """Rows of components/table_cards.html; a fixed number of queries."""
    holders = holders_at(meter_ids=[row.meter_id for row in enrollments], at=timezone.now())
    names = holder_names(set(holders.values()))
    nominated = newest_nominations(program_id=program.pk)
    missing = unagreed(enrollments, version) if version is not None else set()
    found = []
    for row in enrollments:
        kw = nominated[row.meter_id].kw if row.meter_id in nominated else None
        cells: list[dict[str, Any]] = [
            {"text": row.meter.label, "sub": names.get(holders.get(row.meter_id, 0), "–")},
            {"label": _("State"), **_state_cell(row)},
            {"label": _("What stands in the way"), "text": _obstacle(row, row.pk in missing)},
            {"label": _("Promised"), "text": f"{plain_words(kw)} kW" if kw is not None else "–", "numeric": True},
        ]
        if may_manage:
            cells.append(
                {"label": _("Do"), "template": "dashboards/operator/program_decide.html", "enrollment": row}
                if row.ended_at is None and row.state != EnrollmentState.REFUSED
                else {"text": ""}
            )
        found.append({"cells": cells})
    return found


def _state_cell(row: Enrollment) -> dict[str, str]:
    state = EnrollmentState(row.state)
    if row.ended_at is not None and row.ended_at <= timezone.now():
        return {"badge": _("ended").capitalize(), "tone": ""}
    return {"badge": str(state.label).capitalize(), "tone": TONES[state]}


def _obstacle(row: Enrollment, is_unagreed: bool) -> str:
    if row.ended_at is not None:
        until = _("until %(day)s") % {"day": day_words(timezone.localtime(row.ended_at, row.meter.zone).date(), "date")}
        return f"{until}. {row.reason}".strip(". ")
    if row.state == EnrollmentState.APPLIED:
        return gate_words(row.gate)
    if row.state == EnrollmentState.ELIGIBLE:
        return _("Waits for your word.")
    if is_unagreed:
        return _("Has not agreed to the terms in force.")
    return row.reason or "–"


def people_columns(*, may_manage: bool) -> list[dict[str, Any]]:
    """The columns of `people_rows`."""
    names = [_("Meter"), _("State"), _("What stands in the way"), _("Promised"), *([_("Do")] if may_manage else [])]
    return [{"label": name, "numeric": place == 3} for place, name in enumerate(names)]
