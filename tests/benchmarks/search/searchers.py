"""nbsweep's search and its peers behind one face: ask for a config, tell its value; lower is better.

A peer's library is imported when its searcher is made. Each gets the space in its own words.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from nbsweep.search import Optimizer
from nbsweep.space import Parameter, SearchSpace

__all__ = ["SEARCHERS", "Asking"]

Config = dict[str, Any]


class Asking(Protocol):
    """A search, from the outside."""

    def ask(self) -> tuple[Any, Config]:
        """A token to tell with, and the config."""

    def tell(self, token: Any, config: Config, value: float) -> None:
        """The value of a config that was asked for."""


class Nbsweep:
    """nbsweep's own."""

    def __init__(self, parameters: Mapping[str, Any], seed: int, budget: int, method: str = "bayes") -> None:
        config = {"method": method, "metric": {"name": "value"}, "parameters": dict(parameters)}
        self._optimizer = Optimizer(config, seed=seed)

    def ask(self) -> tuple[Any, Config]:
        config = self._optimizer.ask()
        return None, config

    def tell(self, token: Any, config: Config, value: float) -> None:
        self._optimizer.tell(config, value)


def random(parameters: Mapping[str, Any], seed: int, budget: int) -> Asking:
    """Random search."""
    return Nbsweep(parameters, seed, budget, method="random")


