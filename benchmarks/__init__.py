"""How fast the portal is, as ratios to the same work in plain SQL or in memory, measured side by side in one run.

`make bench`, or `python -m benchmarks` with DATABASE_URL set. Not tests: nothing here fails for being slow.
"""
