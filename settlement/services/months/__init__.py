"""Months of standing by: worked out, approved and posted."""
