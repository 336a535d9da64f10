"""The first system's data into the portal: its tables from an SQL dump or from one CSV file a table."""

from drportal.legacy.dump import DumpUnreadable
from drportal.legacy.migrate import Choices, import_dump
from drportal.legacy.report import Report

__all__ = ["Choices", "DumpUnreadable", "Report", "import_dump"]
