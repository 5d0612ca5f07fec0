"""How long the threads beside training rest between two turns, so that training keeps the interpreter.

They share it with training: what they compute is taken from there. So a turn that took CPU time is followed by a rest
in proportion, within bounds that follow from what is promised. Pure: durations in, durations out.
"""

from __future__ import annotations

__all__ = ["RETRY_EVERY_S", "WritingPace", "rest_s"]

RETRY_EVERY_S = 1.0

WRITE_EVERY_S = 0.05
WRITE_LESS_OFTEN_S = 0.1  # where many write to one store and each write takes its time
WRITE_LEAST_OFTEN_S = 0.18
READABLE_IN_S = 0.2  # what is logged just after a turn began: a rest and a write; 50 ms of the promise are left over
WRITERS_SHARE = 0.007  # of a core


def rest_s(cpu_s: float, *, share: float, least_s: float, most_s: float) -> float:
    """How long to rest after a turn of so much CPU time, for it to be that share of a core.

    >>> rest_s(0.001, share=0.01, least_s=0.05, most_s=0.25), rest_s(1.0, share=0.01, least_s=0.05, most_s=0.25)
    (0.1, 0.25)
    """
    return min(max(least_s, cpu_s / share), most_s)


class WritingPace:
    """The recorder's: what `log` accepted is readable within 250 ms, where a write takes as long as it mostly does.

    Attributes
    ----------
    pause_s : float
        How long to rest now.

    >>> pace = WritingPace()
    >>> pace.wrote(write_s=0.005, cpu_s=0.0005), pace.wrote(write_s=0.005, cpu_s=0.01)
    (0.0714..., 0.18)
    >>> round(pace.wrote(write_s=0.08, cpu_s=0.01), 2)
    0.12
    """

    def __init__(self) -> None:
        self.pause_s = WRITE_EVERY_S
        self._usual_s = 0.0

    def wrote(self, write_s: float, cpu_s: float) -> float:
        """A turn whose write took so long by the clock, and all of it so much CPU time; gives the pause."""
        self._usual_s = max(write_s, 0.9 * self._usual_s)  # what takes longer is believed at once
        most_s = min(max(READABLE_IN_S - self._usual_s, WRITE_LESS_OFTEN_S), WRITE_LEAST_OFTEN_S)
        least_s = min(max(WRITE_EVERY_S, 2 * write_s), WRITE_LESS_OFTEN_S)
        self.pause_s = rest_s(cpu_s, share=WRITERS_SHARE, least_s=least_s, most_s=most_s)
        return self.pause_s

    def failed(self) -> float:
        """The store could not be written; gives the pause."""
        self.pause_s = min(2 * self.pause_s, RETRY_EVERY_S)
        return self.pause_s
