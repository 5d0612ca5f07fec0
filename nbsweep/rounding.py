"""Numbers as they are shown where room is short (tables, command line, cells), and counts of things. Pure."""

from __future__ import annotations

import math

__all__ = ["plural", "rounded"]

DIGITS = 4
MOST_DIGITS = 12  # from here on the digits are those of rounding


def rounded(value: float | None) -> str:
    """Four significant digits; of a share such as an accuracy as many as it takes that 0.99999 is not 1.

    Examples
    --------
    >>> rounded(0.012345678), rounded(123456.0), rounded(0.99999), rounded(1.00001)
    ('0.01235', '1.235e+05', '0.99999', '1')
    >>> rounded(None), rounded(float("nan")), rounded(-math.inf)
    ('–', 'nan', '-inf')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    texts = (f"{value:.{digits}g}" for digits in range(DIGITS, MOST_DIGITS + 1))
    return next((text for text in texts if abs(float(text)) != 1 or abs(value) >= 1), f"{value:.{DIGITS}g}")


def plural(count: int, what: str) -> str:
    """A number of things.

    >>> plural(1, "run"), plural(0, "more run")
    ('1 run', '0 more runs')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"
