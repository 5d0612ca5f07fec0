"""The sweep config: dict, YAML or file in, a validated `SweepConfig` out.

`load` and `loads` raise `ConfigError` and nothing else; its message tells every problem of the config, each with the
key's path, the value and the likely mend. Importing this module imports neither NumPy nor YAML.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from nbsweep.command import MACROS, problem_with
from nbsweep.config_parameters import check_grid, check_names, dotted_names, read_parameters
from nbsweep.config_problems import MISSING, Problem, Problems, did_you_mean, join, show
from nbsweep.config_schema import EARLY_TERMINATE, IGNORED, INSTEAD, METRIC, TOP_LEVEL, Key, json_schema
from nbsweep.config_text import parse_yaml, read_file
from nbsweep.errors import ConfigError

__all__ = [
    "MACROS",
    "EarlyTerminate",
    "Metric",
    "SweepConfig",
    "json_schema",
    "load",
    "loads",
    "parse_yaml",
    "problems_of",
]

Impute = Literal["worst", "best", "latest"]


@dataclass(frozen=True)
class Metric:
    """What a sweep optimises.

    Examples
    --------
    >>> Metric("loss").goal
    'minimize'
    """

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    target: float | None = None
    impute: Impute | None = None
    impute_while_running: Impute | None = None


@dataclass(frozen=True)
class EarlyTerminate:
    """When runs that do badly are stopped: by `min_iter`, or by `max_iter` and `s`. See `nbsweep.stopping`.

    Examples
    --------
    >>> EarlyTerminate(min_iter=3).eta
    3
    """

    type: Literal["hyperband"] = "hyperband"
    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: float = 3
    strict: bool = True


@dataclass(frozen=True)
class SweepConfig:
    """A sweep config that is valid, its defaults filled in. Made by `load`.

    Attributes
    ----------
    parameters : dict
        Every leaf has an explicit ``distribution`` and all its keys; nests are ``{"parameters": {...}}``.
    notes : tuple of str
        What the user should be told once: keys that are ignored, values that look mistaken.

    Examples
    --------
    >>> config = load({"method": "random", "parameters": {"lr": {"min": 0.0, "max": 0.1}}})
    >>> load(config.to_dict()) == config
    True
    """

    method: Literal["grid", "random", "bayes"]
    parameters: dict[str, Any]
    metric: Metric | None = None
    early_terminate: EarlyTerminate | None = None
    run_cap: int | None = None
    retry: int = 1
    prior_sweep: str | None = None
    prior_runs: str | None = None
    name: str | None = None
    description: str | None = None
    project: str | None = None
    program: str | None = None
    command: tuple[str, ...] | None = None
    seed: int | None = None
    grid_order: Literal["sorted", "random"] = "sorted"
    notes: tuple[str, ...] = field(default=(), compare=False)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Dotted names of all parameters, in the order the config was written in; a search space sorts them."""
        return tuple(dotted_names(self.parameters))

    def to_dict(self) -> dict[str, Any]:
        """A plain dict, fit for JSON, that loads as this config."""
        plain: dict[str, Any] = {"method": self.method}
        for key in ("name", "description", "project", "program", "prior_sweep", "prior_runs", "run_cap", "seed"):
            if getattr(self, key) is not None:
                plain[key] = getattr(self, key)
        if self.command is not None:
            plain["command"] = list(self.command)
        if self.grid_order != "sorted":
            plain["grid_order"] = self.grid_order
        if self.retry != 1:
            plain["retry"] = self.retry
        for key in ("metric", "early_terminate"):
            if getattr(self, key) is not None:
                plain[key] = {name: value for name, value in vars(getattr(self, key)).items() if value is not None}
        plain["parameters"] = copy.deepcopy(self.parameters)
        return plain


def load(config: Mapping[str, Any] | str | os.PathLike[str] | SweepConfig) -> SweepConfig:
    """Validate a sweep config and fill in its defaults.

    Parameters
    ----------
    config : mapping, str, path or SweepConfig
        A dict as `wandb.sweep` takes it, or the path of a YAML or JSON file. A `SweepConfig` is returned as it is.

    Returns
    -------
    SweepConfig

    Raises
    ------
    ConfigError
        With all problems of the config in its message; `path` is the first one's.

    Examples
    --------
    >>> load({"method": "random", "parameters": {"lr": {"min": 0.1, "max": 0.01}}})
    Traceback (most recent call last):
    nbsweep.errors.ConfigError: parameters.lr.min: 0.1 is not below max 0.01; swap them
    """
    try:
        return _load(config)
    except ConfigError:
        raise
    except Exception as error:  # an object that fails when it is read, a structure that holds itself
        raise ConfigError(
            f"the sweep config cannot be read ({type(error).__name__}: {show(str(error), 200)}); "
            "write it as a plain dict"
        ) from error


