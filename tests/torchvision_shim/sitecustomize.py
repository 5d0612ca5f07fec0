"""Lets a torchvision built against CUDA's PyTorch be imported beside a CPU build of PyTorch.

Put this folder on PYTHONPATH (the tests' kernels and scripts), or call `install` (the tests' own process). Such a pair
of builds fails at ``import torchvision`` with "operator torchvision::nms does not exist": the compiled part does not
load, and the Python part describes its operators all the same. The first import of torchvision declares the missing
ones; datasets and transforms then work. Where the compiled part loads, nothing is done, and nothing is imported
before somebody imports torchvision.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

_kept: list[Any] = []  # a library's declarations last as long as the object


class _BeforeTorchvision(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname == "torchvision" and self in sys.meta_path:
            sys.meta_path.remove(self)
            _declare_missing_operators()


def install() -> None:
    """Watch for the first import of torchvision."""
    if "torchvision" not in sys.modules and not any(isinstance(each, _BeforeTorchvision) for each in sys.meta_path):
        sys.meta_path.insert(0, _BeforeTorchvision())


def _declare_missing_operators() -> None:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return
    import torch

    try:
        torch.ops.load_library(Path(spec.origin).with_name("_C.so"))
    except OSError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)


install()
