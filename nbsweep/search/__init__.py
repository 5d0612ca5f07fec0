"""Searching: which config the next run gets.

`make_searcher` makes the searcher of a sweep config; `Optimizer` is ask and tell for a loop of one's own. Nothing here
does I/O, knows a store or reads a clock.
"""

from __future__ import annotations

import os
import secrets
import warnings
from collections.abc import Mapping
from typing import Any

from nbsweep import sweep_config
from nbsweep.errors import UsageError
from nbsweep.search.base import Observation, Searcher
from nbsweep.search.grid import GridSearch
from nbsweep.search.random import RandomSearch
from nbsweep.space import SearchSpace
from nbsweep.support import plain
from nbsweep.sweep_config import SweepConfig

__all__ = ["Observation", "Optimizer", "Searcher", "make_searcher"]


def make_searcher(config: SweepConfig, seed: int) -> Searcher:
    """The searcher of a sweep.

    Parameters
    ----------
    config : SweepConfig
        From `nbsweep.sweep_config.load`.
    seed : int
        0 or more; with the same seed and the same observations the suggestions are the same.

    Raises
    ------
    UsageError
        When the seed is none.

    Examples
    --------
    >>> config = sweep_config.load({"method": "grid", "parameters": {"a": {"values": [1, 2]}}})
    >>> make_searcher(config, seed=0).ask(0)
    {'a': 1}
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"the seed is {seed!r}; it must be a whole number, 0 or more")
    space = SearchSpace.from_config(config.parameters)
    if config.method == "grid":
        return GridSearch(space, seed if config.grid_order == "random" else None)
    if config.method == "random":
        return RandomSearch(space, seed)
    from nbsweep.search.bayes import BayesSearch  # brings SciPy, which the others do without

    assert config.metric is not None
    return BayesSearch(space, seed, config.metric)


class Optimizer:
    """Ask and tell, without a store: for a loop of one's own. Pickled, it goes on another day.

    Parameters
    ----------
    config : mapping, path or SweepConfig
        As `nbsweep.sweep` takes it.
    seed : int, optional
        Overrides the config's seed; without either, the search is different every time.
    prior_runs : list or DataFrame, optional
        Earlier runs, as pairs or a table that `nbsweep.sweep` takes; those that fit the space count as observations.
        Here is no store to look a sweep up in: give ``sweep.to_pandas()``.

    Examples
    --------
    >>> optimizer = Optimizer({"method": "grid", "parameters": {"x": {"values": [0, 1, 2]}}})
    >>> for _ in range(3):
    ...     config = optimizer.ask()
    ...     optimizer.tell(config, value=(config["x"] - 1) ** 2)
    >>> optimizer.ask()
    Traceback (most recent call last):
    nbsweep.errors.UsageError: every point of the space was suggested (3 of them); stop asking, or widen the space
    """

    _said_outside = False

    def __init__(
        self,
        config: Mapping[str, Any] | str | os.PathLike[str] | SweepConfig,
        seed: int | None = None,
        prior_runs: Any = None,
    ) -> None:
        self.config = sweep_config.load(config)
        chosen = plain(seed) if seed is not None else self.config.seed
        self.seed = secrets.randbelow(2**31) if chosen is None else chosen
        self._searcher = make_searcher(self.config, self.seed)
        self._space = SearchSpace.from_config(self.config.parameters)
        self._next = 0
        self._pending: dict[str, list[int]] = {}
        if prior_runs is not None:
            self._tell_priors(prior_runs)

    def ask(self) -> dict[str, Any]:
        """The next config to try.

        Raises
        ------
        UsageError
            When every point of a finite space was suggested.
        """
        config = self._searcher.ask(self._next)
        if config is None:
            raise UsageError(
                f"every point of the space was suggested ({self._next} of them); stop asking, or widen the space"
            )
        self._pending.setdefault(self._space.key(config), []).append(self._next)
        self._next += 1
        return config

    def tell(self, config: Mapping[str, Any], value: float | None) -> None:
        """Say how a config did.

        Parameters
        ----------
        config : mapping
            One that `ask` gave, whatever keys it gained since, or any other of the space. One that lies outside the
            space tells nothing: it is left out, which the first such call warns of.
        value : float or None
            The metric; None, NaN or an infinity when the attempt failed.

        Raises
        ------
        UsageError
            When the value is no number; when a config that `ask` did not give lacks a parameter or has another key.
        """
        from nbsweep.search.priors import fitting, metric_number

        number = metric_number(value, "tell(config, value)")
        key = self._space.key(config) if isinstance(config, Mapping) else ""
        if key not in self._pending:
            config, outside = fitting(self._space, config, "tell(config, value)")
            if outside is not None:
                self._say_outside(outside)
                return
            key = self._space.key(config)
        pending = self._pending.get(key)
        if pending:
            place = pending.pop(0)
        else:
            place, self._next = self._next, self._next + 1
        state = "failed" if number is None else "finished"
        self._searcher.tell(Observation(place, dict(config), state, number))

    def _say_outside(self, reason: str) -> None:
        if not self._said_outside:
            self._said_outside = True
            warnings.warn(
                f"tell(config, value): {reason}; configs outside the space are left out (said once)", stacklevel=3
            )

    def _tell_priors(self, given: Any) -> None:
        from nbsweep.search.priors import COUNTED, FORMS_WITHOUT_A_STORE, read_priors

        metric = self.config.metric.name if self.config.metric else None
        read = read_priors(given, self._space, metric, forms=FORMS_WITHOUT_A_STORE)
        runs = [run for run in read if run.state in COUNTED]
        for place, run in enumerate(runs):
            if run.state != "failed" or self.config.method == "bayes":
                self._searcher.tell(Observation(-1 - place, run.config, run.state, run.value))
