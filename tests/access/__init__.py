"""Who gets what at which address: docs/access.md, tried line by line."""
