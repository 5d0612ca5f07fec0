"""Ids and names: short, unique, readable."""

from __future__ import annotations

import random
import secrets

__all__ = ["id_after", "new_id", "run_name"]

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
# fmt: off
_ADJECTIVES = (
    "amber", "ancient", "bold", "brave", "bright", "brisk", "calm", "clear", "clever", "cosmic", "crisp",
    "curious", "dusty", "eager", "early", "fable", "fair", "fresh", "gentle", "golden", "grand", "happy",
    "hidden", "honest", "humble", "ivory", "jolly", "keen", "kind", "light", "lively", "lucky", "lunar",
    "mellow", "misty", "modest", "noble", "northern", "patient", "plucky", "polar", "proud", "quick", "quiet",
    "rapid", "royal", "rustic", "sage", "silent", "silver", "smooth", "snowy", "solar", "spring", "steady",
    "still", "sunny", "swift", "tidy", "vivid", "warm", "wild", "wise",
)
# fmt: on
# fmt: off
_ANIMALS = (
    "badger", "bear", "beaver", "bison", "bobcat", "crane", "crow", "deer", "dolphin", "dove", "eagle", "egret",
    "elk", "falcon", "ferret", "finch", "fox", "gecko", "goose", "hare", "hawk", "heron", "ibex", "ibis",
    "jackal", "jay", "kestrel", "koala", "lark", "lemur", "lynx", "magpie", "marten", "mink", "moose", "moth",
    "newt", "ocelot", "otter", "owl", "panda", "plover", "puffin", "quail", "rabbit", "raven", "robin",
    "salmon", "seal", "shrew", "sparrow", "stoat", "stork", "swan", "swift", "tapir", "tern", "toad", "trout",
    "turtle", "vole", "weasel", "wolf", "wren", "yak",
)
# fmt: on


def new_id(length: int = 8) -> str:
    """A random id in digits and small letters, as W&B's are."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def id_after(earlier: str) -> str:
    """The next id in the order of a database's index, for what is written together: neighbours share its pages.

    Ids that follow a drawn one meet others no more often than if each were drawn.

    >>> id_after("a0zz"), id_after("zz")
    ('a100', '00')
    """
    following = (int(earlier, len(_ALPHABET)) + 1) % len(_ALPHABET) ** len(earlier)
    found = ""
    for _ in earlier:
        following, digit = divmod(following, len(_ALPHABET))
        found = _ALPHABET[digit] + found
    return found


def run_name(run_id: str, number: int) -> str:
    """A name that people can say: the same id always gives the same one; `number` counts from 0, the name from 1.

    >>> run_name("a", 4) == run_name("a", 4), run_name("a", 4).endswith("-5")
    (True, True)
    """
    chooser = random.Random(run_id)
    return f"{chooser.choice(_ADJECTIVES)}-{chooser.choice(_ANIMALS)}-{number + 1}"