class Optuna:
    """Optuna, with one of its samplers."""

    def __init__(self, parameters: Mapping[str, Any], seed: int, make: Callable[[Any, int], Any]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._study = optuna.create_study(sampler=make(optuna.samplers, seed))
        self._space = SearchSpace.from_config(parameters)
        self._distributions = {p.name: _optuna(p, optuna.distributions) for p in self._space.parameters}

    def ask(self) -> tuple[Any, Config]:
        trial = self._study.ask(self._distributions)
        config = dict(trial.params)
        for p in self._space.parameters:
            if isinstance(p.definition.get("q"), float):
                config[p.name] = p.ppf(p.encode(config[p.name]))  # 0.15000000000000002 is 0.15
        return trial, config

    def tell(self, token: Any, config: Config, value: float) -> None:
        self._study.tell(token, value)


def _optuna(parameter: Parameter, distributions: Any) -> Any:
    kind, of = parameter.distribution, parameter.definition
    if kind == "categorical":
        return distributions.CategoricalDistribution(of["values"])
    log = "log" in kind
    if kind == "int_uniform" or isinstance(of.get("q"), int):
        if log:  # a step goes with no logarithm there; the value is rounded to it when it is evaluated
            return distributions.IntDistribution(of["min"], of["max"], log=True)
        step = of.get("q", 1)
        return distributions.IntDistribution(int(-(-of["min"] // step) * step), int(of["max"]), step=step)
    if "q" in of:
        return distributions.FloatDistribution(of["min"], of["max"], step=of["q"])
    return distributions.FloatDistribution(of["min"], of["max"], log=log)


def tpe(parameters: Mapping[str, Any], seed: int, budget: int) -> Asking:
    """Optuna's default: since 5.0 multivariate with constant_liar. Group changes conditional spaces only."""
    return Optuna(parameters, seed, lambda samplers, seed: samplers.TPESampler(seed=seed))


def tpe_univariate(parameters: Mapping[str, Any], seed: int, budget: int) -> Asking:
    """Optuna's TPE as it was by default before 5.0, each parameter by itself."""
    return Optuna(
        parameters,
        seed,
        lambda samplers, seed: samplers.TPESampler(seed=seed, multivariate=False, constant_liar=True),
    )


def optuna_gp(parameters: Mapping[str, Any], seed: int, budget: int) -> Asking:
    """Optuna's Gaussian process."""
    return Optuna(parameters, seed, lambda samplers, seed: samplers.GPSampler(seed=seed, deterministic_objective=False))


class Wandb:
    """W&B's engine, `sweeps`."""

    def __init__(self, parameters: Mapping[str, Any], seed: int, budget: int) -> None:
        import sweeps

        np.random.seed(seed)
        self._sweeps = sweeps
        self._whole = [name for name, of in parameters.items() if isinstance(of.get("q"), int)]
        self._config = {
            "method": "bayes",
            "metric": {"name": "value", "goal": "minimize"},
            "parameters": dict(parameters),
        }
        self._runs: list[Any] = []

    def ask(self) -> tuple[Any, Config]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = self._sweeps.next_run(self._config, self._runs)
        run.state = self._sweeps.RunState.running
        self._runs.append(run)
        config = {name: entry["value"] for name, entry in run.config.items()}
        return run, config | {name: int(config[name]) for name in self._whole}  # a multiple of 8 comes as 64.0

    def tell(self, token: Any, config: Config, value: float) -> None:
        token.state = self._sweeps.RunState.finished
        token.history = [{"value": value}]
        token.summary_metrics = {"value": value}


# The mixed model's fit takes 400 to 900 steps, up to 15 s, when nothing stops it. With 150 at most, begun where the
# last fit ended (Ax's default), its log likelihood a result is mostly higher than that of 150 from the start, and
# within 0.04 of the end's.
_MIXED_FIT_STEPS = 150


class BoTorch:
    """BoTorch's qLogNoisyExpectedImprovement in the unit cube: SingleTaskGP, with categories MixedSingleTaskGP.

    A categorical value is its place in the list, for the mixed model's Hamming kernel; its acquisition is maximised
    by `optimize_acqf_mixed_alternating`, the plain one's by `optimize_acqf`.
    """

    def __init__(self, parameters: Mapping[str, Any], seed: int, budget: int) -> None:
        import torch

        torch.manual_seed(seed)
        self._torch = torch
        self._space = SearchSpace.from_config(parameters)
        self._free = [p for p in self._space.parameters if not p.is_constant]
        sizes = [p.size or 1 if p.distribution == "categorical" else 0 for p in self._free]
        self._categories = {i: list(range(size)) for i, size in enumerate(sizes) if size}
        self._design = torch.quasirandom.SobolEngine(len(self._free), scramble=True, seed=seed)
        self._initial = min(max(2 * len(self._free), 5), 12)
        self._bounds = torch.tensor([[0.0] * len(sizes), [max(size - 1.0, 1.0) for size in sizes]]).double()
        self._x: list[Any] = []
        self._y: list[float] = []
        self._pending: dict[int, Any] = {}
        self._asked = 0
        self._fitted: dict[str, Any] = {}

    def _features(self, config: Config) -> Any:
        row = [self._number(p, config[p.name]) for p in self._free]
        return self._torch.tensor(row, dtype=self._torch.float64)

    @staticmethod
    def _number(parameter: Parameter, value: Any) -> float:
        if parameter.distribution == "categorical":
            return float(list(parameter.values()).index(value))
        return parameter.encode(value)

    def _decoded(self, features: Any) -> Config:
        config = {p.name: p.ppf(0.5) for p in self._space.parameters}
        for p, number in zip(self._free, features.tolist(), strict=True):
            if p.distribution == "categorical":
                config[p.name] = list(p.values())[round(number)]
            else:
                config[p.name] = p.ppf(min(max(number, 0.0), 1.0))
        return config

    def ask(self) -> tuple[Any, Config]:
        self._torch.set_default_dtype(self._torch.float64)
        try:
            return self._asked_in_doubles()
        finally:
            self._torch.set_default_dtype(self._torch.float32)  # the networks that are trained have floats

    def _asked_in_doubles(self) -> tuple[Any, Config]:
        if self._asked < self._initial or len(self._y) < 2:
            config = self._space.decode(self._design.draw(1)[0].double().numpy())
        else:
            config = self._decoded(self._suggested())
        self._asked += 1
        self._pending[self._asked] = self._features(config)
        return self._asked, config

    def _suggested(self) -> Any:
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import MixedSingleTaskGP, SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf, optimize_acqf_mixed_alternating
        from gpytorch.mlls import ExactMarginalLogLikelihood

        torch = self._torch
        x, y = torch.stack(self._x), -torch.tensor(self._y)[:, None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = (
                MixedSingleTaskGP(x, y, list(self._categories), outcome_transform=Standardize(1))
                if self._categories
                else SingleTaskGP(x, y, outcome_transform=Standardize(1))
            )
            if self._categories:
                model.load_state_dict(model.state_dict() | self._fitted)
            fit_gpytorch_mll(
                ExactMarginalLogLikelihood(model.likelihood, model),
                optimizer_kwargs={"options": {"maxiter": _MIXED_FIT_STEPS}} if self._categories else None,
            )
            hyperparameters = {name for name, _ in model.named_parameters()}
            self._fitted = {name: value for name, value in model.state_dict().items() if name in hyperparameters}
            pending = torch.stack(list(self._pending.values())) if self._pending else None
            acquisition = qLogNoisyExpectedImprovement(model, x, X_pending=pending, prune_baseline=True)
            if self._categories:
                found, _ = optimize_acqf_mixed_alternating(
                    acquisition, self._bounds, cat_dims=self._categories, q=1, num_restarts=4, raw_samples=256
                )
            else:
                found, _ = optimize_acqf(acquisition, self._bounds, q=1, num_restarts=4, raw_samples=256)
        return found[0]

    def tell(self, token: Any, config: Config, value: float) -> None:
        self._x.append(self._pending.pop(token))
        self._y.append(value)


class Hebo:
    """HEBO, where it installs."""

    def __init__(self, parameters: Mapping[str, Any], seed: int, budget: int) -> None:
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO

        np.random.seed(seed)
        self._space = SearchSpace.from_config(parameters)
        self._hebo = HEBO(DesignSpace().parse([_hebo(p) for p in self._space.parameters]), scramble_seed=seed)

    def ask(self) -> tuple[Any, Config]:
        rows = self._hebo.suggest(1)
        config = {}
        for p in self._space.parameters:
            value = rows.iloc[0][p.name]
            config[p.name] = (
                list(p.values())[int(value)]
                if p.distribution == "categorical"
                else p.ppf(p.encode(value.item() if hasattr(value, "item") else value))
            )
        return rows, config

    def tell(self, token: Any, config: Config, value: float) -> None:
        self._hebo.observe(token, np.array([[value]]))


def _hebo(parameter: Parameter) -> dict[str, Any]:
    kind, of = parameter.distribution, parameter.definition
    if kind == "categorical":
        return {"name": parameter.name, "type": "cat", "categories": list(range(parameter.size or 1))}
    words = {"name": parameter.name, "lb": of["min"], "ub": of["max"]}
    whole = kind == "int_uniform" or isinstance(of.get("q"), int)
    if "log" in kind:
        return words | {"type": "pow_int" if whole else "pow", "base": 10}
    return words | {"type": "int" if whole else "num"}


class Smac:
    """SMAC3's facade for hyperparameters (a random forest), where it installs."""

    def __init__(self, parameters: Mapping[str, Any], seed: int, budget: int) -> None:
        import tempfile

        from ConfigSpace import ConfigurationSpace
        from smac import HyperparameterOptimizationFacade, Scenario

        self._space = SearchSpace.from_config(parameters)
        space = ConfigurationSpace(seed=seed)
        space.add([_smac(p) for p in self._space.parameters])
        scenario = Scenario(
            space,
            n_trials=budget,
            seed=seed,
            deterministic=True,
            output_directory=tempfile.mkdtemp(),
        )
        self._smac = HyperparameterOptimizationFacade(
            scenario, lambda config, seed: 0.0, overwrite=True, logging_level=40
        )

    def ask(self) -> tuple[Any, Config]:
        info = self._smac.ask()
        given = dict(info.config)
        config = {}
        for p in self._space.parameters:
            value = given[p.name]
            config[p.name] = list(p.values())[value] if p.distribution == "categorical" else p.ppf(p.encode(value))
        return info, config

    def tell(self, token: Any, config: Config, value: float) -> None:
        from smac.runhistory.dataclasses import TrialValue

        self._smac.tell(token, TrialValue(cost=value))


def _smac(parameter: Parameter) -> Any:
    from ConfigSpace import CategoricalHyperparameter, UniformFloatHyperparameter, UniformIntegerHyperparameter

    kind, of = parameter.distribution, parameter.definition
    if kind == "categorical":
        return CategoricalHyperparameter(parameter.name, list(range(parameter.size or 1)))
    whole = kind == "int_uniform" or isinstance(of.get("q"), int)
    make = UniformIntegerHyperparameter if whole else UniformFloatHyperparameter
    return make(parameter.name, of["min"], of["max"], log="log" in kind)


SEARCHERS: dict[str, Callable[[Mapping[str, Any], int, int], Asking]] = {
    "nbsweep": Nbsweep,
    "random": random,
    "optuna-tpe": tpe,
    "optuna-tpe-univariate": tpe_univariate,
    "optuna-gp": optuna_gp,
    "wandb": Wandb,
    "botorch": BoTorch,
    "hebo": Hebo,
    "smac": Smac,
}
