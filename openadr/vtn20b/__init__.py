"""The VTN for OpenADR 2.0b: an aiohttp service of its own. Its state is in the database, so there may be many."""
