"""``python -m nbsweep``: the command line."""

from __future__ import annotations

import sys

from nbsweep.cli import main

if __name__ == "__main__":
    sys.exit(main())
