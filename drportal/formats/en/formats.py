"""English: days as the pages write them, "22 July 2026"."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, P"
