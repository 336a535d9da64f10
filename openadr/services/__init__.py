"""What happens to VENs, their events, reports and answers; the protocols call these, and so do pages and commands."""
