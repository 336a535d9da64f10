"""Journeys of each role in a real Chromium, and axe on every page."""
