"""The demonstration distributor: its data, and the processes of a whole portal on one machine."""
