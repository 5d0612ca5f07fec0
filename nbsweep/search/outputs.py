"""What a model is fitted to: the metric's values, lower is better, in a shape that a Gaussian process can follow.

All are monotone, unaffected by scale, and safe for values of any size; equal values stay equal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["half_ranked", "standardised"]

Array = NDArray[np.float64]

_FAR = 30.0  # chosen by measurement: 100 helps less, 10 hurts where a valley lies between steep walls


def _ranked(values: Array) -> Array:
    """Normal scores: the quantile of each value's mid-rank, standardised.

    Examples
    --------
    >>> _ranked(np.array([1e-12, 5.0, 1e12])).round(2).tolist()
    [-1.22, 0.0, 1.22]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - 0.5 * counts  # the mean rank of equal values, from ½
    return standardised(ndtri(middle / len(values))[place])


def half_ranked(values: Array) -> Array:
    """The better half as it is, in units of its spread; the worse half by its ranks.

    How far a bad value is from the median says nothing about the optimum, and a few huge ones would flatten the rest:
    X. Song et al., "The Vizier Gaussian Process Bandit Algorithm", 2024, section 3.2.

    Examples
    --------
    >>> half_ranked(np.array([1.0, 2.0, 3.0, 4.0, 1e12])).round(2).tolist()
    [-1.41, -0.69, 0.02, 0.61, 1.47]
    """
    scaled = _scaled(values)
    median = float(np.median(scaled))
    good, bad = scaled < median, scaled > median
    if not good.any():
        return _ranked(values)
    spread = float(np.sqrt(np.mean((scaled[good] - median) ** 2)))
    if spread == 0.0:
        return _ranked(values)
    warped = np.where(good, (scaled - median) / spread, 0.0)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - 0.5 * counts
    warped[bad] = ndtri(middle / len(values))[place][bad]
    return standardised(warped)


def standardised(values: Array) -> Array:
    """Mean 0 and standard deviation 1; zeros when all values are equal.

    What lies above the median by more than 30 times the spread of the better half is brought down to that: one diverged
    run of 1e9 would leave all others the same to the model.

    Examples
    --------
    >>> standardised(np.array([1e308, -1e308])).tolist(), standardised(np.array([3.0, 3.0])).tolist()
    ([1.0, -1.0], [0.0, 0.0])
    >>> standardised(np.array([1.0, 2.0, 3.0, 1e9])).round(2).tolist()
    [-0.64, -0.58, -0.51, 1.73]
    """
    scaled = _scaled(values)
    median = float(np.median(scaled))
    better = scaled[scaled < median]
    if len(better):
        spread = float(np.sqrt(np.mean((better - median) ** 2)))
        scaled = _scaled(np.minimum(scaled, median + _FAR * spread))
    centred = scaled - scaled.mean()
    sd = float(centred.std())
    return centred / sd if sd > 1e-14 else np.zeros_like(centred)


def _scaled(values: Array) -> Array:
    """Divided so that sums and squares neither overflow nor vanish."""
    shifted = values / 4.0 - np.median(values / 4.0)
    largest = float(np.abs(shifted).max())
    return shifted / largest if largest > 0.0 else np.zeros_like(shifted)
