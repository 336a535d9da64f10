"""Thermal homes: buildings, heat pumps, tanks and cars whose answer to an event, and rebound, follow from physics."""
