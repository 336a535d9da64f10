"""Pages of a distributor's people: they all read, its admins act."""
