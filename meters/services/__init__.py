"""What happens to meters, their holders, readings and predictions."""

from meters.connections import Held
from meters.services.checks import MAX_ENERGY_WH
from meters.services.claims import claim_meter
from meters.services.code_files import CodeReport, import_claim_codes
from meters.services.codes import CODE_COLUMNS, IssuedCode, code_rows, issue_claim_codes, withdraw_claim_code
from meters.services.columns import Predictions, Readings, RegisterReads
from meters.services.corrections import CorrectionResult, correct_readings
from meters.services.exclusions import (
    ExcludedSpan,
    add_exclusion,
    end_exclusion,
    exclude,
    excluded_spans,
    remove_exclusion,
    remove_exclusions,
)
from meters.services.files import (
    FileReport,
    FileRows,
    ReadingFile,
    import_file,
    import_file_entirely,
    known_meters,
    read_file,
    store_rows,
    store_rows_entirely,
)
from meters.services.ingest import IngestResult, ingest_readings
from meters.services.maps import (
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
from meters.services.outage_files import OUTAGE_COLUMNS, OutageFile, OutageReport, import_outages, try_outages
from meters.services.pile import Pile
from meters.services.predictions import PredictionResult, put_predictions
from meters.services.register import PowerChange, RegisterReport, import_meter_list, organization_named
from meters.services.register_reads import ingest_register
from meters.services.series import Series, series_of
from meters.services.undo import UndoResult, undo_batch_readings

__all__ = [
    "CODE_COLUMNS",
    "MAX_ENERGY_WH",
    "OUTAGE_COLUMNS",
    "CodeReport",
    "CorrectionResult",
    "ExcludedSpan",
    "FileReport",
    "FileRows",
    "Held",
    "IngestResult",
    "IssuedCode",
    "OutageFile",
    "OutageReport",
    "Pile",
    "PowerChange",
    "PredictionResult",
    "Predictions",
    "ReadingFile",
    "Readings",
    "RegisterReads",
    "RegisterReport",
    "Series",
    "UndoResult",
    "add_exclusion",
    "claim_meter",
    "code_rows",
    "correct_readings",
    "end_exclusion",
    "end_map",
    "exclude",
    "excluded_spans",
    "held_by",
    "import_claim_codes",
    "import_file",
    "import_file_entirely",
    "import_meter_list",
    "import_outages",
    "ingest_readings",
    "ingest_register",
    "issue_claim_codes",
    "keep_meter",
    "known_meters",
    "leave_meter",
    "map_meter",
    "move_in",
    "move_out",
    "organization_named",
    "put_predictions",
    "read_file",
    "remove_exclusion",
    "remove_exclusions",
    "remove_map",
    "series_of",
    "store_rows",
    "store_rows_entirely",
    "try_outages",
    "undo_batch_readings",
    "undo_move_out",
    "withdraw_claim_code",
    "within",
]
