"""Lessons and situations that tests of the memory share."""

import numpy as np

from embodied.corrections import Correction, Ref
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.situations import Entity, Seen, Situation, Surroundings, When
from embodied.teaching import draft

HANDLE = Manner(part="handle")
LEFT = Manner(offset=(0.0, 0.02, 0.0))


def now(object="red mug", kind="mug", verb="pick", **words):
    return Situation(verb=verb, object=object, kind=kind, place="table", size=0.1, **words)


def lesson(manner=HANDLE, text="by the handle", scope="kind", **words):
    fields = {
        name: words.pop(name) for name in list(words) if name in Lesson.model_fields and name not in ("user", "robot")
    }
    when = When(**{"verb": "pick", "kind": "mug", **words})
    return Lesson(text=text, when=when, manner=manner, scope=scope, **fields)


def kept(memory, taught, at=None, seen=None):
    """A lesson that was taught and committed."""
    return memory.commit(memory.teach(taught, seen=seen).id, at or now())


def said(text="by the handle", manner=HANDLE, **fields):
    return Correction(text=text, intent="adjust", manner=manner, **fields)


def drafted(text="by the handle", at=None, manner=HANDLE, **fields):
    return draft(said(text, manner, **fields), at or now())


def things(*given):
    """Surroundings of (name, kind, *attributes)."""
    return Surroundings(
        tuple(
            Entity(name, kind, (0.4, 0.1 * i, 0.0), attributes=frozenset(more))
            for i, (name, kind, *more) in enumerate(given)
        )
    )


def seen(*vector, encoder="dino"):
    return Seen(encoder, np.array(vector, np.float32))


MUGS = Ref(kind="mug")
