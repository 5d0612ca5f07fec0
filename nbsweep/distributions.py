"""The distributions of sweep parameters: inverse CDF, its way back, and the finite set of values where there is one.

In comes a normalised parameter (``{"distribution": "uniform", "min": 0, "max": 1}``), out comes a `Law`. Definitions
are W&B's; where W&B leaves its bounds (a `q_uniform` rounded past them, an exp(log(max)) an ulp too high), these do
not. Rounding is half to even. SciPy is imported when a normal or beta distribution is first asked.
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any

from nbsweep.config_problems import show
from nbsweep.errors import UsageError
from nbsweep.support import UNIT, Axis, Listed, Stepped, first_multiple, last_multiple, plain, steps_within

__all__ = ["Choice", "Continuous", "Integers", "Law", "Quantised", "Real", "law"]

_EDGE = 2.0**-53  # u is kept this far from 0 and 1 where the quantile there is infinite
_LARGEST = sys.float_info.max
_LARGEST_EXPONENT = math.log(_LARGEST)


def law(parameter: Mapping[str, Any]) -> Law:
    """The law of a normalised parameter.

    Parameters
    ----------
    parameter : Mapping
        With an explicit ``distribution`` and all keys that it takes.

    Examples
    --------
    >>> batch_size = law({"distribution": "q_log_uniform_values", "min": 32, "max": 256, "q": 8})
    >>> [batch_size.ppf(u) for u in (.1, .25, .5, .75, .9)]
    [40, 56, 88, 152, 208]
    >>> batch_size.support.size
    29
    """
    name = parameter["distribution"]
    if name == "constant":
        return Choice([parameter["value"]])
    if name.startswith("categorical"):
        return Choice(parameter["values"], parameter.get("probabilities"))
    if name == "int_uniform":
        return Integers(parameter["min"], parameter["max"])
    continuous = _continuous(name.removeprefix("q_"), parameter)
    if not name.startswith("q_"):
        return Real(continuous)
    return Quantised(continuous, parameter["q"], parameter["min"] if name == "q_uniform" else None)


class Law(ABC):
    """How one parameter's values are spread."""

    low: float | None = None  # the bounds, where values are numbers; may be infinite
    high: float | None = None

    @abstractmethod
    def ppf(self, u: float) -> Any:
        """The value at quantile `u` in [0, 1]."""

    @abstractmethod
    def encode(self, value: Any) -> float:
        """A `u` whose `ppf` is the value; the middle of them where there are many."""

    @property
    def support(self) -> Axis | None:
        """The distinct values, where they are finitely many."""
        return None

    @property
    def grid(self) -> Axis | None:
        """The values that a grid takes."""
        return self.support


class Choice(Law):
    """One of the values: all as likely, or by probabilities.

    Examples
    --------
    >>> Choice(["adam", "sgd"]).ppf(0.7), Choice([0, False, ""]).ppf(0.5)
    ('sgd', False)
    """

    def __init__(self, values: Sequence[Any], probabilities: Sequence[float] | None = None) -> None:
        self._values = list(values)
        self._reach = None if probabilities is None else list(accumulate(probabilities))
        likely = [0 if p == 0 else max(1, round(p * UNIT)) for p in probabilities or ()]
        self._possible = [i for i in range(len(self._values)) if not likely or likely[i]]
        self._support = Listed(
            [self._values[i] for i in self._possible], [likely[i] for i in self._possible] if likely else None
        )
        self._choices = Listed(self._values)
        self._place: dict[int | None, int] = {}  # where each of the support's values is listed first
        for place in self._possible:
            self._place.setdefault(self._support.index(self._values[place]), place)

    def ppf(self, u: float) -> Any:
        if self._reach is None:
            place = _nth(u, len(self._values))
        else:
            place = next((i for i, reach in enumerate(self._reach) if u < reach), self._possible[-1])
        return self._values[place]

    def encode(self, value: Any) -> float:
        index = self._support.index(value)
        if index is None:
            raise _not_among(value, self._values)
        place = self._place[index]
        if self._reach is None:
            return (place + 0.5) / len(self._values)
        before = self._reach[place - 1] if place else 0.0
        return min(1.0, (before + self._reach[place]) / 2)

    @property
    def support(self) -> Listed:
        return self._support

    @property
    def grid(self) -> Listed:
        return self._choices


