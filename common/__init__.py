"""What every room may use: constraints, intervals and local days, units, money. No Django app."""
