"""One file that describes one robot: TOML, checked whole before anything is opened.

    id = "ur5e-left"
    kind = "ur"
    model = "ur5e"
    host = "192.168.1.10"

    [workspace]                 # where the tool may be, in the base's frame [m]
    low = [-0.8, -0.4, 0.02]
    high = [-0.2, 0.4, 0.7]

Whatever is left out has a default, which description_parts.py tells; an unknown key, a value that is none, and a
contradiction (a box that does not hold the home pose, a speed of zero) are refused by name.
"""

import ipaddress
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self, get_args

import numpy as np
from jaxtyping import Float64
from pydantic import Field, ValidationError, model_validator

from embodied import plugins
from real_robot.actions import Actions
from real_robot.description_parts import (
    EACH,
    ONE,
    Box,
    CameraFile,
    Finite,
    Force,
    Frame,
    Gripper,
    KeepOut,
    Limits,
    Name,
    Part,
    Positive,
    Three,
    Tool,
    World,
)  # fmt: skip
from real_robot.models import Model, model

__all__ = [
    "Box", "CameraFile", "Description", "Finite", "Force", "Frame", "Gripper", "KeepOut", "Limits", "Part", "Positive",
    "Three", "Tool", "World", "describe", "load", "loopback",
]  # fmt: skip
SHARE, FASTEST = 0.25, 0.8
"""Joint speeds that no file names: this share of the rated ones, and never more [rad/s]."""


class Description(Part):
    """A robot, and how it may be used."""

    id: Name
    """What a person types before the real arm moves."""
    kind: Literal["ur", "xarm", "franka", "sim"]
    model: str = ""
    host: Name = "127.0.0.1"
    mount: Frame = Frame()
    """The base in the world."""
    tool: Tool = Tool()
    workspace: Box | None = None
    keepouts: tuple[KeepOut, ...] = ()
    home: tuple[Finite, ...] | None = None
    """Joints [rad]; the model's usual pose where it is not given."""
    limits: Limits = Limits()
    force: Force = Force()
    gripper: Gripper = Gripper()
    cameras: tuple[CameraFile, ...] = ()
    world: World | None = None
    actions: Actions | None = None
    """What a policy's action means; tool deltas of 3 cm where it is not given."""
    vendor: dict[str, Any] = Field(default_factory=dict)
    """Options of the vendor's adapter, checked by it."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for what, names in (
            ("cameras", [camera.name for camera in self.cameras]),
            ("keep-outs", [keepout.name for keepout in self.keepouts]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {what} have one name, {', '.join(map(repr, twice))}")
        if self.kind == "sim":
            if self.world is None:
                raise ValueError('a robot of kind "sim" needs [world] with env, a gymnasium id')
            return self
        arm = self.arm
        if arm.kind != self.kind:
            raise ValueError(f"model {self.model!r} is of kind {arm.kind!r}, not {self.kind!r}")
        if self.workspace is None:
            raise ValueError("an arm needs [workspace] with low and high: the box that its tool may be in")
        joints = arm.chain.joints
        for name, given in (("home", self.home), ("limits.low", self.limits.low), ("limits.high", self.limits.high)):
            if given is not None and len(given) != joints:
                raise ValueError(f"{name} has {len(given)} numbers; {self.model} has {joints} joints")
        if isinstance(self.limits.joint_speed, tuple) and len(self.limits.joint_speed) != joints:
            raise ValueError(f"limits.joint_speed has {len(self.limits.joint_speed)} numbers; {joints} joints")
        self._within(arm)
        if self.tool.mass > arm.payload:
            raise ValueError(f"tool.mass {self.tool.mass} kg is more than {self.model} carries ({arm.payload} kg)")
        plugins.plugin("real_robot:ROBOTS", self.kind, "robot").options(self.vendor)
        return self

    def _within(self, arm: Model) -> None:
        limits = self.limits
        for name, asked, most in (
            ("acceleration", limits.acceleration, arm.acceleration),
            ("jerk", limits.jerk, arm.jerk),
            ("brake_acceleration", limits.brake_acceleration, arm.acceleration),
            ("brake_jerk", limits.brake_jerk, arm.jerk),
        ):
            if asked > most:
                raise ValueError(f"limits.{name} {asked:g} is more than {self.model} takes ({most:g})")
        if (self.joint_speed > np.array(arm.speed)).any():
            raise ValueError(f"limits.joint_speed {self.joint_speed.tolist()} is more than rated, {list(arm.speed)}")
        low, high = self.range
        if (low < np.array(arm.low)).any() or (high > np.array(arm.high)).any() or (low >= high).any():
            raise ValueError(
                f"joint ranges {low.tolist()} to {high.tolist()} leave {self.model}'s, {arm.low} to {arm.high}"
            )
        self._home_is_inside(arm)

    def _home_is_inside(self, arm: Model) -> None:
        q, (low, high) = self.home_q, self.range
        if (q < low).any() or (q > high).any():
            raise ValueError(f"home {q.tolist()} leaves the joint ranges {low.tolist()} to {high.tolist()}")
        at, box = arm.chain.pose(q, self.tool.pose)[:3, 3], self.workspace
        assert box is not None
        if (at < box.low).any() or (at > box.high).any():
            raise ValueError(
                f"the workspace {box.low} to {box.high} excludes home, where the tool is at "
                f"({', '.join(f'{x:.3f}' for x in at)}) m of the base; move one of them"
            )
        points = arm.chain.points(q, self.tool.pose)
        for keepout in self.keepouts:
            if any(keepout.holds(point) for point in points):
                raise ValueError(f"keep-out {keepout.name!r} holds a part of the arm at home; move one of them")

    @cached_property
    def arm(self) -> Model:
        """The maker's arm."""
        try:
            return model(self.model)
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None

    @cached_property
    def home_q(self) -> Float64[np.ndarray, " n"]:
        """The home pose [rad]."""
        return np.array(self.home or self.arm.home, np.float64)

    @cached_property
    def joint_speed(self) -> Float64[np.ndarray, " n"]:
        """The limit of each joint [rad/s]."""
        rated, asked = np.array(self.arm.speed), self.limits.joint_speed
        if asked is None:
            return np.minimum(SHARE * rated, FASTEST)
        return np.broadcast_to(np.asarray(asked, np.float64), rated.shape).copy()

    @cached_property
    def range(self) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
        """Joint ranges with the margin taken off [rad]."""
        limits, arm = self.limits, self.arm
        low = np.array(arm.low) + limits.joint_margin if limits.low is None else np.array(limits.low)
        high = np.array(arm.high) - limits.joint_margin if limits.high is None else np.array(limits.high)
        return low, high

    @property
    def opening(self) -> float:
        """Of the gripper at most [m]."""
        return self.gripper.opening or self.arm.opening

    @property
    def rehearsal(self) -> bool:
        """Whether no hardware is meant: a simulation, or a controller on this machine."""
        return self.kind == "sim" or loopback(self.host)


def loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(path: str | Path) -> Description:
    """The robot that a file describes; ValueError that names the file, the key, the value and the way out."""
    file = Path(path)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"no robot file {file}; `embodied robots --example ur` prints one to begin with") from None
    except OSError as error:
        raise ValueError(f"robot file {file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"robot file {file} is no TOML: {error}") from None
    return describe(table, f"robot file {file}")


def describe(table: dict[str, Any], where: str = "this robot") -> Description:
    """The same from a table that was read already."""
    try:
        return Description.model_validate(table)
    except ValidationError as error:
        raise ValueError(f"{where}: " + "; ".join(_told(each) for each in error.errors())) from None


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"] if part not in (ONE, EACH))
    if error["type"] == "extra_forbidden":
        known = _known(error["loc"][:-1])
        close = plugins.nearest(str(error["loc"][-1]), known)
        return f"no key {place!r}; " + (f"did you mean {close!r}?" if close else f"there are {', '.join(known)}")
    if error["type"] == "missing" and isinstance(error["loc"][-1], int):
        place = ".".join(str(part) for part in error["loc"][:-1])
        return f"{place}: has {error['loc'][-1]} numbers, which are too few"
    text = error["msg"].removeprefix("Value error, ")
    value = error.get("input")
    shown = "" if isinstance(value, dict) or not place or error["type"] == "missing" else f" (it is {value!r})"
    return f"{place}: {text}{shown}" if place else text


def _known(path: tuple[Any, ...]) -> list[str]:
    part: Any = Description
    for name in path:
        if not isinstance(name, int):
            part = next(each for each in _parts(part.model_fields[name].annotation))
    return list(part.model_fields)


def _parts(annotation: Any) -> Iterator[type[Part]]:
    """The tables that a key may hold."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)
