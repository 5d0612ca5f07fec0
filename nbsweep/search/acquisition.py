"""Log expected improvement, in a form that neither underflows nor loses its gradient.

S. Ament, S. Daulton, D. Eriksson, M. Balandat and E. Bakshy, "Unexpected Improvements to Expected Improvement for
Bayesian Optimization", NeurIPS 2023, equations 8 to 10. Here lower is better: the improvement of y is (best - y)+.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

__all__ = ["log_expected_improvement", "log_h", "log_probability"]

Array = NDArray[np.float64]

_C1 = 0.5 * float(np.log(2 * np.pi))
_C2 = 0.5 * float(np.log(np.pi / 2))
_FAR = -1.0e6


def log_h(z: Array) -> Array:
    """log(φ(z) + z·Φ(z)): the expected improvement of a standard normal, in logarithms.

    Examples
    --------
    >>> [float(round(value, 4)) for value in log_h(np.array([0.0, -1.0, -40.0, -1e8]))]
    [-0.9189, -2.4851, -808.2986, -5000000000000038.0]
    """
    z = np.asarray(z, dtype=float)
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near - _C1) + near * np.exp(log_ndtr(near)))
    low = np.minimum(z, -1.0)
    inner = np.log(erfcx(-low / 2**0.5) * -low) + _C2
    with np.errstate(divide="ignore"):
        tail = -0.5 * low * low - _C1 + np.log(-np.expm1(np.minimum(inner, 0.0)))
    beyond = -0.5 * low * low - _C1 - 2.0 * np.log(-low)
    tail = np.where(low > -1e3, tail, beyond)
    return np.where(z > -1.0, direct, tail)


def log_expected_improvement(mean: Array, sd: Array, best: float) -> tuple[Array, Array, Array]:
    """The log expected improvement below `best`, with its derivatives by `mean` and by `sd`."""
    z = (best - mean) / sd
    log_improvement = log_h(z)
    by_mean = -np.exp(log_ndtr(z) - log_improvement) / sd
    by_sd = np.exp(-0.5 * z * z - _C1 - log_improvement) / sd
    return log_improvement + np.log(sd), by_mean, by_sd


def log_probability(mean: Array, sd: Array) -> tuple[Array, Array, Array]:
    """log P(f < 0) for f of this mean and sd, with its derivatives by `mean` and by `sd`."""
    z = -mean / sd
    log_p = log_ndtr(z)
    ratio = np.exp(-0.5 * z * z - _C1 - log_p)
    return log_p, -ratio / sd, -ratio * z / sd
