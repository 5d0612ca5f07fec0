"""Coordinates: what a model's point becomes as a config."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nbsweep.search.coordinates import Coordinates
from nbsweep.space import SearchSpace

SPACE = SearchSpace.from_config(
    {"lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}, "units": {"values": [32, 64, 128]}}
)


@given(st.floats(0.0, 1.0))
def test_the_last_bits_of_a_point_make_no_other_config(place: float) -> None:
    coordinates = Coordinates(SPACE)
    (here,) = snapped = coordinates.snapped(np.array([[place, 0.5]]))
    assert np.array_equal(coordinates.snapped(snapped), snapped)
    assert abs(here[0] - place) < 1e-12
    for near in (np.nextafter(here[0], 0.0), np.nextafter(here[0], 1.0)):
        assert coordinates.config(coordinates.snapped(np.array([[near, 0.5]]))[0]) == coordinates.config(here)


def test_the_ends_of_a_range_stay_what_they_are() -> None:
    coordinates = Coordinates(SPACE)
    assert coordinates.config(coordinates.snapped(np.array([[1.0, 1.0]]))[0]) == {"lr": 0.1, "units": 128}
    assert coordinates.config(coordinates.snapped(np.array([[0.0, 0.0]]))[0]) == {"lr": 1e-5, "units": 32}
