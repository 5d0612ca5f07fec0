"""Early termination: Hyperband's rule as W&B applies it, a pure function of histories.

This is asynchronous successive halving in one bracket (L. Li et al., "A System for Massively Parallel Hyperparameter
Tuning", 2020), with bands at which runs are judged: a running run is compared, at the latest band that it reached, with
all runs that ever reached this band; the best 1/eta go on. An iteration is the n-th finite value that was logged.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from nbsweep.errors import ConfigError
from nbsweep.sweep_config import EarlyTerminate, load

__all__ = ["Hyperband", "Verdict"]

Run = TypeVar("Run")

_MOST_BANDS = 100


@dataclass(frozen=True)
class Verdict:
    """What Hyperband says of one run.

    Attributes
    ----------
    stop : bool
        Whether the run is to be stopped.
    iterations : int
        How many finite values it has logged.
    band : int or None
        The latest band that it reached; None before the first.
    value : float or None
        What was judged: the value at the band, or the best so far when not strict.
    threshold : float or None
        The value that it must not be worse than.
    """

    stop: bool
    iterations: int
    band: int | None = None
    value: float | None = None
    threshold: float | None = None


class Hyperband:
    """Judges runs by their metric's history.

    Parameters
    ----------
    early_terminate : EarlyTerminate or mapping
        As in a sweep config: ``{"type": "hyperband", "min_iter": 3}`` or ``{..., "max_iter": 27, "s": 2}``.
    goal : "minimize" or "maximize"

    Attributes
    ----------
    bands : list of int
        The iterations at which runs are judged, in ascending order.

    Raises
    ------
    ConfigError
        When the rule is not valid.

    Examples
    --------
    >>> rule = Hyperband({"type": "hyperband", "max_iter": 5, "s": 2, "eta": 2}, "minimize")
    >>> rule.bands
    [1, 2]
    >>> histories = {"a": [10, 9], "b": [10, 10], "c": [10, 8, 8], "d": [10, 7], "e": [10, 6]}
    >>> rule.to_stop(histories, running={"b", "c", "d"})
    {'b'}
    """

    def __init__(
        self, early_terminate: EarlyTerminate | Mapping[str, Any], goal: Literal["minimize", "maximize"] = "minimize"
    ) -> None:
        rule = early_terminate if isinstance(early_terminate, EarlyTerminate) else _read(early_terminate)
        if goal not in ("minimize", "maximize"):
            raise ConfigError(f"metric.goal is {goal!r}; it can be minimize or maximize", "metric.goal")
        self._eta, self._strict = rule.eta, rule.strict
        self._sign = 1.0 if goal == "minimize" else -1.0
        self.bands = _bands(rule)

    def to_stop(self, histories: Mapping[Run, Iterable[Any]], running: Collection[Run]) -> set[Run]:
        """The runs to stop.

        Parameters
        ----------
        histories : mapping
            Each run's metric values in the order in which they were logged; runs of every state count.
            What is not a finite number is left out.
        running : collection
            The runs that can be stopped.

        Returns
        -------
        set
        """
        return {run for run, verdict in self.verdicts(histories, running).items() if verdict.stop}

    def verdicts(self, histories: Mapping[Run, Iterable[Any]], running: Collection[Run]) -> dict[Run, Verdict]:
        """The verdict on each of the running runs: see `to_stop` for the parameters."""
        return self.judged({run: self.losses(history) for run, history in histories.items()}, running)

    def judged(self, losses: Mapping[Run, list[float]], running: Collection[Run]) -> dict[Run, Verdict]:
        """`verdicts`, of histories that `losses` has read already."""
        return {run: self._judge(losses[run], losses.values()) for run in losses if run in running}

    def verdict(self, run: Run, histories: Mapping[Run, Iterable[Any]]) -> Verdict:
        """The verdict on one run, taken as running."""
        return self.verdicts({run: (), **histories}, {run})[run]

    def threshold(self, band: int, histories: Iterable[Iterable[Any]]) -> float | None:
        """The value that a run must not be worse than at `band`; None while no run has reached it."""
        loss = self._threshold(band, [self.losses(history) for history in histories])
        return None if loss is None else self._sign * loss

    def losses(self, history: Iterable[Any]) -> list[float]:
        """The finite values, negated where more is better."""
        return [self._sign * float(value) for value in history if _is_finite(value)]

    def _judge(self, losses: list[float], everyone: Iterable[list[float]]) -> Verdict:
        band = max((band for band in self.bands if band <= len(losses)), default=None)
        if band is None:
            return Verdict(stop=False, iterations=len(losses))
        judged = losses[band - 1] if self._strict else min(losses)
        threshold = self._threshold(band, everyone)
        return Verdict(
            stop=threshold is not None and judged > threshold,
            iterations=len(losses),
            band=band,
            value=self._sign * judged,
            threshold=None if threshold is None else self._sign * threshold,
        )

    def _threshold(self, band: int, everyone: Iterable[list[float]]) -> float | None:
        there = sorted(losses[band - 1] for losses in everyone if len(losses) >= band)
        return there[min(int(len(there) / self._eta), len(there) - 1)] if there else None


def _bands(rule: EarlyTerminate) -> list[int]:
    bands: set[int] = set()
    if rule.max_iter is not None and rule.s is not None:
        band: float = rule.max_iter
        for _ in range(rule.s):
            band /= rule.eta
            if band < 1:
                break
            bands.add(int(band))
    else:
        band = rule.min_iter or 1
        while math.isfinite(band) and len(bands) < _MOST_BANDS:
            bands.add(int(band))
            band *= rule.eta
    return sorted(bands)


def _read(early_terminate: Mapping[str, Any]) -> EarlyTerminate:
    """Through the config's own reader, so that the same problems have the same messages."""
    config = load(
        {
            "method": "random",
            "metric": {"name": "metric"},
            "parameters": {"x": {"value": 0}},
            "early_terminate": early_terminate,
        }
    )
    if config.early_terminate is None:
        raise ConfigError("early_terminate is missing; write {type: hyperband, min_iter: 3}", "early_terminate")
    return config.early_terminate


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return math.isfinite(value) and not isinstance(value, (str, bytes))
    except (TypeError, ValueError, OverflowError):
        return False
