"""What a robot file may say of a Franka: the table [vendor], with its defaults."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from embodied.plugins import nearest
from real_robot.description import Part, Positive

Seven = tuple[Positive, Positive, Positive, Positive, Positive, Positive, Positive]


class Options(Part):
    """The settings of the adapter."""

    rate: Annotated[float, Field(ge=50, le=250)] = 100.0
    """How often `servo` wants to be called [1/s]."""
    gain: Annotated[float, Field(gt=0, le=30)] = 25.0
    """How strongly a lag of the commanded behind the wanted joints is made up for [1/s]."""
    deadman: Annotated[float, Field(ge=0.03, le=0.5)] = 0.1
    """A speed that is not renewed for so long is braked to zero, and servoing ends [s]."""
    silent: Annotated[float, Field(ge=0.02, le=1.0)] = 0.2
    """States older than this are a silent link [s]."""
    jump: Annotated[float, Field(gt=0, le=0.5)] = 0.2
    """A target this far from the commanded joints is refused, by any joint [rad]."""
    collision_force: Annotated[float, Field(ge=10, le=100)] = 40.0
    """A force along an axis of the tool, or ten times a torque about it, above which the arm's own reflex stops it
    [N]. Keep it above force.stop, so that the ordinary stop comes first."""
    collision_torque: Annotated[float, Field(ge=5, le=100)] = 25.0
    """The same for the torque of each joint [Nm]."""
    stiffness: Seven | None = None
    """Of the arm's own joint control [Nm/rad], at most 14250; the maker's where it is not given."""
    realtime: Literal["auto", "enforce", "ignore"] = "auto"
    """Whether a kernel with realtime priorities is required; `auto` uses one that is there."""
    patience: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long connecting may take, and how long it is tried again while somebody else is connected [s]."""
    hand: bool = True
    """Whether the arm carries the maker's hand."""
    hand_speed: Annotated[float, Field(gt=0, le=0.1)] = 0.05
    """Of both fingers together [m/s]."""
    damping: Seven = (8.0, 8.0, 8.0, 8.0, 3.0, 3.0, 3.0)
    """How much the joints resist being led by hand [Nm s/rad]."""
    loose: Annotated[float, Field(gt=0, le=10)] = 2.5
    """An arm on which more torque than this seems to act at rest is not let loose: it would move by itself [Nm]."""


def options(table: dict[str, Any]) -> Options:
    """The settings that a table names; ValueError that says which one is wrong, and how."""
    try:
        return Options.model_validate(table)
    except ValidationError as error:
        raise ValueError("; ".join(map(_told, error.errors()))) from None


def _told(error: Any) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        close = nearest(key, Options.model_fields)
        return f"vendor has no {key!r}; " + (f"did you mean {close!r}?" if close else f"it has {_names()}")
    return f"vendor.{key}: {error['msg']} (it is {error['input']!r})"


def _names() -> str:
    return ", ".join(Options.model_fields)