class Integers(Law):
    """Whole numbers from `low` to `high`, both included, all as likely.

    Examples
    --------
    >>> die = Integers(1, 6)
    >>> die.ppf(0), die.ppf(0.5), die.ppf(1), die.encode(3)
    (1, 3, 6, 0.4166666666666667)
    """

    low: int
    high: int

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self._axis = Stepped(first=low, size=high - low + 1, step=1)

    def ppf(self, u: float) -> int:
        return self.low + _nth(u, self._axis.size)

    def encode(self, value: Any) -> float:
        index = self._axis.index(value)
        if index is None:
            raise _not_among(value, f"whole numbers from {self.low} to {self.high}")
        return (2 * index + 1) / (2 * self._axis.size)

    @property
    def support(self) -> Stepped:
        return self._axis


class Real(Law):
    """Real numbers: a continuous distribution as it is."""

    def __init__(self, continuous: Continuous) -> None:
        self._continuous = continuous
        self.low, self.high = continuous.low, continuous.high

    def ppf(self, u: float) -> float:
        return self._continuous.at(u)

    def encode(self, value: Any) -> float:
        if self._continuous.is_point:
            return 0.5
        return min(max(self._continuous.below(_real(value)), 0.0), 1.0)

    @property
    def support(self) -> Axis | None:
        return Listed([self._continuous.at(0.5)]) if self._continuous.is_point else None


class Quantised(Law):
    """A continuous distribution rounded to multiples of q, kept to the multiples inside its bounds.

    A whole q (an int) gives ints. With `grid_from` a grid counts from there in steps of q, up to the upper bound.
    """

    def __init__(self, continuous: Continuous, q: float, grid_from: float | None = None) -> None:
        self._continuous, self._q, self._grid_from = continuous, q, grid_from
        self.low, self.high = continuous.low, continuous.high
        self._first = first_multiple(self.low, q) if math.isfinite(self.low) else None
        self._last = last_multiple(self.high, q) if math.isfinite(self.high) else None

    low: float
    high: float

    def ppf(self, u: float) -> float:
        value = self._multiple(self._continuous.at(u)) * self._q
        return value if isinstance(value, int) else min(max(value, self.low, -_LARGEST), self.high, _LARGEST)

    def encode(self, value: Any) -> float:
        if self._continuous.is_point:
            return 0.5
        k = self._multiple(_real(value))
        below = 0.0 if k == self._first else self._continuous.below((k - 0.5) * self._q)
        upto = 1.0 if k == self._last else self._continuous.below((k + 0.5) * self._q)
        return min(max((below + upto) / 2, 0.0), 1.0)

    @cached_property
    def support(self) -> Axis | None:
        if self._continuous.is_point:
            return Listed([self.ppf(0.5)])
        if self._first is None or self._last is None:
            return None
        size = self._last - self._first + 1
        return Stepped(self._first, size, self._q, 0, self.low, self.high, self._continuous.below)

    @cached_property
    def grid(self) -> Axis | None:
        start = self._grid_from
        if start is None or math.isclose((self._first or 0) * self._q, start, rel_tol=1e-15):
            return self.support
        return Stepped(0, steps_within(start, self.high, self._q) + 1, self._q, start, self.low, self.high)

    def _multiple(self, value: float) -> int:
        k = round(min(max(value / self._q, -_LARGEST), _LARGEST))
        k = k if self._first is None else max(k, self._first)
        return k if self._last is None else min(k, self._last)


class Continuous(ABC):
    """A distribution of real numbers from `low` to `high`."""

    low: float = -math.inf
    high: float = math.inf
    is_point = False  # all of it at one number

    @abstractmethod
    def at(self, u: float) -> float:
        """The number at quantile `u`: finite, and within the bounds, for every u in [0, 1]."""

    @abstractmethod
    def below(self, x: float) -> float:
        """How likely a number below `x` is."""


