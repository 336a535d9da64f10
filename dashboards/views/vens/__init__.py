"""Operators' pages of the devices that speak OpenADR."""
