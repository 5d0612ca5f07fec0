"""Which code a run was trained with: a hash of what runs, and its text for people.

Hashed is the bytecode of the training function and of the user's own functions and classes that it reaches by name:
those of the notebook and of modules that are not installed packages. So a changed helper cell counts, a comment does
not, and a module that was edited on disk but not loaded again is what it was: the code that ran. Values of variables
are not part of it; hyperparameters have a place of their own, the config.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

__all__ = ["CellCode", "TrainingCode", "code_of_file", "training_code"]

MOST_TEXT = 200_000  # characters kept of what a run was trained with
MOST_PIECES = 200
_INSTALLED = tuple(str(Path(sysconfig.get_path(name))) for name in ("stdlib", "platstdlib", "purelib", "platlib"))


@dataclass(frozen=True)
class TrainingCode:
    """The code of a run: its hash (64 hexadecimal digits) and its text."""

    hash: str
    text: str


@dataclass(frozen=True)
class CellCode:
    """What a training cell's function carries as ``nbsweep_cell``: its code, its text, and the names it can see."""

    code: CodeType
    source: str
    names: Callable[[], Mapping[str, Any]]


_texts: dict[str, TrainingCode] = {}


def training_code(function: Callable[..., Any]) -> TrainingCode | None:
    """The code that calling `function` now would run; None where it has none that can be read (built in C).

    Examples
    --------
    >>> def train(config):
    ...     return config.lr  # a comment
    >>> code = training_code(train)
    >>> len(code.hash)
    64
    """
    own = getattr(function, "training_code", None)
    if own is not None:  # it stands for a program
        found: TrainingCode | None = own()
        return found
    pieces = list(_pieces(function))
    if not pieces:
        return None
    digest = hashlib.sha256()
    for name, code, _source in pieces:
        _add(digest, name)
        _update(digest, code)
    hashed = digest.hexdigest()
    if hashed not in _texts:  # reading sources takes far longer than the hash
        text = "\n\n".join(filter(None, (source() for _name, _code, source in pieces)))
        _texts[hashed] = TrainingCode(hashed, text[:MOST_TEXT])
    return _texts[hashed]


def code_of_file(path: Path) -> TrainingCode | None:
    """A program's file as it is now; None where it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return TrainingCode(hashlib.sha256(data).hexdigest(), data[:MOST_TEXT].decode("utf-8", "backslashreplace"))


def _pieces(function: Any) -> Iterator[tuple[str, CodeType, Callable[[], str]]]:
    """(name, code, how to get the source) of the function and of all of the user's that it reaches, each once."""
    waiting: list[tuple[str, Any]] = [("", function)]
    seen: set[int] = set()
    count = 0
    while waiting and count < MOST_PIECES:
        name, thing = waiting.pop(0)
        for code, source, names in _codes(thing):
            if id(code) in seen:
                continue
            seen.add(id(code))
            count += 1
            yield name, code, source
            waiting += [(each, found) for each, found in _reached(code, names()) if _is_the_users(found)]


def _codes(thing: Any) -> Iterator[tuple[CodeType, Callable[[], str], Callable[[], Mapping[str, Any]]]]:
    """The code objects of a function, a cell, a class or whatever can be called."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    cell = getattr(thing, "nbsweep_cell", None)
    if isinstance(cell, CellCode):
        yield cell.code, lambda: cell.source, cell.names
        return
    thing = inspect.unwrap(thing) if callable(thing) else thing
    thing = getattr(thing, "__func__", thing)
    if isinstance(thing, FunctionType):
        yield thing.__code__, functools.partial(_source, thing), functools.partial(_names_of, thing)
    elif isinstance(thing, type):
        for member in vars(thing).values():
            member = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if isinstance(member, FunctionType):
                yield member.__code__, functools.partial(_source, member), functools.partial(_names_of, member)
    elif callable(thing) and isinstance(vars(type(thing)).get("__call__"), FunctionType):
        yield from _codes(type(thing))


def _names_of(function: FunctionType) -> Mapping[str, Any]:
    """What the function's free names and globals mean now."""
    names = dict.fromkeys(function.__code__.co_freevars)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        with contextlib.suppress(ValueError):  # a variable that is not set yet
            names[name] = cell.cell_contents
    return {**function.__globals__, **names}


def _reached(code: CodeType, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The functions and classes that the code names: in sorted order, so that the hash depends on nothing else."""
    used = sorted(_used(code))
    for name in used:
        value = names.get(name)
        if isinstance(value, ModuleType):
            if _is_the_users_file(getattr(value, "__file__", None)):
                yield from ((f"{name}.{each}", vars(value)[each]) for each in used if each in vars(value))
        elif value is not None:
            yield name, value


def _used(code: CodeType) -> set[str]:
    names = {*code.co_names, *code.co_freevars}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _used(constant)
    return names


def _is_the_users(thing: Any) -> bool:
    """Whether it is a function or a class of the notebook, the script, or a module that is not installed."""
    while isinstance(thing, functools.partial):
        thing = thing.func
    if not isinstance(thing, (FunctionType, type)):
        return False
    module = getattr(thing, "__module__", None)
    if module == "__main__":
        return True
    return _is_the_users_file(getattr(sys.modules.get(module or ""), "__file__", None))


def _is_the_users_file(file: str | None) -> bool:
    if file is None or file.startswith(_INSTALLED):
        return False
    return not file.startswith(str(Path(__file__).parent))


def _update(digest: Any, code: CodeType) -> None:
    """Everything of a code object that decides what it does; not its file, nor its line numbers."""
    digest.update(code.co_code)
    _add(digest, repr((code.co_names, code.co_varnames, code.co_freevars, code.co_argcount)))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _update(digest, constant)
        else:
            _add(digest, _shown(constant))


def _add(digest: Any, text: str) -> None:
    digest.update(text.encode("utf-8", "backslashreplace"))


def _shown(constant: Any) -> str:
    """A constant as text; sets of strings have another order in every process."""
    if isinstance(constant, frozenset):
        return "{" + ",".join(sorted(map(_shown, constant))) + "}"
    return repr(constant)


def _source(function: FunctionType) -> str:
    try:
        return inspect.getsource(function).rstrip()
    except (OSError, TypeError, SyntaxError, IndexError):
        return f"# the source of {function.__qualname__} cannot be read"
