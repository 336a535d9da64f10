"""Who looks at the pages."""

import pytest


@pytest.fixture
def rita(client, here):
    """A browser in which the resident is signed in."""
    client.force_login(here.resident)
    return client
