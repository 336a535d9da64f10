"""Our thin database backend."""
