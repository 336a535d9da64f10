"""Random numbers that depend on nothing but their coordinates.

A generator that is drawn from in sequence would give other numbers for another window. These are hashes of
(seed, stream, meter, counter), so any slot can be computed alone and always comes out the same.
"""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Words = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)


def _mixed(words: _Words) -> _Words:
    """The finaliser of splitmix64: every bit of the input reaches every bit of the output."""
    words = (words ^ (words >> np.uint64(30))) * _MIX_A
    words = (words ^ (words >> np.uint64(27))) * _MIX_B
    return words ^ (words >> np.uint64(31))


def uniforms(seed: int, stream: str, numbers: Ints, counters: Ints) -> Floats:
    """Uniform draws in (0, 1).

    Args:
        seed: the town's seed, 0 or greater.
        stream: what the draw is for; other streams are independent.
        numbers: `(n_meters,)` meter numbers.
        counters: `(n_counters,)` slot, hour or day numbers; negative ones are fine.

    Returns:
        `(n_meters, n_counters)`.
    """
    with np.errstate(over="ignore"):
        root = _mixed(np.array([seed], dtype=np.uint64) * _STEP + np.uint64(crc32(stream.encode())))
        rows = _mixed(root + (numbers.astype(np.uint64) + np.uint64(1)) * _STEP)
        cells = _mixed(rows[:, None] + counters.astype(np.uint64)[None, :] * _STEP)
    return ((cells >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(seed: int, stream: str, numbers: Ints, counters: Ints) -> Floats:
    """Standard normal draws, `(n_meters, n_counters)`, by Box and Muller."""
    radius = np.sqrt(-2.0 * np.log(uniforms(seed, stream + "/radius", numbers, counters)))
    result: Floats = radius * np.cos(2.0 * np.pi * uniforms(seed, stream + "/angle", numbers, counters))
    return result


def drifting(seed: int, stream: str, numbers: Ints, seconds: Ints, knot_seconds: int) -> Floats:
    """Standard normal noise that moves smoothly from knot to knot, `(n_meters, n_times)`."""
    first, last = int(seconds.min()) // knot_seconds, int(seconds.max()) // knot_seconds
    knots = normals(seed, stream, numbers, np.arange(first, last + 2, dtype=np.int64))
    left = seconds // knot_seconds - first
    share = (seconds % knot_seconds) / knot_seconds
    mixed = knots[:, left] * (1.0 - share) + knots[:, left + 1] * share
    result: Floats = mixed / np.sqrt((1.0 - share) ** 2 + share**2)
    return result


def remembering(seed: int, stream: str, numbers: Ints, days: Ints, memory: float) -> Floats:
    """Standard normal noise by day in which a day remembers the one before, `(n_meters, n_days)`.

    A moving average over 21 days stands for the autoregression, so that no day needs a beginning of time.
    """
    first, last = int(days.min()), int(days.max())
    weights = memory ** np.arange(21)
    draws = normals(seed, stream, numbers, np.arange(first - 20, last + 1, dtype=np.int64))
    windows = np.lib.stride_tricks.sliding_window_view(draws, 21, axis=1)[:, :, ::-1]
    levels: Floats = (windows * (weights / np.sqrt((weights**2).sum()))).sum(axis=2)
    return levels[:, days - first]
