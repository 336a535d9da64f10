"""OpenADR: VENs, the VTN for 2.0b and 3.1, and the portal as VEN of a VTN above it. Still empty."""
