"""Finished answers of charts, kept in Redis under the version of what they show and for whom.

A new version is another key, so nothing has to be thrown away; old entries run out by themselves.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from common.cache import CHART, keeping_cache

TIMEOUT_SECONDS = 900
# Redis holds the sessions too: one chart must not push many of them out.
LARGEST_BYTES = 400_000


def kept_bytes(make: Callable[[], bytes], window: str, /, *key: Any) -> bytes:
    """What is kept under the key, else what `make` answers, which is kept then.

    Args:
        window: `window_of` the reader: nobody gets what was made for somebody who sees something else.
        key: what else the answer depends on: what it is of, its data version and language.
    """
    store = keeping_cache()
    if store is None:
        return make()
    name = CHART + blake2b(repr((window, *key)).encode(), digest_size=16).hexdigest()
    found = store.get(name)
    if isinstance(found, bytes):
        return found
    body = make()
    if len(body) <= LARGEST_BYTES:
        store.set(name, body, TIMEOUT_SECONDS)
    return body
