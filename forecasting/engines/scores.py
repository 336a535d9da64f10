"""How good a forecast was, always beside the weekly naive one on the same points."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.engines.errors import NothingToScore
from forecasting.engines.history import Floats


@dataclass(frozen=True)
class Score:
    """Errors over the n_slots that had a reading, a forecast and a naive forecast.

    `relative` is mae_wh over naive_mae_wh, None where the naive forecast was perfect. `coverage` is the share
    of readings inside the band.
    """

    n_slots: int
    mae_wh: float
    naive_mae_wh: float
    relative: float | None
    coverage: float


def score(
    actual_wh: Floats,
    wh: npt.NDArray[np.number],
    band_wh: tuple[npt.NDArray[np.number], npt.NDArray[np.number]],
    naive_wh: Floats,
) -> Score:
    """Score of a forecast, or of many stacked in the same shape; missing values as NaN are left out.

    Raises:
        NothingToScore: no slot has all three.

    >>> two = np.array([10.0, 20.0])
    >>> score(two, two + 1, (two - 1, two + 3), two + 4).relative
    0.25
    """
    both = np.isfinite(actual_wh) & np.isfinite(naive_wh) & np.isfinite(wh)
    if not both.any():
        raise NothingToScore("No slot has a reading, a forecast and a naive forecast.")
    actual = actual_wh[both]
    mae_wh = float(np.mean(np.abs(actual - wh[both])))
    naive_mae_wh = float(np.mean(np.abs(actual - naive_wh[both])))
    is_inside = (band_wh[0][both] <= actual) & (actual <= band_wh[1][both])
    relative = mae_wh / naive_mae_wh if naive_mae_wh > 0 else None
    return Score(int(both.sum()), mae_wh, naive_mae_wh, relative, float(np.mean(is_inside)))
