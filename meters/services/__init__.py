"""What happens to meters, their holders, readings and predictions."""

from meters.services.checks import MAX_ENERGY_WH
from meters.services.claims import claim_meter
from meters.services.code_files import CodeReport, import_claim_codes
from meters.services.codes import CODE_COLUMNS, IssuedCode, code_rows, issue_claim_codes, withdraw_claim_code
from meters.services.columns import Predictions, Readings
from meters.services.exclusions import ExcludedSpan, exclude, excluded_spans, remove_exclusions
from meters.services.files import (
    FileReport,
    ReadingFile,
    import_file,
    import_file_entirely,
    known_meters,
    try_file,
)
from meters.services.ingest import IngestResult, ingest_readings
from meters.services.maps import (
    Held,
    end_map,
    held_by,
    map_meter,
    move_in,
    move_out,
    remove_map,
    undo_move_out,
    within,
)
from meters.services.moving import keep_meter, leave_meter
from meters.services.predictions import PredictionResult, put_predictions
from meters.services.register import PowerChange, RegisterReport, import_meter_list, organization_named
from meters.services.series import Series, series_of

__all__ = [
    "CODE_COLUMNS",
    "MAX_ENERGY_WH",
    "CodeReport",
    "ExcludedSpan",
    "FileReport",
    "Held",
    "IngestResult",
    "IssuedCode",
    "PowerChange",
    "PredictionResult",
    "Predictions",
    "ReadingFile",
    "Readings",
    "RegisterReport",
    "Series",
    "claim_meter",
    "code_rows",
    "end_map",
    "exclude",
    "excluded_spans",
    "held_by",
    "import_claim_codes",
    "import_file",
    "import_file_entirely",
    "import_meter_list",
    "ingest_readings",
    "issue_claim_codes",
    "keep_meter",
    "known_meters",
    "leave_meter",
    "map_meter",
    "move_in",
    "move_out",
    "organization_named",
    "put_predictions",
    "remove_exclusions",
    "remove_map",
    "series_of",
    "try_file",
    "undo_move_out",
    "withdraw_claim_code",
    "within",
]
