"""Distributors, their organizations, groups and memberships, and who may do what."""
