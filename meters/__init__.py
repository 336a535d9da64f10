"""Meters, who holds them when, what they read, and the prediction in force."""
