"""Files of readings as imports: checked first, stored at a word, undone at another."""

from meters.services.batches.asking import (
    ask_undo,
    confirm_undo,
    drop_batch,
    needs_distributor,
    refuse_undo,
    store_batch,
    take_file,
    twin_of,
)
from meters.services.batches.direct import import_here, try_here, undo_here
from meters.services.batches.examples import EXAMPLES, example_rows
from meters.services.batches.folder import errors_of, too_large, upload_of
from meters.services.batches.pulse import pulse_of
from meters.services.batches.words import rows_text, write_errors
from meters.services.batches.work import check_batch, sweep_batches, work_next

__all__ = [
    "EXAMPLES",
    "ask_undo",
    "check_batch",
    "confirm_undo",
    "drop_batch",
    "errors_of",
    "example_rows",
    "import_here",
    "needs_distributor",
    "pulse_of",
    "refuse_undo",
    "rows_text",
    "store_batch",
    "sweep_batches",
    "take_file",
    "too_large",
    "try_here",
    "twin_of",
    "undo_here",
    "upload_of",
    "work_next",
    "write_errors",
]
