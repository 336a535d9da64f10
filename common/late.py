"""Heavy libraries, loaded when they are first used and not with whoever might use them.

A web process imports every room. statsmodels brings scipy, pandas and polars along, 150 MB that only a process
which fits forecasts needs.
"""

from importlib import import_module
from typing import Any


class Late:
    """A module that is imported when something of it is asked for.

    >>> math = Late("math")
    >>> math.floor(2.5)
    2
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        """What the module has by this name."""
        return getattr(import_module(self._name), attribute)
