"""What a thing looks like to a picture encoder, as a memory compares it: a close-up through CLIP."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from embodied.openclip import ClipEncoder
from embodied.situations import Seen

Eye = Callable[[str], Seen | None]
"""The name of a thing -> what it looks like now; None for one that is not to be seen."""


@runtime_checkable
class Sighted(Protocol):
    """A body with a camera that can look at one thing."""

    def close_up(self, name: str) -> UInt8[np.ndarray, "h w 3"] | None: ...


def eye(body: object, encoder: ClipEncoder) -> Eye:
    """Looks through a body's camera. ValueError for a body without one."""
    if not isinstance(body, Sighted):
        raise ValueError(f"{type(body).__name__} has no camera; leave the encoder of pictures out")
    name = f"{encoder.name}:{encoder.digest[:16]}"

    def look(thing: str) -> Seen | None:
        picture = body.close_up(thing)
        return None if picture is None else Seen(name, encoder.images(picture[None])[0])

    return look
