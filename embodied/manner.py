"""The manner in which something is done: what a correction in words changes.

A `Manner` says how an act shall be done, and leaves open what nobody asked for.
"""

from math import pi
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=80)]

Verb = Literal["open", "close", "pick", "place", "hang", "hand over", "dress"]
VERBS: tuple[Verb, ...] = ("open", "close", "pick", "place", "hang", "hand over", "dress")
ADDED = ("offset", "tilt", "turn")
"""Fields of a manner of which later ones are added to earlier ones; of all others the later one stands."""

Shift = Annotated[float, Field(ge=-0.3, le=0.3, allow_inf_nan=False)]


class Manner(BaseModel):
    """How an act is done; None leaves it to the body. Lengths [m], angles [rad], speeds [m/s], forces [N].

    `part` is where the object is held. `offset` is from where the tip would go: for picking, opening and closing in
    the frame of the object (x to its front, y to its left, z up, turning with it), for placing, hanging and handing
    over in that of the target, for dressing in that of the arm (x along it to the shoulder). `tilt` lowers the
    gripper's nose, `turn` turns it about the vertical. `distance` is how far something is pulled open or pushed shut,
    `height` how high a thing is carried above the table; `clear_of` names what the way keeps off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    part: Name | None = None
    approach: Literal["above", "side"] | None = None
    offset: tuple[Shift, Shift, Shift] | None = None
    tilt: Annotated[float, Field(ge=-pi / 2, le=pi / 2, allow_inf_nan=False)] | None = None
    turn: Annotated[float, Field(ge=-pi, le=pi, allow_inf_nan=False)] | None = None
    distance: Annotated[float, Field(ge=0, le=0.6, allow_inf_nan=False)] | None = None
    height: Annotated[float, Field(ge=0.02, le=0.5, allow_inf_nan=False)] | None = None
    speed: Annotated[float, Field(gt=0, le=0.5, allow_inf_nan=False)] | None = None
    force: Annotated[float, Field(gt=0, le=40, allow_inf_nan=False)] | None = None
    upright: bool | None = None
    clear_of: tuple[Name, ...] | None = None

    @property
    def said(self) -> dict[str, Any]:
        """The fields that somebody asked for."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}

    def then(self, later: "Manner") -> "Manner":
        """This one, changed by a later one: offsets and angles add up, of everything else the later one stands.

        ValueError where the sum leaves the bounds.
        """
        changed: dict[str, Any] = dict(self.said)
        for name, value in later.said.items():
            if name == "clear_of":
                changed[name] = tuple(dict.fromkeys((*changed.get(name, ()), *value)))
            elif name in ADDED and name in changed:
                old = changed[name]
                changed[name] = (
                    tuple(a + b for a, b in zip(old, value, strict=True)) if name == "offset" else old + value
                )
            else:
                changed[name] = value
        return Manner.model_validate(changed)
