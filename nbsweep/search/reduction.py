"""Which observations a model keeps when there are too many: the neighbourhood of the best, and a cover of the rest.

Where a search looks next depends on the model near the incumbent, to which points far away add almost nothing, and on
knowing which regions were tried at all, for which a few points a region do. So half of those kept are the nearest to
the incumbent, half are picked farthest-first (T. F. Gonzalez, "Clustering to minimize the maximum intercluster
distance", 1985), which covers the rest within twice the least possible distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["kept"]

Array = NDArray[np.float64]


def kept(x: Array, values: Array, categorical: NDArray[np.bool_], w: Array, count: int) -> NDArray[np.intp]:
    """The indices of `count` observations, ascending.

    Parameters
    ----------
    x : array, shape (n, dimension)
    values : array, shape (n,)
        Lower is better.
    categorical : array of bool, shape (dimension,)
    w : array, shape (dimension,)
        Inverse squared length scales.

    Examples
    --------
    >>> x = np.linspace(0, 1, 101)[:, None]
    >>> kept(x, np.abs(x[:, 0] - 0.5), np.array([False]), np.ones(1), 8).tolist()
    [0, 24, 48, 49, 50, 51, 75, 100]
    """
    if len(x) <= count:
        return np.arange(len(x))
    distance = _squared(x, x[int(values.argmin())], categorical, w)
    chosen = np.argsort(distance, kind="stable")[: count - count // 2].tolist()
    nearest = np.full(len(x), np.inf)
    for index in chosen:
        np.minimum(nearest, _squared(x, x[index], categorical, w), out=nearest)
    for _ in range(count // 2):
        index = int(nearest.argmax())
        chosen.append(index)
        np.minimum(nearest, _squared(x, x[index], categorical, w), out=nearest)
        nearest[index] = -1.0
    return np.array(sorted(set(chosen)))


def _squared(x: Array, centre: Array, categorical: NDArray[np.bool_], w: Array) -> Array:
    difference = x - centre
    difference[:, categorical] = difference[:, categorical] != 0.0
    return np.asarray((difference * difference) @ w)
