"""VTNs above: the list, one in full, entering and changing one."""
