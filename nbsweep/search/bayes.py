"""Bayesian search: a space-filling start, then where a Gaussian process expects the largest improvement.

What a suggestion depends on is the config, the seed, the run's number and the observations, in no way on when or in
which process they were told: hyperparameters are fitted to the results with the lowest numbers, as many as a schedule
says, and kept until it says more. That makes `prepare` possible: the fit that the next suggestion needs is known
before the last result is, and can be done while runs train.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbsweep.search.base import Observation, Suggestion
from nbsweep.search.coordinates import Coordinates, Points
from nbsweep.search.explained import explained
from nbsweep.search.gp import GaussianProcess, Hyperparameters, fit
from nbsweep.search.maximise import best_points
from nbsweep.search.outputs import half_ranked, standardised
from nbsweep.search.random import RandomSearch
from nbsweep.search.reduction import kept
from nbsweep.search.single import one_thread
from nbsweep.search.surrogate import Member, Surrogate
from nbsweep.space import SearchSpace
from nbsweep.sweep_config import Metric

__all__ = ["BayesSearch"]

Array = NDArray[np.float64]
Transform = Callable[[Array], Array]
TRANSFORMS: tuple[Transform, ...] = (half_ranked, standardised)  # a model each; chosen by measurement, docs/search.md


@dataclass(frozen=True)
class _Told:
    """An observation as the model takes it."""

    kind: str  # "result", "failed", "pending" or "nothing"
    x: Array | None
    value: float  # lower is better; NaN unless it is a result


@dataclass(frozen=True)
class _Known:
    """All observations at one moment, by number."""

    x: Points
    values: Array  # of results, then what runs that failed or go on count as, where `metric` says so
    failed: Points
    pending: Points
    results: int  # how many of the values are of results


class BayesSearch:
    """Searches by a model of what is known.

    Parameters
    ----------
    space : SearchSpace
    seed : int
    metric : Metric

    Examples
    --------
    >>> space = SearchSpace.from_config({"x": {"min": 0.0, "max": 1.0}})
    >>> search = BayesSearch(space, 1, Metric("loss"))
    >>> values = []
    >>> for number in range(8):
    ...     config, kind = search.ask(number), search.basis(number).kind
    ...     values.append((config["x"] - 0.3) ** 2)
    ...     search.tell(Observation(number, config, "finished", values[-1]))
    >>> kind, min(values) < 1e-3
    ('model', True)
    """

    takes_time = True

    def __init__(self, space: SearchSpace, seed: int, metric: Metric) -> None:
        self._space, self._seed, self._metric = space, seed, metric
        self._coordinates = Coordinates(space)
        self._random = RandomSearch(space, seed)
        self._told: dict[int, _Told] = {}
        self._users: dict[bytes, set[int]] = {}
        self._asked: dict[int, tuple[int, dict[str, Any]]] = {}
        self._basis: dict[int, Suggestion] = {}
        self._version = 0
        self._fits: dict[bytes, list[tuple[Transform, Hyperparameters]]] = {}
        self._renew_locks()

    def _renew_locks(self) -> None:
        self._lock = threading.RLock()
        self._fitting = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """To be pickled or copied, as other searchers can be: without its locks."""
        with self._lock:
            return {name: each for name, each in vars(self).items() if name not in ("_lock", "_fitting")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._renew_locks()

    # -- the protocol ---------------------------------------------------------------------------------------------

    def tell(self, observation: Observation) -> None:
        """Learn of a run: a result, a failure, or a point on which somebody is at work."""
        with self._lock:
            self._asked.pop(observation.number, None)
            if observation.state not in ("pending", "running"):
                self._basis.pop(observation.number, None)
            self._random.tell(observation)
            self._note(observation.number, self._read(observation))

    def ask(self, number: int) -> dict[str, Any] | None:
        """The config for run `number`; None when a finite space is exhausted."""
        with self._lock:
            asked = self._asked.get(number)
            if self._random.exhausted and asked is None:
                return None
            if asked is not None and asked[0] == self._version:
                return self._space.config(self._space.values_of(asked[1]) or [])
            if asked is not None:
                self._note(number, None)
                self._random.release(number)
            with one_thread:
                config, basis = self._suggested(number)
            if config is None:
                return None
            pending = Observation(number, config, "pending")
            self._random.tell(pending)
            self._note(number, self._read(pending))
            self._asked[number] = self._version, config
            self._basis[number] = basis
            return self._space.config(self._space.values_of(config) or [])

    def is_ready(self, number: int) -> bool:
        """Whether `ask` for this run has been answered, and nothing was told since."""
        with self._lock:
            asked = self._asked.get(number)
            return self._random.exhausted if asked is None else asked[0] == self._version

    def basis(self, number: int) -> Suggestion | None:
        """What the suggestion for run `number` rests on, from `ask` on."""
        return self._basis.get(number)

    def prepare(self) -> None:
        """Do now what the next suggestion will need, once one more result is in: the fit. From any thread."""
        with self._lock:
            known = self._known()
        size = _fit_size(len(known.values) + 1)
        if _differ(known.values[:size]) and self._coordinates.dimension:
            with one_thread:
                self._fitted(known, size)

    # -- what was told --------------------------------------------------------------------------------------------

    def _read(self, observation: Observation) -> _Told:
        x = self._coordinates.of(observation.config)
        value = math.nan if observation.value is None else float(observation.value)
        if self._metric.goal == "maximize":
            value = -value
        state, finite = observation.state, math.isfinite(value)
        if state in ("pending", "running"):
            return _Told("pending", x, value)
        if state in ("stopped", "killed", "crashed"):
            # A crash says nothing of the config; a run that was stopped showed what it showed.
            return _Told("result" if finite and state != "crashed" else "nothing", x, value)
        return _Told("result" if finite and state == "finished" else "failed", x, value)

    def _note(self, number: int, told: _Told | None) -> None:
        before = self._told.pop(number, None)
        if before is not None and before.x is not None:
            users = self._users[before.x.tobytes()]
            users.discard(number)
            if not users:
                del self._users[before.x.tobytes()]
        if told is not None:
            self._told[number] = told
            if told.x is not None:
                self._users.setdefault(told.x.tobytes(), set()).add(number)
        if not _same(before, told):
            self._version += 1

    def _known(self) -> _Known:
        told = [self._told[number] for number in sorted(self._told)]
        told = [each for each in told if each.x is not None]
        results = [(each.x, each.value) for each in told if each.kind == "result"]
        values = [value for _, value in results]
        count = len(results)
        rows: dict[str, list[Any]] = {"failed": [], "pending": []}
        for each in told:
            if each.kind in rows:
                rows[each.kind].append(each)
        for kind, rule in (("failed", self._metric.impute), ("pending", self._metric.impute_while_running)):
            if rule is not None and values:
                for each in rows[kind]:
                    own = each.value if math.isfinite(each.value) else max(values)
                    results.append((each.x, {"worst": max(values), "best": min(values), "latest": own}[rule]))
                rows[kind] = []
        d = self._coordinates.dimension
        return _Known(
            np.array([x for x, _ in results]).reshape(len(results), d),
            np.array([value for _, value in results], dtype=float),
            np.array([each.x for each in rows["failed"]]).reshape(len(rows["failed"]), d),
            np.array([each.x for each in rows["pending"]]).reshape(len(rows["pending"]), d),
            count,
        )

    # -- a suggestion ---------------------------------------------------------------------------------------------

    def _suggested(self, number: int) -> tuple[dict[str, Any] | None, Suggestion]:
        coordinates = self._coordinates
        known = self._known()
        results, failures = len(known.values), len(known.failed)
        used = results + failures + len(known.pending)
        if coordinates.dimension == 0 or used < self._initial or results + failures == 0:
            x = self._designed(number)
            if x is not None and x.tobytes() not in self._users:
                return coordinates.config(x), Suggestion("initial design")
            return self._random.ask(number), Suggestion("initial design")
        observed = known.values[: known.results]
        if number % 4 == 0 and _stands_still(observed[self._initial :], observed):
            return self._random.ask(number), Suggestion("exploration")
        if not _differ(known.values) and not coordinates.categorical.all():
            return self._spread(number, known), Suggestion("exploration")
        rng = np.random.default_rng([self._seed, number])
        surrogate, member_values = self._surrogate(known)
        around = self._around(surrogate, known, rng)

        def is_free(x: Array) -> bool:
            if x.tobytes() in self._users:
                return False
            if coordinates.size is not None or len(known.pending) == 0:
                return True
            return bool(np.abs(known.pending - x).max(axis=1).min() > _APART)

        reach = _NEAR if number % 2 else 1.0
        for x in best_points(surrogate, coordinates, around, rng, is_free, reach):
            if not surrogate.members:
                return coordinates.config(x), Suggestion("exploration")
            if number % 2 == 0 and surrogate.acquisition(x[None])[0] < _LITTLE:
                break  # a model that sees nothing more to gain may be wrong, and never learns so from where it is sure
            return coordinates.config(x), explained(surrogate, x, member_values, self._metric.goal)
        return self._random.ask(number), Suggestion("exploration")

    @property
    def _initial(self) -> int:
        """How many runs the start takes.

        With three for two parameters one of Branin's valleys goes unseen. Each value of a category takes two more than
        the first: after a single bad run with it, the model never tries it again.
        """
        d = self._coordinates.dimension
        more = sum(2 * size - 2 for size in self._coordinates.sizes if size)
        return min((3 if d < 2 else min(max(d + 1, 4), 10)) + more, _INITIAL_MOST)

    def _designed(self, number: int) -> Array | None:
        """Point `number` of a scrambled Sobol sequence; None for a number before the sweep's own."""
        d = self._coordinates.dimension
        if number < 0 or d == 0:
            return None
        from scipy.stats import qmc  # takes most of a second to import

        sequence = qmc.Sobol(d, scramble=True, rng=np.random.default_rng([self._seed, 0x50B01]))
        if number:
            sequence.fast_forward(number)
        quantiles = sequence.random(1)
        return np.asarray(self._coordinates.snapped(self._coordinates.at(quantiles))[0])

    def _spread(self, number: int, known: _Known) -> dict[str, Any] | None:
        """The next of the start's points, or a random one: the first that is free and more likely to work than not.

        For as long as all results are equal, or there is none. A model that has seen one kind of answer knows no length
        scale, and is least sure at the space's ends: it would go from corner to corner for ever.
        """
        rng = np.random.default_rng([self._seed, number])
        quantiles = rng.random((_SPREAD_TRIES, self._coordinates.dimension))
        drawn = self._coordinates.snapped(self._coordinates.at(quantiles))
        points = [x for x in (self._designed(number), *drawn) if x is not None and x.tobytes() not in self._users]
        if not points:
            return self._random.ask(number)
        if len(known.failed) and len(known.x):
            failing = self._failure(known).predict(np.array(points))[0]
            points = [x for x, fails in zip(points, failing, strict=True) if fails < 0.0] or [points[failing.argmin()]]
        return self._coordinates.config(points[0])

    def _surrogate(self, known: _Known) -> tuple[Surrogate, Array]:
        coordinates = self._coordinates
        members: list[Member] = []
        values = known.values
        if len(values) >= 2:
            size = _fit_size(len(values))
            fits = self._fitted(known, size if _differ(values[:size]) else len(values))
            keep = kept(known.x, values, coordinates.categorical, np.exp(fits[0][1].log_w), _MODEL_SIZE)
            values = values[keep]
            for transform, hyperparameters in fits:
                y = transform(values)
                gp = self._process(known.x[keep], y, hyperparameters)
                if len(known.pending):
                    gp = gp.with_points(known.pending, gp.predict(known.pending)[0])
                # With those at work, or their own promise would draw the next run to the same place.
                members.append(Member(gp, float(gp.predict(gp.x)[0].min())))
        failure = self._failure(known) if len(known.failed) else None
        return Surrogate(tuple(members), failure), values

    def _failure(self, known: _Known) -> GaussianProcess:
        """A model of failure: below 0 is feasible. Least-squares classification, fitted as any other.

        Where there are more than a model takes: the newest of both, at least half of it for either.
        """
        failed = known.failed[-max(_MODEL_SIZE // 2, _MODEL_SIZE - len(known.values)) :]
        worked = known.x[max(0, len(known.x) - (_MODEL_SIZE - len(failed))) :]
        x = np.vstack([failed, worked])
        y = np.append(np.ones(len(failed)), -np.ones(len(worked)))
        start = Hyperparameters.prior(x.shape[1])
        found = fit(x, y, self._coordinates.categorical, start, max_steps=15) if len(x) <= _FIT_SIZE else start
        return self._process(x, y, found)

    def _process(self, x: Points, y: Array, hyperparameters: Hyperparameters) -> GaussianProcess:
        return GaussianProcess(x, y, self._coordinates.categorical, self._coordinates.sizes, hyperparameters)

    def _around(self, surrogate: Surrogate, known: _Known, rng: np.random.Generator) -> Points:
        if not surrogate.members:
            return self._coordinates.at(rng.random((1, self._coordinates.dimension)))
        gp = surrogate.members[0].gp
        return np.asarray(gp.x[np.argsort(gp.predict(gp.x)[0], kind="stable")[:5]])

    def _fits_of(self, x: Points, values: Array) -> list[tuple[Transform, Hyperparameters]]:
        categorical = self._coordinates.categorical
        return [(transform, fit(x, transform(values), categorical)) for transform in TRANSFORMS]

    def _fitted(self, known: _Known, size: int) -> list[tuple[Transform, Hyperparameters]]:
        """Hyperparameters of each member, with its transform, from the first `size` results."""
        x, values = known.x[:size], known.values[:size]
        key = x.tobytes() + values.tobytes()
        with self._fitting:
            if key not in self._fits:
                d = x.shape[1]
                keep = kept(x, values, self._coordinates.categorical, np.ones(d), _FIT_SIZE)
                while len(self._fits) >= 4:
                    del self._fits[next(iter(self._fits))]
                self._fits[key] = self._fits_of(x[keep], values[keep])
            return self._fits[key]


_INITIAL_MOST = 12  # runs of a start
_SPREAD_TRIES = 16  # points that are looked at for one that is likely to work, while all results are equal
_FIT_ALL = 12  # results up to which a fit takes the newest too
_FIT_EACH = 30  # results up to which there is a fit for each
_FIT_SIZE = 200
_LITTLE = math.log(1e-3)  # improvement, in standard deviations of the results, that is as good as none
_STILL = 8  # results, beyond the start's, that show whether the search gets on
_APART = 5e-3  # how far a suggestion is from those at work, at least, in a space of real numbers
_MODEL_SIZE = 400
_NEAR = 0.2  # of its range: how far a real parameter of every other suggestion is from the best known, at most


def _differ(values: Array) -> bool:
    """Whether there are two results that one can learn from."""
    return len(values) > 1 and bool(values.min() < values.max())


def _stands_still(later: Array, values: Array) -> bool:
    """Whether the last of these results made the best no better than by a thousandth of the standard deviation.

    A model can be sure and wrong, promise itself the last digits of a plateau for ever, and never look elsewhere.

    >>> values = np.array([3.0, 1.0, 0.5, *np.full(8, 0.5 - 1e-6)])
    >>> _stands_still(values[3:], values), _stands_still(values[4:], values)
    (True, False)
    """
    if len(later) < _STILL:
        return False
    y = standardised(values)
    return float(y[:-_STILL].min() - y.min()) < math.exp(_LITTLE)


def _fit_size(results: int) -> int:
    """How many of the results hyperparameters are fitted to.

    All of the first few; then all but the newest, so that the fit can be made while that one trains; above 30 a fit
    is kept until the results are a tenth more.
    """
    if results <= _FIT_ALL:
        return results
    size = _FIT_EACH
    if results <= size:
        return results - 1
    while size + size // 10 < results:
        size += size // 10
    return size


def _same(one: _Told | None, other: _Told | None) -> bool:
    if one is None or other is None:
        return one is other
    if one.kind != other.kind or (one.x is None) != (other.x is None):
        return False
    if one.x is not None and other.x is not None and not np.array_equal(one.x, other.x):
        return False
    return one.value == other.value or (math.isnan(one.value) and math.isnan(other.value)) or one.kind == "pending"
