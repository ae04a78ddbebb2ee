"""Lessons about other things, to see whether a memory that fills up still keeps them apart."""

from collections.abc import Iterator

import numpy as np

from embodied.corrections import Correction, Ref
from embodied.lessons import Lesson
from embodied.manner import Manner, Verb
from embodied.situations import Entity, Situation, Surroundings
from embodied.teaching import draft

KINDS = (
    "mug",
    "glass",
    "bowl",
    "spoon",
    "knife",
    "scissors",
    "plate",
    "jar",
    "bottle",
    "kettle",
    "pan",
    "book",
    "vase",
)
"""Half of them are kinds that the tasks are about, too."""

STATES = ("wet", "heavy", "sticky", "cracked", "soapy", "greasy")
"""Nothing in the tasks is like that: a lesson about a wet mug says nothing about a dry one."""

TARGETS: dict[Verb, tuple[str, ...]] = {"place": ("shelf", "sink", "basket"), "hand over": ("hand",), "pick": ("",)}

WAYS: tuple[tuple[str, Manner], ...] = (
    ("by the handle", Manner(part="handle")),
    ("by the rim", Manner(part="rim")),
    ("slower", Manner(speed=0.1)),
    ("much faster", Manner(speed=0.45)),
    ("higher", Manner(height=0.3)),
    ("2 cm to the left", Manner(offset=(0.0, 0.02, 0.0))),
    ("5 cm further", Manner(offset=(0.05, 0.0, 0.0))),
    ("keep it upright", Manner(upright=True)),
    ("gently", Manner(force=5.0)),
    ("turn it round", Manner(turn=3.1)),
    ("from the side", Manner(approach="side")),
)


def others(seed: int, many: int) -> Iterator[tuple[Lesson, Correction, Situation, Surroundings]]:
    """So many lessons, each as it would be taught: the lesson, the words, where, and what there was."""
    rng = np.random.default_rng([seed, 99])
    for _ in range(many):
        kind, state = str(rng.choice(KINDS)), str(rng.choice(STATES))
        verb: Verb = ("place", "hand over", "pick")[int(rng.integers(3))]
        target = str(rng.choice(TARGETS[verb]))
        words, manner = WAYS[int(rng.integers(len(WAYS)))]
        about = Ref(kind=kind, attributes=frozenset({state}))
        said = Correction(
            text=f"always {words} when the {kind} is {state}", intent="adjust", level="skill", manner=manner,
            about=about, verb=verb, reach="kind",
        )  # fmt: skip
        thing = Entity(f"{state} {kind}", kind, (0.4, 0.1, 0.0), size=(0.1, 0.1, 0.1), attributes=frozenset({state}))
        now = Situation(
            verb=verb, object=thing.name, kind=kind, attributes=thing.attributes, target=target, target_kind=target,
            place="table", size=0.1,
        )  # fmt: skip
        around = Surroundings((thing,))
        yield draft(said, now, around), said, now, around
