"""What a sweep config may hold: the one table that the validator, its messages and the JSON Schema are made from.

Data only: which keys there are, of what kind, with which default and limits. What needs more than one key to judge
(min below max, probabilities that sum to 1) stands in `nbsweep.config_parameters` and `nbsweep.sweep_config`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "DISTRIBUTIONS",
    "EARLY_TERMINATE",
    "EXPONENT",
    "GRID_DISTRIBUTIONS",
    "IGNORED",
    "INSTEAD",
    "METRIC",
    "PARAMETER_KEYS",
    "TOP_LEVEL",
    "Distribution",
    "Key",
    "json_schema",
]


@dataclass(frozen=True)
class Key:
    """One key: what kind of value it takes, its default (`required` without one) and its limits.

    `kind` is ``number``, ``whole``, ``text``, ``truth``, ``choice`` (of `choices`), ``list``, ``numbers``, ``words``
    or ``any``.
    """

    kind: str
    about: str
    default: float | str | bool | None = None
    required: bool = False
    choices: tuple[str, ...] = ()
    above: float | None = None
    at_least: float | None = None


@dataclass(frozen=True)
class Distribution:
    """One distribution: what it is and the keys that it takes beside ``distribution``."""

    about: str
    keys: dict[str, Key]
    inferred: bool = False  # known from its keys alone, so that ``distribution`` may be left out


def _bounds(kind: str = "number", about: str = "", above: float | None = None) -> dict[str, Key]:
    return {
        "min": Key(kind, f"lower bound{about}", required=True, above=above),
        "max": Key(kind, f"upper bound{about}", required=True),
    }


_Q = {"q": Key("number", "step: values are multiples of it; a whole q gives whole numbers", default=1.0, above=0)}
_NORMAL = {
    "mu": Key("number", "mean (of the logarithm, for log_normal)", default=0.0),
    "sigma": Key("number", "standard deviation (of the logarithm, for log_normal)", default=1.0, at_least=0),
}
_BETA = {
    "a": Key("number", "first shape of the beta distribution", default=1, above=0),
    "b": Key("number", "second shape of the beta distribution", default=1, above=0),
}
_EXPONENTS = ", as an exponent of e"
_VALUES = Key("list", "the values to choose from", required=True)

DISTRIBUTIONS: dict[str, Distribution] = {
    "constant": Distribution("always the same value", {"value": Key("any", "the value", required=True)}, inferred=True),
    "categorical": Distribution("one of the values, all as likely", {"values": _VALUES}, inferred=True),
    "categorical_w_probabilities": Distribution(
        "one of the values, as likely as its probability says",
        {"values": _VALUES, "probabilities": Key("numbers", "one probability a value; they sum to 1", required=True)},
        inferred=True,
    ),
    "int_uniform": Distribution("whole numbers from min to max, both included", _bounds("whole"), inferred=True),
    "uniform": Distribution("real numbers from min to max", _bounds(), inferred=True),
    "q_uniform": Distribution("multiples of q from min to max", _bounds() | _Q),
    "log_uniform": Distribution("exp(x), x uniform from min to max", _bounds(about=_EXPONENTS)),
    "log_uniform_values": Distribution("from min to max, uniform in the logarithm", _bounds(above=0)),
    "q_log_uniform": Distribution("multiples of q near exp(x), x uniform", _bounds(about=_EXPONENTS) | _Q),
    "q_log_uniform_values": Distribution(
        "multiples of q from min to max, uniform in the logarithm", _bounds(above=0) | _Q
    ),
    "inv_log_uniform": Distribution("exp(-x), x uniform from min to max", _bounds(about=_EXPONENTS)),
    "inv_log_uniform_values": Distribution("from min to max, 1/value uniform in the logarithm", _bounds(above=0)),
    "normal": Distribution("normally distributed", _NORMAL),
    "q_normal": Distribution("multiples of q, normally distributed", _NORMAL | _Q),
    "log_normal": Distribution("exp(x), x normally distributed", _NORMAL),
    "q_log_normal": Distribution("multiples of q near exp(x), x normally distributed", _NORMAL | _Q),
    "beta": Distribution("between 0 and 1, beta distributed", _BETA),
    "q_beta": Distribution("multiples of q between 0 and 1, beta distributed", _BETA | _Q),
}

EXPONENT = r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+"
"""What people write for a number and YAML 1.1 reads as text, because the dot or the exponent's sign is missing."""

GRID_DISTRIBUTIONS = ("constant", "categorical", "int_uniform", "q_uniform")

PARAMETER_KEYS: tuple[str, ...] = (
    "distribution",
    "parameters",
    *dict.fromkeys(key for distribution in DISTRIBUTIONS.values() for key in distribution.keys),
)

METRIC: dict[str, Key] = {
    "name": Key("text", "the name that training logs", required=True),
    "goal": Key("choice", "which way is better", default="minimize", choices=("minimize", "maximize")),
    "target": Key("number", "the sweep ends when a run reaches it"),
    "impute": Key(
        "choice",
        "what bayes takes for a run that failed; by default a model of where runs fail",
        choices=("worst", "best", "latest"),
    ),
    "impute_while_running": Key(
        "choice", "what bayes takes for a run that is running", choices=("worst", "best", "latest", "false")
    ),
}

