"""What the operator pages show of one distributor: read here, worded here, rendered elsewhere."""
