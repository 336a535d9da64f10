"""The base of everything that we raise on purpose."""


class PortalError(Exception):
    """A refusal that a person may read: its text is one clear sentence.

    Each room derives its own base from this one; the pages, the API and the commands turn it into a
    message, nothing else does.
    """
