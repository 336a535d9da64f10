"""Words of the pages for templates."""
