"""Which parameters matter to a metric, and what cannot be told yet: runs and a sweep config in, `Importance` out.

Pure: no store, no clock, no global randomness; the same runs give the same answer, on any thread. `measure` is the
way in; `columns` reads configs, `forest` says what each column explains, `stepdown` what noise would explain.
``docs/importance.md`` tells how it is computed, how to read it, and how often it errs.
"""

from nbsweep.importance.measure import measure
from nbsweep.importance.results import Importance, LevelEffect, ParameterImportance

__all__ = ["Importance", "LevelEffect", "ParameterImportance", "measure"]
