"""From an event that is over to its rewards in the ledger."""

from settlement.services.csv_file import COLUMNS, write_csv
from settlement.services.ledger import check_chain, post_run
from settlement.services.runs import settle

__all__ = ["COLUMNS", "check_chain", "post_run", "settle", "write_csv"]
