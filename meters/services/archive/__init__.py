"""Closed months of readings in files. Apart from `removed`, it imports polars: not for web workers."""
