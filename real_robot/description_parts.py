"""The tables of a robot file: poses, boxes, limits, thresholds, cameras; each refuses contradictions by itself."""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
from jaxtyping import Float64
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from real_robot.kinematics import Pose, offset

Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Three = tuple[Finite, Finite, Finite]
Each = tuple[Positive, ...]
ONE, EACH = "one number", "a number each"
Speeds = Annotated[
    Annotated[Positive, Tag(ONE)] | Annotated[Each, Tag(EACH)],
    Discriminator(lambda given: EACH if isinstance(given, list | tuple) else ONE),
]
"""One for all joints, or one each."""
Name = Annotated[str, Field(min_length=1, pattern=r"^\S(.*\S)?$")]
Lens = 0, 4, 5, 8, 12, 14
"""How many distortion coefficients a camera may have, in OpenCV's order."""


class Part(BaseModel):
    """A table of the file: no key that is not known, nothing changed afterwards, no text where a number is due."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def __eq__(self, other: object) -> bool:
        """By the keys alone: arrays that were computed from them are no part of it."""
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).model_fields)

    def __hash__(self) -> int:
        """Of the plain values: tables within may hold what has none."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return hash((type(self), *(value for value in values if isinstance(value, str | float))))


class Frame(Part):
    """A pose: position [m] and axis times angle [rad]."""

    xyz: Three = (0.0, 0.0, 0.0)
    rotation: Three = (0.0, 0.0, 0.0)

    @cached_property
    def pose(self) -> Pose:
        """As a 4 x 4 matrix."""
        return offset(self.xyz, self.rotation)


class Tool(Frame):
    """The tool's point in the flange's frame, and what the flange carries."""

    mass: NotNegative = 0.0
    """[kg]"""
    centre: Three = (0.0, 0.0, 0.0)
    """Of mass, in the flange's frame [m]."""


class Box(Part):
    """low <= p <= high in the base's frame [m]."""

    low: Three
    high: Three

    @model_validator(mode="after")
    def _interval(self) -> Self:
        if not all(a < b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"low {self.low} must lie below high {self.high} on every axis")
        return self


class KeepOut(Part):
    """A ball, or a box, in the base's frame that no joint and no tool may enter."""

    name: Name
    centre: Three | None = None
    radius: Positive | None = None
    low: Three | None = None
    high: Three | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        ball, box = (self.centre, self.radius), (self.low, self.high)
        if not ((None not in ball and box == (None, None)) or (None not in box and ball == (None, None))):
            raise ValueError(
                f"keep-out {self.name!r} is a ball (centre, radius) or a box (low, high); give one of them"
            )
        if self.low and self.high:
            Box(low=self.low, high=self.high)
        return self

    def holds(self, point: Float64[np.ndarray, " 3"]) -> bool:
        """Whether a point of the base's frame [m] lies inside."""
        if self.centre is not None and self.radius is not None:
            return bool(np.linalg.norm(point - np.array(self.centre)) <= self.radius)
        return bool((point >= np.array(self.low)).all() and (point <= np.array(self.high)).all())


