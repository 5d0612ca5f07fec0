"""Hypothesis strategies: sweep configs that are valid, and junk that is not."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    str.strip
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(width=64)
    | st.text(st.characters(codec="utf-8"), max_size=8)
)

json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=6,
)


def numbers(low: float = -1e6, high: float = 1e6) -> st.SearchStrategy[float]:
    """Ints and floats between the bounds."""
    return st.integers(math.ceil(low), math.floor(high)) | st.floats(low, high)


@st.composite
def _bounded(
    draw: st.DrawFn, distribution: str, low: float = -1e6, high: float = 1e6, q: bool = False
) -> dict[str, Any]:
    first, second = draw(numbers(low, high)), draw(numbers(low, high))
    if first == second:
        second = first + 1
    parameter: dict[str, Any] = {"distribution": distribution, "min": min(first, second), "max": max(first, second)}
    if q:  # a step that surely has a multiple inside the bounds
        span = float(parameter["max"]) - float(parameter["min"])
        steps = [step for step in (0.05, 0.5, 1, 8, 2.5) if step <= span]
        parameter["q"] = draw(st.sampled_from(steps)) if steps else span / 4
        if parameter["q"] == 0 or abs(parameter["max"]) / parameter["q"] > 1e12:
            parameter |= {"min": 1, "max": 9, "q": 2}
    return parameter


@st.composite
def _int_uniform(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.integers(-(10**9), 10**9))
    named = {"distribution": "int_uniform"} if draw(st.booleans()) else {}
    return {"min": low, "max": low + draw(st.integers(1, 10**12)), **named}


@st.composite
def _weighted(draw: st.DrawFn) -> dict[str, Any]:
    weights = draw(st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(any))
    values = draw(st.lists(json_values, min_size=len(weights), max_size=len(weights)))
    return {"values": values, "probabilities": [weight / sum(weights) for weight in weights]}


def _shaped(distribution: str, **keys: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"distribution": st.just(distribution)}, optional=keys)


_q = st.sampled_from([1, 2, 8, 1.0, 0.25])
_normal = {"mu": numbers(-20, 20), "sigma": numbers(0, 5)}
_beta = {"a": st.floats(0.1, 20), "b": st.floats(0.1, 20)}

finite_parameters = st.one_of(
    st.fixed_dictionaries({"value": json_values}),
    st.fixed_dictionaries({"values": st.lists(json_values, min_size=1, max_size=4)}),
    _weighted(),
    _int_uniform(),
    _bounded("q_uniform", q=True),
    _bounded("q_log_uniform_values", low=1e-3, q=True),
    _shaped("q_beta", q=_q, **_beta),
)

parameters = finite_parameters | st.one_of(
    _bounded("uniform"),
    _bounded("log_uniform", -50, 50),
    _bounded("log_uniform_values", low=1e-9),
    _bounded("q_log_uniform", 1, 20).map(lambda p: {**p, "max": p["max"] + 1, "q": 1}),
    _bounded("inv_log_uniform", -50, 50),
    _bounded("inv_log_uniform_values", low=1e-9),
    _shaped("normal", **_normal),
    _shaped("q_normal", q=_q, **_normal),
    _shaped("log_normal", **_normal),
    _shaped("q_log_normal", q=_q, **_normal),
    _shaped("beta", **_beta),
)


def spaces(leaves: st.SearchStrategy[dict[str, Any]] = parameters, size: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """``parameters`` sections, also nested."""
    leaf_spaces = st.dictionaries(names, leaves, min_size=1, max_size=size)
    return st.recursive(
        leaf_spaces,
        lambda inner: st.dictionaries(
            names, leaves | inner.map(lambda nest: {"parameters": nest}), min_size=1, max_size=size
        ),
        max_leaves=4,
    )


metrics = st.fixed_dictionaries(
    {"name": names},
    optional={
        "goal": st.sampled_from(["minimize", "maximize"]),
        "target": numbers(),
        "impute": st.sampled_from(["worst", "best", "latest"]),
        "impute_while_running": st.sampled_from(["worst", "best", "latest", "false", False]),
    },
)

rules = st.fixed_dictionaries(
    {"type": st.just("hyperband"), "min_iter": st.integers(1, 100)},
    optional={"eta": st.floats(1.5, 9), "strict": st.booleans()},
) | st.fixed_dictionaries({"type": st.just("hyperband"), "max_iter": st.integers(3, 500), "s": st.integers(1, 5)})

configs = st.fixed_dictionaries(
    {"method": st.sampled_from(["random", "bayes"]), "metric": metrics, "parameters": spaces()},
    optional={
        "early_terminate": rules,
        "run_cap": st.integers(1, 1000),
        "name": names,
        "description": names,
        "project": names,
        "program": st.just("train.py"),
        "command": st.lists(st.sampled_from(["${env}", "python", "${program}", "${args}"]), min_size=1),
        "seed": st.integers(0, 2**40),
        "entity": names,
    },
)

# fmt: off
_words = st.sampled_from([
    "method", "parameters", "metric", "early_terminate", "run_cap", "name", "command", "seed", "grid_order",
    "value", "values", "probabilities", "min", "max", "q", "mu", "sigma", "a", "b", "distribution", "uniform",
    "q_uniform", "categorical", "normal", "beta", "int_uniform", "log_uniform", "grid", "random", "bayes", "goal",
    "type", "hyperband", "min_iter", "max_iter", "s", "eta", "strict", "1e-5", "lr",
])
# fmt: on

_anything = st.one_of(
    scalars,
    _words,
    st.text(max_size=4),
    st.complex_numbers(),
    st.dates(),
    st.binary(max_size=4),
    st.builds(object),
    st.sampled_from([float("inf"), float("nan"), 10**400, -1, 0, 0.0, 1e308, 5e-324, ...]),
)

junk = st.recursive(
    _anything,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(_words | st.text(max_size=3) | st.integers() | st.none(), inner, max_size=5)
        | st.fixed_dictionaries({"method": _words | inner, "parameters": inner, "metric": inner})
    ),
    max_leaves=12,
)
"""Anything at all, with a taste for what configs are made of."""
