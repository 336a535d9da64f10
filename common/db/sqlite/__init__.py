"""SQLite for the embedded mode, able to live with triggers."""
