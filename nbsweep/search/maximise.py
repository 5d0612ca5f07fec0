"""Finding where the acquisition is highest, in a space of real, ordered and categorical coordinates.

A space of few points is tried whole. Elsewhere: many candidates, spread out and around the best known points; from the
best of them L-BFGS along the real coordinates and steps to neighbours along the others, in turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fmin_l_bfgs_b

from nbsweep.search.coordinates import Coordinates, Points
from nbsweep.search.surrogate import Surrogate

__all__ = ["FEW_POINTS", "best_points", "neighbours"]

Array = NDArray[np.float64]

FEW_POINTS = 3000
_SPREAD = 400  # candidates all over the space
_AROUND = 300  # candidates around the best known points
_STARTS = 6
_ROUNDS = 3
_STEPS = 25  # of L-BFGS, all starts together
_RADII = (0.3, 0.1, 0.03, 0.01)
_FEW_LEVELS = 12
_CHANGED = 20.0  # coordinates that a perturbation changes, in the mean, when there are many


def best_points(
    surrogate: Surrogate,
    coordinates: Coordinates,
    around: Points,
    rng: np.random.Generator,
    free: Callable[[Array], bool],
    reach: float = 1.0,
) -> Iterator[Array]:
    """Points in falling order of acquisition, those that are `free` alone; may end before the space does.

    Parameters
    ----------
    around : array, shape (k, dimension)
        The best known points, best first.
    free : callable
        Whether a point may be suggested.
    reach : float
        How far from the best known point a real coordinate may be; what is not real may be anywhere.
    """
    if coordinates.size is not None and coordinates.size <= FEW_POINTS and not coordinates.real.any():
        found = coordinates.every()
        found = found[[free(x) for x in found]]
        if len(found) == 0:
            return
    else:
        low, high = _box(coordinates, around[0], reach)
        quantiles = rng.random((_SPREAD, coordinates.dimension))
        spread = coordinates.at(np.where(coordinates.real, low + (high - low) * quantiles, quantiles))
        candidates = np.vstack([spread, np.clip(perturbed(coordinates, around, rng), low, high)])
        values = surrogate.acquisition(candidates)
        starts = candidates[_distinct(candidates, np.argsort(-values, kind="stable"), _STARTS)]
        found = np.vstack([_climbed(surrogate, coordinates, starts, low, high), candidates])
    found = coordinates.snapped(found)  # first: between two multiples of a wide q much is expected that neither has
    for x in found[np.argsort(-surrogate.acquisition(found), kind="stable")]:
        if free(x):
            yield x


def perturbed(coordinates: Coordinates, around: Points, rng: np.random.Generator) -> Points:
    """Points near the given ones: a random part of the coordinates moved, by steps of several sizes."""
    d, n = coordinates.dimension, _AROUND
    base = around[np.minimum(rng.geometric(0.5, size=n) - 1, len(around) - 1)]
    moved = rng.random((n, d)) < min(1.0, _CHANGED / d) * rng.uniform(0.1, 1.0, size=(n, 1))
    moved[np.arange(n), rng.integers(d, size=n)] = True
    radius = np.asarray(_RADII)[rng.integers(len(_RADII), size=n)][:, None]
    near = np.clip(base + radius * rng.standard_normal((n, d)), 0.0, 1.0)
    anywhere = coordinates.at(rng.random((n, d)))
    for i, c in enumerate(coordinates.each):
        if c.kind == "categorical":
            near[:, i] = anywhere[:, i]
        elif c.levels is not None:
            step = np.maximum(radius[:, 0], 0.6 / (len(c.levels) - 1)) * rng.standard_normal(n)
            near[:, i] = _nearest(c.levels, np.clip(base[:, i] + step, 0.0, 1.0))
    return np.where(moved, near, base)


def neighbours(coordinates: Coordinates, x: Array) -> Points:
    """The points that differ from x in one coordinate that has levels: all its levels if few, else the nearest."""
    rows = []
    for i, c in enumerate(coordinates.each):
        if c.levels is None:
            continue
        here = int(np.abs(c.levels - x[i]).argmin())
        if c.kind == "categorical" or len(c.levels) <= _FEW_LEVELS:
            places = np.arange(len(c.levels))
        else:
            places = here + np.array([-8, -3, -2, -1, 1, 2, 3, 8])
            places = places[(places >= 0) & (places < len(c.levels))]
        for place in places[places != here]:
            row = x.copy()
            row[i] = c.levels[place]
            rows.append(row)
    return np.array(rows) if rows else np.empty((0, len(x)))


def _box(coordinates: Coordinates, centre: Array, reach: float) -> tuple[Array, Array]:
    """The bounds of every coordinate; of one that is not real those of all its values."""
    last = np.array([1.0 - c.tail if c.levels is None else c.levels[-1] for c in coordinates.each])
    first = np.array([c.tail for c in coordinates.each])
    low = np.where(coordinates.real, np.maximum(centre - reach, first), 0.0)
    return low, np.where(coordinates.real, np.minimum(centre + reach, last), last)


def _climbed(surrogate: Surrogate, coordinates: Coordinates, starts: Points, low: Array, high: Array) -> Points:
    real = np.nonzero(coordinates.real)[0]
    for _ in range(_ROUNDS):
        if len(real):
            starts = _ascended(surrogate, starts, real, list(zip(low[real], high[real], strict=True)))
        if len(real) == coordinates.dimension:
            break
        stepped = np.array([_stepped(surrogate, coordinates, x) for x in starts])
        if (stepped == starts).all():
            break
        starts = stepped
    return starts


def _ascended(
    surrogate: Surrogate, starts: Points, real: NDArray[np.intp], bounds: list[tuple[float, float]]
) -> Points:
    """L-BFGS from all starts at once, as one problem: the sum of the acquisitions."""
    x = starts.copy()

    def falling(flat: Array) -> tuple[float, Array]:
        x[:, real] = flat.reshape(len(x), len(real))
        value, gradient = surrogate.with_gradient(x, real)
        return -float(value.sum()), -gradient.ravel()

    flat, _, _ = fmin_l_bfgs_b(falling, starts[:, real].ravel(), bounds=bounds * len(x), maxiter=_STEPS, maxfun=40, m=8)
    x[:, real] = np.reshape(flat, (len(x), len(real)))
    better = surrogate.acquisition(x) >= surrogate.acquisition(starts)
    return np.where(better[:, None], x, starts)


def _stepped(surrogate: Surrogate, coordinates: Coordinates, x: Array) -> Array:
    """To the best neighbour, and on, until none is better."""
    best = float(surrogate.acquisition(x[None])[0])
    for _ in range(2 * coordinates.dimension):
        near = neighbours(coordinates, x)
        values = surrogate.acquisition(near)
        top = int(values.argmax())
        if values[top] <= best + 1e-9:
            break
        x, best = near[top], float(values[top])
    return x


def _distinct(candidates: Points, order: NDArray[np.intp], count: int) -> list[int]:
    """The first `count` of the order that are not all but the same point."""
    chosen: list[int] = []
    for index in order:
        if all(np.abs(candidates[index] - candidates[other]).max() > 0.05 for other in chosen):
            chosen.append(int(index))
            if len(chosen) == count:
                break
    return chosen


def _nearest(levels: Array, x: Array) -> Array:
    upper = np.clip(np.searchsorted(levels, x), 1, len(levels) - 1)
    return np.where(x - levels[upper - 1] <= levels[upper] - x, levels[upper - 1], levels[upper])
