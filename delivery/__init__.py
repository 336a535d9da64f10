"""Outbox: whatever must reach someone is a row first, written with the change it tells of."""
