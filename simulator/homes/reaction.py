"""How a household takes an event, apart from physics: who opts out, who is cut off from the network."""

from zlib import crc32

import numpy as np

from simulator.homes.traits import Flags
from simulator.town.chance import Ints, uniforms

OPTS_OUT = 0.08
CUT_OFF = 0.015  # of the homes on a day
_ONCE_A_DAY = 86_400


def opts_out(seed: int, number: int, event: str) -> bool:
    """Whether the home does not take part in this event; always the same for home and event."""
    at = np.array([crc32(event.encode())], dtype=np.int64)
    return bool(uniforms(seed, "homes/opt-out", np.array([number], dtype=np.int64), at)[0, 0] < OPTS_OUT)


def is_cut_off(seed: int, numbers: Ints, at: int) -> Flags:
    """Which homes have no network now: now and then for ten minutes to an hour and a half, `(n_homes,)`."""
    day = np.array([at // _ONCE_A_DAY], dtype=np.int64)
    begins = 80_000.0 * uniforms(seed, "homes/cut-off/from", numbers, day)[:, 0]
    lasts = 600.0 + 4800.0 * uniforms(seed, "homes/cut-off/lasts", numbers, day)[:, 0]
    since = at % _ONCE_A_DAY - begins
    happens = uniforms(seed, "homes/cut-off", numbers, day)[:, 0] < CUT_OFF
    result: Flags = happens & (since >= 0.0) & (since < lasts)
    return result


def random_start(seed: int, number: int, event: str, most: int) -> int:
    """Seconds a home begins late where the VTN lets starts scatter."""
    at = np.array([crc32(event.encode())], dtype=np.int64)
    return int(most * uniforms(seed, "homes/late", np.array([number], dtype=np.int64), at)[0, 0])