class Limits(Part):
    """What the governor keeps to. `brake_*` are for stopping alone."""

    tool_speed: Positive = 0.25
    """Of every point of the arm [m/s]."""
    joint_speed: Speeds | None = None
    """[rad/s]; a quarter of the rated speed, at most 0.8, where it is not given."""
    acceleration: Positive = 4.0
    """[rad/s^2]"""
    jerk: Positive = 200.0
    """[rad/s^3]"""
    brake_acceleration: Positive = 10.0
    brake_jerk: Positive = 500.0
    joint_margin: NotNegative = 0.05
    """Kept from the ends of the joints' ranges [rad]."""
    low: tuple[Finite, ...] | None = None
    high: tuple[Finite, ...] | None = None
    """Joint ranges [rad], inside the model's."""
    command_age: Positive = 0.1
    """A command older than this is not begun [s]."""
    grace: Positive = 0.01
    """A command that is this much overdue is missed: the arm brakes, and holds until one comes [s]."""
    stall_stop: Positive = 2.0
    """A stall this long is a latched stop [s]."""
    stale: Positive = 0.09
    """Readings that have not advanced for so long are a fault [s]."""
    jump: Positive = 0.35
    """A command this far from where the arm is, by any joint, is refused [rad]."""
    tracking: Positive = 0.2
    """An arm this far from what was sent to it is a fault [rad]."""
    ramp: NotNegative = 1.0
    """After arming, the speed grows to its limit over so long [s]."""
    singular_slow: Positive = 17.0
    singular_stop: Positive = 30.0
    """Condition numbers of the Jacobian from which motions into a singularity are slowed, and refused."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.singular_stop <= self.singular_slow:
            raise ValueError(f"singular_stop {self.singular_stop} must be above singular_slow {self.singular_slow}")
        if self.brake_acceleration < self.acceleration or self.brake_jerk < self.jerk:
            raise ValueError("braking (brake_acceleration, brake_jerk) must not be weaker than acceleration and jerk")
        return self


class Force(Part):
    """Thresholds of the external force [N] and torque [Nm] at the tool, above the reading at rest where it was armed.
    Our choice, not a standard's figures."""

    warn: Positive = 15.0
    hold: Positive = 20.0
    stop: Positive = 35.0
    torque_hold: Positive = 8.0
    torque_stop: Positive = 15.0
    debounce: NotNegative = 0.01
    """How long it must be so [s]."""
    hysteresis: Annotated[Positive, Field(le=1)] = 0.8
    """A threshold is left below this share of it."""
    zero: Flag = True
    """Count from the reading on arming, since sensors drift and payloads are known roughly."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not (self.warn <= self.hold <= self.stop and self.torque_hold <= self.torque_stop):
            raise ValueError(f"warn {self.warn} <= hold {self.hold} <= stop {self.stop} must hold, for torques too")
        return self


class Gripper(Part):
    """The fingers: most opening [m], and the most force that may be asked for [N]."""

    opening: Positive | None = None
    force: Positive = 20.0


class CameraFile(Part):
    """A camera: where its frames come from, what size, and how old one may be."""

    name: Name
    kind: Literal["opencv", "realsense", "files"] = "opencv"
    source: str | Whole = 0
    """A device's number, path or URL (opencv), a serial number or 0 for the only one (realsense), a folder or a video
    (files)."""
    width: Annotated[Whole, Field(gt=0)] = 640
    height: Annotated[Whole, Field(gt=0)] = 480
    fps: Positive = 30.0
    max_age: Positive = 0.2
    """A frame older than this is a fault [s]."""
    depth: Flag = False
    """Distances beside the picture (realsense)."""
    matrix: tuple[Three, Three, Three] | None = None
    """Intrinsics [px]."""
    distortion: tuple[Finite, ...] = ()
    pose: Frame | None = None
    """Of the camera in the base's frame; in the flange's where `on_flange`."""
    on_flange: Flag = False

    @model_validator(mode="after")
    def _calibrated(self) -> Self:
        if self.kind == "files" and (self.source == "" or isinstance(self.source, int)):
            raise ValueError(f"camera {self.name!r} of kind 'files' needs source, a folder of pictures or a video")
        if self.depth and self.kind != "realsense":
            raise ValueError(f"camera {self.name!r}: depth is of kind 'realsense' alone, not {self.kind!r}")
        if self.on_flange and self.pose is None:
            raise ValueError(f"camera {self.name!r} on_flange needs pose, the camera in the flange's frame")
        if len(self.distortion) not in Lens:
            raise ValueError(f"camera {self.name!r} has {len(self.distortion)} distortion numbers; OpenCV's are {Lens}")
        if self.matrix is not None:
            (fx, _, cx), (zero, fy, cy), last = self.matrix
            inside = 0 < cx < self.width and 0 < cy < self.height
            if min(fx, fy) <= 0 or zero != 0 or last != (0, 0, 1) or not inside:
                raise ValueError(
                    f"camera {self.name!r}: matrix is ((fx, s, cx), (0, fy, cy), (0, 0, 1)) with its centre inside "
                    f"{self.width} x {self.height} px, not {self.matrix}; was it calibrated at another size?"
                )
        return self


class World(Part):
    """Where a robot's surroundings come from.

    For kind "sim" the gymnasium id that is the robot. For an arm, a twin: a simulated world whose hand follows the
    arm's tool, and which gives policies what they observe; for rehearsals.
    """

    env: Name
    options: dict[str, Any] = Field(default_factory=dict)
    frame: Frame = Frame()
    """The world's origin in the base's frame."""