EARLY_TERMINATE: dict[str, Key] = {
    "type": Key("choice", "the rule", required=True, choices=("hyperband",)),
    "min_iter": Key("whole", "the first iteration at which runs are judged", at_least=1),
    "max_iter": Key("whole", "the iteration that the bands are divided from", at_least=1),
    "s": Key("whole", "how many bands max_iter is divided into", at_least=1),
    "eta": Key("number", "the best 1/eta of the runs go on at each band", default=3, above=1),
    "strict": Key("truth", "judge the value at the band, not the best so far", default=True),
}

TOP_LEVEL: dict[str, Key] = {
    "method": Key("choice", "how configs are chosen", required=True, choices=("grid", "random", "bayes")),
    "parameters": Key("any", "the parameters to sweep, by name", required=True),
    "metric": Key("any", "the metric to optimise"),
    "early_terminate": Key("any", "ends runs that do badly"),
    "run_cap": Key("whole", "no more runs than this", at_least=1),
    "retry": Key("whole", "how often a config is tried again whose run crashed", default=1, at_least=0),
    "name": Key("text", "the sweep's name"),
    "description": Key("text", "what the sweep is for"),
    "project": Key("text", "the project it belongs to"),
    "program": Key("text", "the training script, for the command line"),
    "command": Key("words", "how the command line starts the script"),
    "prior_sweep": Key("text", "a sweep of the store whose results the search knows from the start"),
    "prior_runs": Key("text", "what the store calls the earlier runs that were given beside the config"),
    "seed": Key("whole", "makes the search repeatable", at_least=0),
    "grid_order": Key("choice", "the order of a grid's points", default="sorted", choices=("sorted", "random")),
}

IGNORED = ("apiVersion", "controller", "entity", "kind")

INSTEAD: dict[str, str] = {
    "scheduler": "nbsweep's agent asks the searcher itself; remove it and choose method grid, random or bayes, "
    "or drive nbsweep.search.Optimizer from a loop of your own",
    "job": "nbsweep runs your function or script where you are; remove it and start nbsweep.agent or %%sweep_train",
    "image_uri": "nbsweep runs your function or script where you are; remove it and start nbsweep.agent "
    "or %%sweep_train",
    "metrics": "a sweep optimises one metric; write metric: {name: ..., goal: ...} and log the others, "
    "which are kept and drawn all the same",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 7) of a sweep config, for completion in editors.

    Returns
    -------
    dict
        The schema, made anew from the tables of this module.

    Examples
    --------
    >>> sorted(json_schema()["definitions"])
    ['parameter', 'parameters']
    """
    described = {
        "metric": _object(METRIC),
        "early_terminate": _object(EARLY_TERMINATE)
        | {"anyOf": [{"required": ["min_iter"]}, {"required": ["max_iter", "s"]}]},
        "parameters": {"$ref": "#/definitions/parameters"},
    }
    top = _object(TOP_LEVEL)
    for name, schema in described.items():
        top["properties"][name] = {"description": TOP_LEVEL[name].about} | schema
    top["properties"] |= {name: {"description": "accepted and ignored"} for name in IGNORED}
    needs_metric = [
        {"required": ["method"], "properties": {"method": {"const": "bayes"}}},
        {"required": ["early_terminate"]},
    ]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "nbsweep sweep config",
        **top,
        "if": {"anyOf": needs_metric},
        "then": {"required": ["metric"]},
        "definitions": {
            "parameters": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"minLength": 1},
                "additionalProperties": {"$ref": "#/definitions/parameter"},
            },
            "parameter": {"anyOf": [_parameter(name) for name in DISTRIBUTIONS] + [_nest()]},
        },
    }


def _parameter(name: str) -> dict[str, Any]:
    distribution = DISTRIBUTIONS[name]
    schema = _object(distribution.keys)
    schema["description"] = distribution.about
    schema["properties"]["distribution"] = {"const": name}
    if not distribution.inferred:
        schema["required"] = ["distribution", *schema.get("required", [])]
    return schema


def _nest() -> dict[str, Any]:
    nest = _object({"parameters": Key("any", "parameters within this one", required=True)})
    nest["properties"]["parameters"] = {"$ref": "#/definitions/parameters"}
    return nest


def _object(keys: dict[str, Key]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _value(key) for name, key in keys.items()},
    }
    required = [name for name, key in keys.items() if key.required]
    return schema | ({"required": required} if required else {})


def _value(key: Key) -> dict[str, Any]:
    number: dict[str, Any] = {"type": "integer" if key.kind == "whole" else "number"}
    if key.above is not None:
        number["exclusiveMinimum"] = key.above
    if key.at_least is not None:
        number["minimum"] = key.at_least
    exponent = {"type": "string", "pattern": f"^{EXPONENT}$"}
    kinds: dict[str, dict[str, Any]] = {
        "number": {"anyOf": [number, exponent]},
        "whole": {"anyOf": [number, exponent]},
        "text": {"type": "string"},
        "truth": {"type": "boolean"},
        "choice": {"enum": [*key.choices] + ([False] if "false" in key.choices else [])},
        "list": {"type": "array", "minItems": 1},
        "numbers": {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "number", "minimum": 0}, exponent]}},
        "words": {"type": "array", "items": {"type": ["string", "number"]}},
        "any": {},
    }
    default = {} if key.default is None else {"default": key.default}
    return {"description": key.about, **kinds[key.kind], **default}


if __name__ == "__main__":  # python -m nbsweep.config_schema > nbsweep/sweep_config.schema.json
    import json

    print(json.dumps(json_schema(), indent=2))
