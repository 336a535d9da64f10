"""Plain sentences for findings: flags, placebo verdicts, rules, slips in a utility’s sheet."""
