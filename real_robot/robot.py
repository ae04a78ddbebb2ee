"""The contracts of this package: a vendor's arm as its worker drives it, and a robot as a policy or a person drives it.

An `Arm` wraps one vendor's client and lives in the worker process alone, which may die. A `Robot` is what everybody
else has in hand: every command passes the governor's limits, and `send` tells what was sent and why it differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float64, Shaped

from embodied.spec import Spec


class Mode(StrEnum):
    """How a robot stands. `stopped` and `fault` are latched: only an acknowledgement leaves them."""

    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    ARMED = "armed"
    RUNNING = "running"
    HOLDING = "holding"
    STOPPED = "stopped"
    FAULT = "fault"


class Stop(StrEnum):
    """Kinds of software stop. None is an emergency stop: that is the red button, in hardware.

    `hold` decelerates within the limits and goes on with the next command; `stop` decelerates within the limits and
    latches; `abort` has the vendor's controller stop the arm by itself, on a path of its own, and latches.
    """

    HOLD = "hold"
    STOP = "stop"
    ABORT = "abort"


@dataclass(frozen=True)
class Fault:
    """Why an arm will not move: a name of ours, the vendor's words and code, and whether `recover` can clear it."""

    name: str
    text: str
    code: str = ""
    clearable: bool = True

    def __str__(self) -> str:
        return f"{self.name}: {self.text}" + (f" [{self.code}]" if self.code else "")


class RobotFault(RuntimeError):
    """An arm refuses, failed, or went silent; `fault` says how."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class StaleObservation(RuntimeError):
    """A reading is older than it may be."""


@dataclass(frozen=True)
class Check:
    """One thing looked at on connecting, such as the vendor's own safety configuration.

    `level` "refuse" means that it must be put right before the arm may be armed; "warn" is shown and recorded.
    """

    name: str
    level: str
    text: str

    def __post_init__(self) -> None:
        if self.level not in ("ok", "warn", "refuse"):
            raise ValueError(f"a check is ok, warn or refuse, not {self.level!r}")


@dataclass(frozen=True)
class Capabilities:
    """What an arm can do, known before connecting."""

    joints: int
    servo_hz: float
    """How often `servo` wants to be called [1/s]."""
    gripper: bool = True
    force: bool = True
    freedrive: bool = True
    deadman: float | None = None
    """Seconds after which the controller itself stops the arm when targets end; None: it holds the last target."""
    overshoot: float = 1.0
    """The arm's largest acceleration as a multiple of its targets': these are planned to that much less."""


@dataclass(frozen=True, eq=False)
class ArmState:
    """One reading. `stamp` is this machine's monotonic clock when it was decoded, and does not advance when the stream
    is frozen; `clock` is the controller's own [s], NaN where it has none."""

    stamp: int
    clock: float
    q: Float64[np.ndarray, " n"]
    qd: Float64[np.ndarray, " n"]
    wrench: Float64[np.ndarray, " 6"]
    """External force [N] and torque [Nm] at the tool in the base's axes; NaN where nothing measures it."""
    gripper: float
    """Opening between the fingers [m]; NaN without one."""
    ready: bool
    """Whether it takes servo targets now."""
    fault: Fault | None = None
    """What the controller says is wrong now."""
    status: str = ""
    """The vendor's words for its mode."""


class Arm(Protocol):
    """One vendor's client, driven by one thread of the worker at `capabilities.servo_hz`.

    Every call raises RobotFault where the arm refuses or the link fails, and nothing else. Only `abort` may be called
    from another thread, while any other call is blocked.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def connect(self) -> tuple[Check, ...]:
        """Open every link and look at the vendor's configuration. Nothing moves."""
        ...

    def read(self) -> ArmState:
        """The newest reading, at once."""
        ...

    def ready(self) -> None:
        """Power, mode, program: after it servo targets are taken. Nothing moves; may take seconds."""
        ...

    def servo(self, q: Float64[np.ndarray, " n"], qd: Float64[np.ndarray, " n"]) -> None:
        """The target of this period [rad] and its velocity [rad/s]; returns without waiting for the motion."""
        ...

    def grip(self, opening: float, force: float) -> None:
        """Move the fingers to an opening [m] with at most a force [N]; returns without waiting."""
        ...

    def halt(self) -> None:
        """Leave servoing now, by the vendor's ordinary stop; no target is taken until `ready`. Safe at any time."""
        ...

    def abort(self) -> None:
        """The same on a link of its own, from any thread, waiting for no other call."""
        ...

    def recover(self) -> None:
        """Clear a fault after a person acknowledged it. Nothing moves, and `ready` must follow."""
        ...

    def freedrive(self, on: bool) -> None:
        """Let a person move the arm by hand, or not."""
        ...

    def close(self) -> None:
        """Halt and let go of every link; safe twice."""
        ...


class Reason(StrEnum):
    """Why what was sent differs from what was asked for."""

    SHAPE = "shape"
    NOT_FINITE = "not finite"
    STALE = "too old"
    ORDER = "out of order"
    JUMP = "far from where the arm is"
    JOINT_RANGE = "joint range"
    SPEED = "speed"
    WORKSPACE = "workspace"
    KEEP_OUT = "keep-out"
    SINGULAR = "singularity"
    FORCE = "force"
    LATE = "late tick"
    NO_COMMAND = "no command"
    NOT_RUNNING = "not running"
    GRIPPER = "gripper"


@dataclass(frozen=True, eq=False)
class Sent:
    """What became of a command."""

    sequence: int
    q: Float64[np.ndarray, " n"]
    """The joint target that was last sent to the arm [rad]."""
    gripper: float
    reasons: tuple[Reason, ...] = ()
    """Everything that changed a command since the last `send`; empty where it was sent as it was."""
    stamp: int = 0


@dataclass(frozen=True, eq=False)
class Reading:
    """What a robot senses at one moment, for policies and records."""

    obs: Mapping[str, Shaped[np.ndarray, "..."]]
    stamp: int
    mode: Mode
    state: ArmState | None = None
    faults: tuple[Fault, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)


class Robot(Protocol):
    """Anything a policy can drive. `spec` is readable while unconnected; `stop` is safe at any time, from any thread,
    and twice; leaving the context is the same exit for a normal end, an error and a signal."""

    @property
    def spec(self) -> Spec: ...

    @property
    def mode(self) -> Mode: ...

    def start(self, seed: int | None = None) -> Reading:
        """Connect where that is not done, arm, and give the first reading; an episode begins."""
        ...

    def read(self) -> Reading:
        """The newest reading; StaleObservation or RobotFault where there is none that may be trusted."""
        ...

    def send(self, action: Float64[np.ndarray, " a"]) -> Sent:
        """One action of the spec; what was sent of it, and why it differs."""
        ...

    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None: ...

    def acknowledge(self) -> None:
        """A person has seen the latched fault or stop and wants to go on; reads the pose again."""
        ...

    def close(self) -> None: ...
