"""The world outside the portal, for demonstrations. It knows the portal only by its HTTP interface."""