def loads(text: str, source: str = "the YAML text") -> SweepConfig:
    """Validate a sweep config that is written in YAML.

    Parameters
    ----------
    text : str
        YAML, or JSON, which is YAML too.
    source : str
        What messages call the text.

    Raises
    ------
    ConfigError
        As `load`, and when the text is no YAML.

    Examples
    --------
    >>> loads("{method: grid, parameters: {units: {values: [64, 128]}}}").method
    'grid'
    """
    if not isinstance(text, str):
        raise ConfigError(f"the sweep config is {show(text)}, not text; give a dict to nbsweep.sweep_config.load")
    return load(parse_yaml(text, source))


def problems_of(config: Mapping[Any, Any]) -> list[Problem]:
    """All that `load` has against a config, one by one, for who shows each at its place.

    Examples
    --------
    >>> [problem.path for problem in problems_of({"method": "grid", "paramters": {}})]
    ['paramters', 'parameters']
    """
    problems = Problems()
    _read(config, problems)
    return problems.found


def _load(config: object) -> SweepConfig:
    if isinstance(config, SweepConfig):
        return config
    if isinstance(config, (str, os.PathLike)):
        config = read_file(config)
    problems = Problems()
    raw = problems.mapping(config, "", '{"method": "random", "parameters": {...}}')
    problems.raise_if_any()
    read = _read(raw, problems)
    problems.raise_if_any()
    return SweepConfig(**read, notes=tuple(problems.notes))


def _read(raw: Mapping[object, object], problems: Problems) -> dict[str, Any]:
    """The fields of the `SweepConfig`; what is wrong goes to `problems`."""
    _check_keys(raw, problems)
    read = {key: _top_level(key, rule, raw, problems) for key, rule in TOP_LEVEL.items()}
    read["prior_runs"] = _prior_runs(raw, problems)
    read["parameters"] = _parameters(raw, problems)
    read["metric"] = _metric(raw, problems)
    read["early_terminate"] = _early_terminate(raw, problems)
    read["command"] = _command(raw, dict.fromkeys(_dotted(read["parameters"])), problems)
    if read["method"] == "grid":
        check_grid(read["parameters"], "parameters", problems)
    elif "grid_order" in raw:
        problems.note("grid_order has no effect: the method is not grid")
    for needing in [key for key in ("early_terminate",) if _given(raw, key)] or ["bayes"] * (read["method"] == "bayes"):
        if not _given(raw, "metric"):
            problems.add("metric", f"is missing; {needing} needs it: metric: {{name: loss, goal: minimize}}")
    return read


def _given(raw: Mapping[object, object], key: str) -> bool:
    return raw.get(key) is not None


def _check_keys(raw: Mapping[object, object], problems: Problems) -> None:
    for key in raw:
        if isinstance(key, str) and key in INSTEAD:
            problems.add(key, f"is not used by nbsweep: {INSTEAD[key]}", of_key=True)
        elif key not in TOP_LEVEL and key not in IGNORED:
            problems.add(join("", key), "is not a key of a sweep config" + did_you_mean(key, TOP_LEVEL), of_key=True)
    ignored = [key for key in IGNORED if key in raw]
    if ignored:
        problems.note(f"{', '.join(ignored)}: accepted and ignored, as nbsweep has no server and no accounts")


def _top_level(key: str, rule: Key, raw: Mapping[object, object], problems: Problems) -> Any:
    if rule.kind in ("any", "words") or key == "prior_runs":
        return None  # these have readers of their own
    return _value(key, rule, raw, key, problems)


def _value(key: str, rule: Key, raw: Mapping[object, object], path: str, problems: Problems) -> Any:
    """One key's value, or its default; None after noting what is wrong."""
    if key not in raw or (raw[key] is None and not rule.required):
        if rule.required:
            write = f"{key}: {rule.choices[0]}" if len(rule.choices) == 1 else f"{key}: ..."
            problems.add(path, "is missing" + (did_you_mean(None, rule.choices) if rule.choices else f"; add {write}"))
        return rule.default
    value = raw[key]
    if value == "" and rule.kind == "text" and not rule.required:
        return rule.default
    if rule.kind == "choice":
        value = "false" if value is False else value
        if isinstance(value, str) and value in rule.choices:
            return str(value)
        if key == "method" and value == "custom":
            problems.add(path, "is 'custom'; choose grid, random or bayes, or drive nbsweep.search.Optimizer yourself")
        else:
            problems.add(path, f"is {show(raw[key])}" + did_you_mean(value, rule.choices))
        return None
    if rule.kind == "truth":
        if isinstance(value, bool):
            return value
        problems.add(path, f"is {show(value)}; it can be true or false")
        return None
    read = problems.text(value, path) if rule.kind == "text" else problems.limited(rule, value, path)
    return None if read is MISSING else read


