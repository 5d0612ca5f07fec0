"""A Gaussian process: kernel, fit of its hyperparameters, prediction with gradients.

Pure linear algebra on NumPy arrays. The kernel is Matérn-5/2 with a length scale a coordinate, over
r² = Σ w_i·d_i², where d_i is the difference of two coordinates, or for categorical ones 0 or 1 (so that the kernel of
a categorical parameter is exp-like in its Hamming distance, as in Optuna's). w_i = 1/length scale².
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import fmin_l_bfgs_b

__all__ = ["GaussianProcess", "Hyperparameters", "fit"]

Array = NDArray[np.float64]

_SQRT5 = 5.0**0.5
_NOISE_FLOOR = 1e-6
_W_BOUNDS = (-9.0, 9.0)  # of log w
_NOISE_BOUNDS = (float(np.log(_NOISE_FLOOR)), 1.0)
_SIGNAL_BOUNDS = (-3.0, 3.0)
_WORST = 1e25


@dataclass(frozen=True)
class Hyperparameters:
    """What a fit finds, in logarithms.

    Attributes
    ----------
    log_w : array, shape (dimension,)
        Inverse squared length scales.
    log_signal, log_noise : float
        Variances of the function and of the noise, in units of the (standardised) outputs' variance.
    """

    log_w: Array
    log_signal: float
    log_noise: float

    @property
    def vector(self) -> Array:
        return np.append(self.log_w, [self.log_signal, self.log_noise])

    @staticmethod
    def of(vector: Array) -> Hyperparameters:
        return Hyperparameters(vector[:-2].copy(), float(vector[-2]), float(vector[-1]))

    @staticmethod
    def prior(dimension: int) -> Hyperparameters:
        """Where the prior is densest; see `fit`."""
        return Hyperparameters(np.full(dimension, -2.0 * _log_length(dimension)), 0.0, _NOISE_CENTRE)


_NOISE_CENTRE, _NOISE_SD = -7.0, 2.5
_SIGNAL_SD = 0.5
_LENGTH_SD = 3.0**0.5
_MEAN_SD = 1.0


def _log_length(dimension: int) -> float:
    """The mode, in log length scale, of LogNormal(√2 + log(√D), √3): mode of a log-normal is exp(μ - σ²).

    Not below half the range: with one or two parameters the rule says a fifth, and a parabola takes twice the runs.
    """
    return max(2**0.5 + 0.5 * math.log(max(dimension, 1)) - 3.0, -0.7)


def fit(
    x: Array,
    y: Array,
    categorical: NDArray[np.bool_],
    start: Hyperparameters | None = None,
    *,
    max_steps: int = 50,
) -> Hyperparameters:
    """The most probable hyperparameters, by L-BFGS with analytic gradients.

    The prior on length scales grows with the dimension, after Hvarfner, Hellsten and Nardi, "Vanilla Bayesian
    Optimization Performs Great in High Dimensions", ICML 2024: LogNormal(√2 + log(√D), √3), here as a Gaussian on the
    logarithm about its mode. The noise has a log-normal prior too.

    Parameters
    ----------
    x : array, shape (n, dimension)
    y : array, shape (n,)
        Standardised.
    categorical : array of bool, shape (dimension,)
    start : Hyperparameters, optional
        Where to begin; the prior's mode by default.
    """
    n, dimension = x.shape
    prior = Hyperparameters.prior(dimension)
    if n < 2 or dimension == 0:
        return prior
    objective = _Evidence(x, y, categorical, prior)
    bounds = [_W_BOUNDS] * dimension + [_SIGNAL_BOUNDS, _NOISE_BOUNDS]
    first = (start or prior).vector
    found, _, _ = fmin_l_bfgs_b(objective, first, bounds=bounds, maxiter=max_steps, m=8, factr=1e9, pgtol=1e-3)
    return Hyperparameters.of(np.asarray(found))


def _level(solved: Array) -> float:
    """The most probable mean of the process, from K⁻¹y and K⁻¹1, shape (n, 2).

    The plain mean of the outputs is that of where the search has been, mostly near the best: a process about it
    promises too much of all that is unknown. This one counts a crowd of points as about one.
    """
    return float(solved[:, 0].sum() / (solved[:, 1].sum() + _MEAN_SD**-2))


class _Evidence:
    """The negative log posterior of the hyperparameters, with its gradient. Pairs of points are kept once."""

    def __init__(self, x: Array, y: Array, categorical: NDArray[np.bool_], prior: Hyperparameters) -> None:
        n, d = x.shape
        self._n, self._d, self._y = n, d, y
        self._targets = np.asfortranarray(np.column_stack([y, np.ones(n)]))
        self._low = np.tril_indices(n, -1)
        self._flat = self._low[0] * n + self._low[1]
        difference = x[self._low[0]] - x[self._low[1]]
        squares = np.where(categorical, difference != 0.0, difference * difference)
        self._squares = np.ascontiguousarray(squares.T)  # (d, pairs)
        self._centre = prior.vector
        self._precision = np.append(np.full(d, 0.25 / _LENGTH_SD**2), [1 / _SIGNAL_SD**2, 1 / _NOISE_SD**2])

    def __call__(self, theta: Array) -> tuple[float, Array]:
        n, d = self._n, self._d
        w, signal, noise = np.exp(theta[:d]), float(np.exp(theta[d])), float(np.exp(theta[d + 1]))
        s = _SQRT5 * np.sqrt(w @ self._squares)
        decay = signal * np.exp(-s)
        k = decay * (1.0 + s + s * s / 3.0)
        slope = decay * (1.0 + s) * (-5.0 / 6.0)  # dk / d(r²)
        full = np.zeros((n, n))
        full.ravel()[self._flat] = k
        full.ravel()[:: n + 1] = signal + noise + _NOISE_FLOOR * signal
        # LAPACK reads the row-major lower triangle as an upper one
        factor, failed = lapack.dpotrf(full.T, lower=0, overwrite_a=1, clean=0)
        if failed:
            return _WORST, np.zeros_like(theta)
        log_det = float(np.log(factor.diagonal()).sum())
        solved, _ = lapack.dpotrs(factor, self._targets, lower=0)
        mean = _level(solved)
        alpha = solved[:, 0] - mean * solved[:, 1]
        inverse, _ = lapack.dpotri(factor, lower=0, overwrite_c=1)
        off = inverse.T.ravel()[self._flat] - alpha[self._low[0]] * alpha[self._low[1]]
        diagonal = inverse.diagonal() - alpha * alpha
        away = theta - self._centre
        value = 0.5 * float((self._y - mean) @ alpha) + log_det + 0.5 * float(self._precision @ (away * away))
        value += 0.5 * (mean / _MEAN_SD) ** 2
        gradient = self._precision * away
        gradient[:d] += w * (self._squares @ (off * slope))
        gradient[d] += float(off @ k) + 0.5 * signal * (1.0 + _NOISE_FLOOR) * float(diagonal.sum())
        gradient[d + 1] += 0.5 * noise * float(diagonal.sum())
        if not np.isfinite(value):
            return _WORST, np.zeros_like(theta)
        return value, gradient


class GaussianProcess:
    """A posterior over functions.

    Parameters
    ----------
    x : array, shape (n, dimension)
    y : array, shape (n,)
        Standardised.
    categorical : array of bool, shape (dimension,)
    sizes : sequence of int
        How many values each categorical coordinate has, 0 for the others.
    hyperparameters : Hyperparameters

    Examples
    --------
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> gp = GaussianProcess(x, np.array([1.0, -1.0, 1.0]), np.array([False]), [0], Hyperparameters(
    ...     np.array([1.0]), 0.0, -12.0))
    >>> mean, sd = gp.predict(np.array([[0.5], [0.25]]))
    >>> bool(abs(mean[0] + 1) < 0.01), bool(sd[0] < 0.01 < sd[1])
    (True, True)
    """

    def __init__(
        self, x: Array, y: Array, categorical: NDArray[np.bool_], sizes: list[int], hyperparameters: Hyperparameters
    ) -> None:
        self.x, self.y, self.hyperparameters = x, y, hyperparameters
        self._categorical, self._sizes = categorical, sizes
        self._scale = np.exp(0.5 * hyperparameters.log_w)
        self.signal = float(np.exp(hyperparameters.log_signal))
        self.noise = float(np.exp(hyperparameters.log_noise))
        self._features = self._embed(x)
        self._squared = (self._features**2).sum(1)
        k, _ = self._kernel(self._features, self._squared)
        jitter = _NOISE_FLOOR * self.signal
        while True:
            full = k + (self.noise + jitter) * np.eye(len(x))
            factor, failed = lapack.dpotrf(full, lower=1, clean=1)
            if not failed:
                break
            jitter *= 10.0
        self._inverse, _ = lapack.dtrtri(factor, lower=1)
        self._factor = factor
        solved = self._inverse.T @ (self._inverse @ np.column_stack([y, np.ones(len(y))]))
        self.level = _level(solved)
        self.alpha = solved[:, 0] - self.level * solved[:, 1]

    def predict(self, x: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the function (without noise) at points of shape (m, dimension)."""
        features = self._embed(x)
        k, _ = self._kernel(features, (features**2).sum(1))
        v = self._inverse @ k.T
        variance = self.signal - np.einsum("ij,ij->j", v, v)
        return self.level + k @ self.alpha, np.sqrt(np.maximum(variance, 1e-12 * self.signal))

    def gradients(self, x: Array, real: NDArray[np.intp]) -> tuple[Array, Array, Array, Array]:
        """`predict`, and the gradients of both by the real coordinates, shape (m, len(real))."""
        features = self._embed(x)
        k, slope = self._kernel(features, (features**2).sum(1))
        v = self._inverse @ k.T
        variance = np.maximum(self.signal - np.einsum("ij,ij->j", v, v), 1e-12 * self.signal)
        sd = np.sqrt(variance)
        solved = (self._inverse.T @ v).T  # (m, n): K⁻¹ k
        w2 = 2.0 * self._scale[real] ** 2
        own, others = x[:, real], self.x[:, real]
        by_mean = slope * self.alpha
        by_sd = -slope * solved / sd[:, None]
        # Σ_j c_j·2w·(x - x_j) = 2w·(x·Σ_j c_j - Σ_j c_j x_j)
        d_mean = w2 * (own * by_mean.sum(1, keepdims=True) - by_mean @ others)
        d_sd = w2 * (own * by_sd.sum(1, keepdims=True) - by_sd @ others)
        return self.level + k @ self.alpha, sd, d_mean, d_sd

    def with_points(self, x: Array, y: Array) -> GaussianProcess:
        """The posterior after these observations too, with the same hyperparameters."""
        return GaussianProcess(
            np.vstack([self.x, x]), np.append(self.y, y), self._categorical, self._sizes, self.hyperparameters
        )

    def distances(self, x: Array) -> Array:
        """Squared distances, in length scales, of points from the observed ones: shape (m, n)."""
        features = self._embed(x)
        return self._squared_distances(features, (features**2).sum(1))

    # -- private --------------------------------------------------------------------------------------------------

    def _embed(self, x: Array) -> Array:
        """Points whose squared Euclidean distance is r²: categorical coordinates one-hot, scaled by √½."""
        if not self._categorical.any():
            return x * self._scale
        parts = [x[:, ~self._categorical] * self._scale[~self._categorical]]
        for i in np.nonzero(self._categorical)[0]:
            one_hot = x[:, i, None] == np.arange(self._sizes[i])
            parts.append(one_hot * (self._scale[i] * 0.5**0.5))
        return np.hstack(parts)

    def _squared_distances(self, features: Array, squared: Array) -> Array:
        r2 = squared[:, None] + self._squared - 2.0 * features @ self._features.T
        return np.asarray(np.maximum(r2, 0.0))

    def _kernel(self, features: Array, squared: Array) -> tuple[Array, Array]:
        """The covariance with the observed points, shape (m, n), and its derivative by r²."""
        s = _SQRT5 * np.sqrt(self._squared_distances(features, squared))
        decay = self.signal * np.exp(-s)
        return decay * (1.0 + s + s * s / 3.0), decay * (1.0 + s) * (-5.0 / 6.0)
