"""What a robot file may say about an xArm alone, in its table [vendor]."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from embodied.plugins import nearest
from real_robot.description import Part, Positive

Port = Annotated[int, Field(ge=1, le=65535)]
Sensitivity = Annotated[int, Field(ge=1, le=5)]


class Options(Part):
    """Settings of the vendor's controller and of the links to it."""

    port: Port = 502
    """Of control. A real controller has no other than 502; a simulated one started without a privilege does."""
    rich_port: Port = 30002
    """Of the slow report, which is read once on connecting for the configuration."""
    fast_port: Port = 30000
    """Of the report at 200 Hz with the controller's clock (firmware 2.1 and later)."""
    real_port: Port = 30003
    """Of the report at 100 Hz without a clock and without speeds, which every firmware has."""
    report: Literal["fast", "real"] = "fast"
    """Which of the two is read while moving; with "real" speeds are differences of positions."""
    reply: Annotated[float, Field(ge=0.05, le=2.0)] = 0.25
    """How long an answer may take until the link counts as lost [s]; stalls of 0.19 s are known from real arms."""
    collision_sensitivity: Sensitivity | None = None
    """Set on connecting, 1 to 5; kept as it is where it is not given."""
    fence: Literal["check", "set"] = "check"
    """Whether connecting sets the controller's safety boundary to the workspace and turns it on, or looks at it."""
    fence_margin: Annotated[float, Field(ge=0, le=1.0)] = 0.02
    """How far outside the workspace the boundary that is set lies [m]."""
    reduced: Literal["check", "set"] = "check"
    """Whether connecting sets the controller's reduced mode for `limits`, with a tenth to spare, or looks at it."""
    gripper: Literal["xarm", "none"] = "xarm"
    """The xArm Gripper behind the arm's RS-485 line, or nothing."""
    gripper_speed: Annotated[int, Field(ge=100, le=5000)] = 1500
    """Of its motor [r/min]."""
    force_sensor: bool = False
    """Whether the six-axis sensor is fitted; it is enabled on connecting. Without it no force is measured."""
    force_axes: Literal["tool", "base"] = "tool"
    """The axes the controller reports forces in: the flange's, where the sensor sits (assumed: the maker does not say),
    or the base's, which a simulated controller uses."""
    force_limit: Positive = 30.0
    """What the gripper clamps with at most [N] (the maker's figure, recalled); it cannot be told a force."""


def options(table: dict[str, Any]) -> Options:
    """The options that a table stands for; ValueError names the key and the way out."""
    try:
        return Options.model_validate(table)
    except ValidationError as error:
        raise ValueError("; ".join(_told(each) for each in error.errors())) from None


def _told(error: Any) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        close = nearest(key, Options.model_fields)
        way = f"did you mean {close!r}?" if close else f"there are {', '.join(Options.model_fields)}"
        return f"vendor: an xArm has no {key!r}; {way}"
    return f"vendor.{key}: {error['msg']} (it is {error.get('input')!r})"
