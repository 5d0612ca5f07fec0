"""What a model's suggestion rests on, in the metric's own unit: for the run's details and the hint when to stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nbsweep.search.base import Suggestion
from nbsweep.search.surrogate import Surrogate

__all__ = ["explained"]

Array = NDArray[np.float64]


def explained(surrogate: Surrogate, x: Array, values: Array, goal: str) -> Suggestion:
    """The first model's prediction at a point, brought back through its transform; its sd is that of a result there.

    Parameters
    ----------
    x : array, shape (dimension,)
    values : array, shape (n,)
        What the models were made from, lower is better.
    goal : str
        "minimize" or "maximize".
    """
    member = surrogate.members[0]
    mean, sd = (float(each[0]) for each in member.gp.predict(x[None]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    unit = float(np.abs(values).max()) or 1.0  # so that no sum of squares overflows
    known = np.unique(np.column_stack([member.gp.y[: len(values)], values / unit]), axis=0)
    spread = float(known[:, 1].std())
    below = _slope_of_the_better_half(known, spread)

    def back(y: Array) -> Array:
        inside = np.interp(y, known[:, 0], known[:, 1])
        return np.asarray(inside + below * np.minimum(y - known[0, 0], 0) + spread * np.maximum(y - known[-1, 0], 0))

    outcomes, weights = back(mean + sd * nodes), weights / weights.sum()
    predicted = float(weights @ outcomes)
    improvement = float(weights @ np.maximum(back(np.array([member.best]))[0] - outcomes, 0.0))
    results = back(mean + np.hypot(sd, member.gp.noise**0.5) * nodes)  # a result has the noise of results, too
    sd = float(np.sqrt(weights @ (results - weights @ results) ** 2))
    return Suggestion("model", (-unit if goal == "maximize" else unit) * predicted, unit * sd, unit * improvement)


def _slope_of_the_better_half(known: Array, otherwise: float) -> float:
    """By how much a value falls with the model's, from the median to the best; one diverged run leaves it as it is."""
    if len(known) < 2:
        return otherwise
    (y_best, best), (y_median, median) = known[0], known[max(1, (len(known) - 1) // 2)]
    return float((median - best) / (y_median - y_best)) if y_median > y_best else otherwise
