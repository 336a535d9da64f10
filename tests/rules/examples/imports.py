"""Imports of readings."""

from datetime import date

from django.db.models import Model

from meters.models import ArchivedMonth, BatchSpan, ImportBatch
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit


def stored_import(kit: Kit, **values: object) -> ImportBatch:
    """An import of the kit's distributor."""
    fields = {"distributor": kit.here, "source": "page", "file_name": "may.csv", "sha256": "4" * 64}
    return ImportBatch.objects.create(**{**fields, **values})


def of_organization(kit: Kit) -> Change:
    """An import of an organization, and a stranger to name in its place."""
    return stored_import(kit, organization=kit.organization), {"organization": kit.foreign_organization}


def _new(kit: Kit, **values: object) -> Model:
    return again(stored_import(kit), **values)


def stored_span(kit: Kit, **values: object) -> BatchSpan:
    """An hour that an import brought."""
    fields = {"batch": stored_import(kit), "meter": kit.meter, "start": NOON, "end": NOON + HOUR}
    return BatchSpan.objects.create(**{**fields, **values})


def _second_span(kit: Kit) -> Change:
    span = stored_span(kit)
    return stored_span(kit, batch=span.batch, start=NOON + HOUR, end=NOON + 2 * HOUR), {"start": NOON}


def stored_month(kit: Kit, **values: object) -> ArchivedMonth:
    """A month that was written to files."""
    fields = {"month": date(2024, 6, 1), "rows": 1, "energy_wh": 1, "manifest_sha256": "0" * 64, "archived_at": NOON}
    return ArchivedMonth.objects.create(**{"distributor": kit.here, **fields, **values})


def _second_month(kit: Kit) -> Change:
    stored_month(kit)
    return stored_month(kit, month=date(2024, 7, 1)), {"month": date(2024, 6, 1)}


EXAMPLES = {
    "archived_month_once": Example(new=lambda kit: again(stored_month(kit)), change=_second_month),
    "batch_state_known": Example(
        new=lambda kit: _new(kit, state="lost"),
        change=lambda kit: (stored_import(kit), {"state": "lost"}),
        # A state that is not known follows none either.
        earlier=("batch_state_step",),
    ),
    "batch_source_known": Example(
        new=lambda kit: _new(kit, source="fax"), change=lambda kit: (stored_import(kit), {"source": "fax"})
    ),
    "batch_state_step": Example(change=lambda kit: (stored_import(kit), {"state": "stored"})),
    "batch_organization_same_distributor": Example(
        new=lambda kit: _new(kit, organization=kit.foreign_organization), change=of_organization
    ),
    "batch_distributor_fixed": Example(change=lambda kit: (stored_import(kit), {"distributor": kit.there})),
    "batchspan_ends_after_start": Example(
        new=lambda kit: again(stored_span(kit), start=NOON + HOUR),
        change=lambda kit: (stored_span(kit), {"end": NOON}),
    ),
    "batchspan_once": Example(new=lambda kit: again(stored_span(kit)), change=_second_span),
}
