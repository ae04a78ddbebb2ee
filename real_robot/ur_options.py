"""The [vendor] table of a robot file of kind "ur"."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from embodied import plugins
from real_robot.description import Part


class Options(Part):
    """The [vendor] table of a Universal Robots arm."""

    lookahead: Annotated[float, Field(ge=0.03, le=0.2)] = 0.03
    """How far servoj looks ahead [s]: less follows more closely, more is smoother. The arm lags by about this."""
    lead: Annotated[float, Field(ge=0.0, le=0.1)] = 0.03
    """Targets are sent this far ahead along their own velocity [s], to make up for that lag; 0 sends them as they are.
    Within the length of a stop, so that a target that is held when the stream ends lies where the limits allow it."""
    gain: Annotated[float, Field(ge=100, le=2000)] = 300.0
    """How stiffly servoj follows."""
    watchdog: Annotated[float, Field(ge=10, le=200)] = 14.0
    """The controller ends the program where targets come less often than this [1/s]."""
    braking: Annotated[float, Field(gt=0, le=40)] = 10.0
    """Deceleration of the joints when `abort` replaces the program [rad/s^2]."""
    registers: Literal["lower", "upper"] = "lower"
    """The half of the registers that the client uses; a fieldbus may have the other."""
    program_start: Annotated[float, Field(gt=0, le=60)] = 5.0
    """How long the control program may take to start [s]."""
    power_on: Annotated[float, Field(gt=0, le=300)] = 60.0
    """How long power and brakes may take [s]."""
    gripper: Literal["robotiq", "none"] = "robotiq"
    gripper_open: Annotated[int, Field(ge=0, le=255)] = 3
    gripper_closed: Annotated[int, Field(ge=0, le=255)] = 230
    """Counts at which the fingers are open and closed."""
    gripper_speed: Annotated[int, Field(ge=0, le=255)] = 128
    gripper_forces: tuple[float, float] = (20.0, 235.0)
    """Forces of the counts 0 and 255 [N]; of a 2F-85."""


def options(table: dict[str, Any]) -> Options:
    """A [vendor] table, checked; ValueError that names the key and what is possible."""
    try:
        return Options.model_validate(table)
    except ValidationError as error:
        raise ValueError("; ".join(_told(each) for each in error.errors())) from None


def _told(error: Any) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        close = plugins.nearest(name, Options.model_fields)
        there = f"did you mean {close!r}?" if close else f"there are {', '.join(Options.model_fields)}"
        return f"a UR arm has no vendor option {name!r}; {there}"
    return f"vendor.{name}: {error['msg']} (it is {error.get('input')!r})"
