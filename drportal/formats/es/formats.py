"""Spanish: groups of digits as Unicode has them, which is how the pages write numbers."""

THOUSAND_SEPARATOR = "."
