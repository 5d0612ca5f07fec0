"""The body of a ``%%sweep_train`` cell as a function of a run.

The body sees the notebook's names and `config`, `run` and `log`; what it defines stays in the run, because each run
executes it in a namespace of its own, a copy of the notebook's. A body that only defines things, one of them a
function `train`, is called as that function. As in any cell, `await` may stand outside of functions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nbsweep.calling import call_with_config, finished
from nbsweep.errors import UsageError
from nbsweep.runs import Run
from nbsweep.training_code import CellCode

__all__ = ["training_function"]

# What follows these runs in the notebook's own namespace, which has no `config`, `run` and `log`.
_AROUND_CODE = ("%%time", "%%timeit", "%%capture", "%%prun")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def training_function(shell: Any, body: str) -> Callable[..., Any]:
    """Compile a cell body into a function ``(config, run)``.

    Raises
    ------
    UsageError
        For an empty body, or one that is not Python, with the line at fault; for one under another cell magic.
    """
    magic = next(iter(body.split()), "")
    if magic in _AROUND_CODE:
        raise UsageError(
            f"{magic} inside of %%sweep_train would run its code outside of the run, where there is no config, run and "
            f"log; leave it out (`%sweep runs` tells how long each run took, as duration_s)"
        )
    source = shell.transform_cell(body)
    # Kept where tracebacks look for source lines, under the name IPython gives a cell.
    filename = shell.compile.cache(source, shell.execution_count)
    try:
        tree = ast.parse(source, filename)
        code = compile(
            tree, filename, "exec", dont_inherit=True, flags=shell.compile.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        )
    except SyntaxError as error:
        line = (error.text or _line_of(source, error.lineno)).strip()
        raise UsageError(
            f"the body of %%sweep_train is not Python: {error.msg} (line {error.lineno}: {line})"
            + ("; the body is the run itself, it needs no return" if "return" in line else "")
        ) from None
    if not tree.body:
        raise UsageError(
            "the body of %%sweep_train is empty: write the training code below it; it sees config, run and log"
        )
    defined = _functions_alone(tree)
    defines_train = defined is not None and "train" in defined
    if defined and not defines_train:
        raise UsageError(
            f"the body of %%sweep_train only defines {' and '.join(defined)}, and would train nothing: name the "
            "function train, or call it in the last line"
        )

    def train(config: Any, run: Run) -> Any:
        namespace = dict(shell.user_ns)
        namespace.update(config=config, run=run, log=run.log)
        try:
            finished(eval(code, namespace))
            return call_with_config(namespace["train"], run) if defines_train else None
        finally:
            namespace.clear()  # what the run made can be freed although its functions refer to this dict

    train.nbsweep_cell = CellCode(code, body.rstrip(), lambda: shell.user_ns)  # type: ignore[attr-defined]
    return train


def _line_of(source: str, number: int | None) -> str:
    """What is compiled from a tree names its line, without the text."""
    lines = source.splitlines()
    return lines[number - 1] if number is not None and number <= len(lines) else ""


def _functions_alone(tree: ast.Module) -> list[str] | None:
    """The functions that a body defines which does nothing else; None where it does, as a decorator may."""
    statements = [s for s in tree.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if not all(isinstance(statement, _DEFINITIONS) for statement in statements):
        return None
    functions = [s for s in statements if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = [function.name for function in functions]
    return names if "train" in names or not any(function.decorator_list for function in functions) else None