class Uniform(Continuous):
    """Uniform from `low` to `high`."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = float(low), float(high)

    def at(self, u: float) -> float:
        span = self.high - self.low
        value = self.low + u * span if math.isfinite(span) else self.low * (1 - u) + self.high * u
        return min(max(value, self.low), self.high)

    def below(self, x: float) -> float:
        if x <= self.low:
            return 0.0
        return 1.0 if x >= self.high else (x / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


class LogUniform(Continuous):
    """exp(x) with x uniform; the bounds are exp of x's bounds unless they are given, which is more exact."""

    def __init__(self, log_low: float, log_high: float, low: float | None = None, high: float | None = None) -> None:
        self._log = Uniform(log_low, log_high)
        self.low = float(math.exp(log_low) if low is None else low)
        self.high = float(math.exp(log_high) if high is None else high)

    def at(self, u: float) -> float:
        return min(max(math.exp(self._log.at(u)), self.low), self.high)

    def below(self, x: float) -> float:
        return self._log.below(math.log(x)) if x > 0 else 0.0


class Normal(Continuous):
    """Normal with mean `mu` and standard deviation `sigma`."""

    def __init__(self, mu: float, sigma: float) -> None:
        self._mu, self._sigma = float(mu), float(sigma)
        self.is_point = sigma == 0

    def at(self, u: float) -> float:
        if self.is_point:
            return self._mu
        z = float(_special().ndtri(min(max(u, _EDGE), 1 - _EDGE)))
        return min(max(self._mu + self._sigma * z, -_LARGEST), _LARGEST)

    def below(self, x: float) -> float:
        return float(_special().ndtr((x - self._mu) / self._sigma))


class LogNormal(Continuous):
    """exp(x) with x normal."""

    low = 0.0

    def __init__(self, mu: float, sigma: float) -> None:
        self._log = Normal(mu, sigma)
        self.is_point = sigma == 0

    def at(self, u: float) -> float:
        return math.exp(min(self._log.at(u), _LARGEST_EXPONENT))

    def below(self, x: float) -> float:
        return self._log.below(math.log(x)) if x > 0 else 0.0


class Beta(Continuous):
    """Beta with shapes `a` and `b`, between 0 and 1."""

    low, high = 0.0, 1.0

    def __init__(self, a: float, b: float) -> None:
        self._a, self._b = float(a), float(b)

    def at(self, u: float) -> float:
        quantile = u if u >= _EDGE else 0.0  # SciPy gives NaN for some that are nearer to 0
        return min(max(float(_special().betaincinv(self._a, self._b, quantile)), 0.0), 1.0)

    def below(self, x: float) -> float:
        return float(_special().betainc(self._a, self._b, min(max(x, 0.0), 1.0)))


def _continuous(name: str, parameter: Mapping[str, Any]) -> Continuous:
    if name in ("normal", "log_normal"):
        return (Normal if name == "normal" else LogNormal)(parameter["mu"], parameter["sigma"])
    if name == "beta":
        return Beta(parameter["a"], parameter["b"])
    low, high = parameter["min"], parameter["max"]
    if name == "uniform":
        return Uniform(low, high)
    if name.endswith("_values"):  # inv_log_uniform_values is the same law: 1/x is log-uniform if and only if x is
        return LogUniform(math.log(low), math.log(high), low, high)
    if name == "inv_log_uniform":  # exp(-(min + (1 - u)(max - min)))
        return LogUniform(-high, -low)
    return LogUniform(low, high)


def _nth(u: float, n: int) -> int:
    """The quantile `u` of n things that are all as likely: the smallest i with (i + 1)/n >= u, as SciPy's randint."""
    numerator, denominator = u.as_integer_ratio()
    i = max(0, -(-numerator * n // denominator) - 1)
    return i - 1 if i > 0 and i / n >= u else i


def _real(value: Any) -> float:
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _not_among(value, "numbers")
    return float(value)


def _not_among(value: Any, values: object) -> UsageError:
    return UsageError(f"{show(value)} is not among {show(values)}")


@lru_cache(maxsize=1)
def _special() -> Any:
    from scipy import special

    return special
