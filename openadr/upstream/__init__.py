"""The portal as a VEN of somebody else's VTN: short exchanges by the clock, its state in the database."""
