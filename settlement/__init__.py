"""From readings to a fair amount: baselines (pure), runs, lines, ledger."""