def _prior_runs(raw: Mapping[object, object], problems: Problems) -> str | None:
    """The name under which the store keeps the runs that were given beside the config."""
    name = raw.get("prior_runs")
    if name is None or isinstance(name, str):
        return name
    problems.add(
        "prior_runs",
        f"is {show(name)}; earlier runs are given beside the config: nbsweep.sweep(config, prior_runs=[...]), "
        "or %%sweep define --prior NAME",
    )
    return None


def _parameters(raw: Mapping[object, object], problems: Problems) -> dict[str, Any]:
    if not _given(raw, "parameters"):
        problems.add("parameters", "is missing; add parameters: {lr: {min: 0.0001, max: 0.1}}")
        return {}
    read = read_parameters(raw["parameters"], "parameters", problems)
    check_names(read, "parameters", problems)
    return read


def _section(key: str, rules: Mapping[str, Key], raw: Mapping[object, object], like: str, problems: Problems) -> Any:
    """The values of a section's keys; None when it is not there or cannot be read."""
    if not _given(raw, key):
        return None
    section = problems.mapping(raw[key], key, like)
    if section is MISSING:
        return None
    for name in section:
        if name not in rules:
            problems.add(join(key, name), f"is not a key of {key}" + did_you_mean(name, rules), of_key=True)
    return {name: _value(name, rule, section, join(key, name), problems) for name, rule in rules.items()}


def _metric(raw: Mapping[object, object], problems: Problems) -> Metric | None:
    written, before = raw.get("metric"), problems.count
    like = f"{{name: {written}, goal: minimize}}" if isinstance(written, str) else "{name: loss, goal: minimize}"
    read = _section("metric", METRIC, raw, like, problems)
    if read is None or problems.count > before:
        return None
    if read["impute_while_running"] == "false":
        read["impute_while_running"] = None
    return Metric(**read)


def _early_terminate(raw: Mapping[object, object], problems: Problems) -> EarlyTerminate | None:
    path, before = "early_terminate", problems.count
    read = _section(path, EARLY_TERMINATE, raw, "{type: hyperband, min_iter: 3}", problems)
    if read is None or problems.count > before:
        return None
    if read["max_iter"] is not None and read["s"] is not None:
        if read["max_iter"] < read["eta"]:
            problems.add(
                join(path, "max_iter"),
                f"is {read['max_iter']}, below eta {read['eta']}, so no band is left; raise max_iter",
            )
        if read["min_iter"] is not None:
            problems.note(f"{path}.min_iter has no effect beside max_iter and s")
            read["min_iter"] = None
    elif read["min_iter"] is None:
        problems.add(join(path, "min_iter"), "is missing; give min_iter, or max_iter and s")
    elif read["s"] is not None or read["max_iter"] is not None:
        lone = "s" if read["max_iter"] is None else "max_iter"
        problems.note(f"{path}.{lone} has no effect beside min_iter; max_iter and s go together")
        read["s"] = read["max_iter"] = None
    return EarlyTerminate(**read)


def _command(
    raw: Mapping[object, object], parameters: Mapping[str, None], problems: Problems
) -> tuple[str, ...] | None:
    if not _given(raw, "command"):
        return None
    written = raw["command"]
    items = MISSING if isinstance(written, str) else problems.items(written, "command")
    if items is MISSING:
        like = written.split() if isinstance(written, str) else ["${env}", "${interpreter}", "${program}", "${args}"]
        problems.add("command", f"is {show(written)}, not a list; write [{', '.join(like)}]")
        return None
    words = [_word(item, join("command", number), parameters, problems) for number, item in enumerate(items)]
    return tuple(words) or None


def _word(item: object, path: str, parameters: Mapping[str, None], problems: Problems) -> str:
    """One word of the command. W&B drops a word that is an unknown macro; here it is an error."""
    if isinstance(item, (int, float)) and not isinstance(item, bool):
        return show(item)
    word = problems.text(item, path)
    if word is MISSING:
        return ""
    found = problem_with(word, parameters)
    if found is not None:
        wrong, macro = found
        known = (*MACROS, "envvar:NAME", *list(parameters)[:20])
        literally = f" (written $${{{macro}}} it is passed on as ${{{macro}}})"
        problems.add(path, wrong + (did_you_mean(macro, known) + literally if macro is not None else ""))
    return str(word)


def _dotted(parameters: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, definition in parameters.items():
        if "parameters" in definition:
            yield from _dotted(definition["parameters"], f"{prefix}{name}.")
        yield f"{prefix}{name}"  # a nest, too: its value is the mapping
