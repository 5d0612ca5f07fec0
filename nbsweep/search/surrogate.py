"""What a Bayesian search believes: models of the metric, and one of failure, with the acquisition that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbsweep.search.acquisition import log_expected_improvement, log_probability
from nbsweep.search.gp import GaussianProcess

__all__ = ["Member", "Surrogate"]

Array = NDArray[np.float64]

# Where all neighbours failed the model's sd still leaves a percent, and the expected improvement of the unknown is
# worth many percents: with the whole sd most runs of a finished search would fail.
_BELIEF = 0.4


@dataclass(frozen=True)
class Member:
    """One model of the metric, lower is better, and the value to improve upon: its lowest mean at a point it has."""

    gp: GaussianProcess
    best: float


@dataclass(frozen=True)
class Surrogate:
    """Several models mixed: the acquisition is the mean of their log expected improvements, plus log P(feasible)."""

    members: tuple[Member, ...]
    failure: GaussianProcess | None = None

    def acquisition(self, x: Array) -> Array:
        """At points of shape (m, dimension)."""
        total = np.zeros(len(x))
        for member in self.members:
            mean, sd = member.gp.predict(x)
            total += log_expected_improvement(mean, sd, member.best)[0] / len(self.members)
        if self.failure is not None:
            mean, sd = self.failure.predict(x)
            total += log_probability(mean, _BELIEF * sd)[0]
        return total

    def with_gradient(self, x: Array, real: NDArray[np.intp]) -> tuple[Array, Array]:
        """The acquisition, shape (m,), and its gradient by the real coordinates, shape (m, len(real))."""
        total, gradient = np.zeros(len(x)), np.zeros((len(x), len(real)))
        share = 1.0 / max(1, len(self.members))
        for member in self.members:
            mean, sd, d_mean, d_sd = member.gp.gradients(x, real)
            value, by_mean, by_sd = log_expected_improvement(mean, sd, member.best)
            total += share * value
            gradient += share * (by_mean[:, None] * d_mean + by_sd[:, None] * d_sd)
        if self.failure is not None:
            mean, sd, d_mean, d_sd = self.failure.gradients(x, real)
            value, by_mean, by_sd = log_probability(mean, _BELIEF * sd)
            total += value
            gradient += by_mean[:, None] * d_mean + _BELIEF * by_sd[:, None] * d_sd
        return total, gradient
