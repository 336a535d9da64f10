"""How Django itself writes dates and numbers, where it differs from what Django brings."""
