"""``nbsweep report``: one HTML file with a sweep's dashboard, to send to a colleague."""

from __future__ import annotations

import argparse
import sys

from nbsweep.cli.opening import open_sweep
from nbsweep.notebook.report import write_report

__all__ = ["report"]


def report(options: argparse.Namespace) -> int:
    """``nbsweep report [SWEEP] FILE.html``."""
    size = write_report(open_sweep(options.sweep), options.file)
    sys.stderr.write(f"{options.file}: {size / 2**20:.1f} MiB, for any browser\n")
    return 0
