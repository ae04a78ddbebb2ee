"""The xArm's state machine and what trips it: errors latch, refuse motion, and are cleared by hand.

States: 1 in motion, 2 ready, 3 paused, 4 stopped, 5 reconfigured (vendor thread), 6 stopping gently. Error codes are
vendor source (core/config/x_code.py); when they are raised is assumed where nothing else is said.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot.controllers.plant import Limits, Plant
from real_robot.controllers.xarm_settings import Settings
from real_robot.controllers.xarm_wire import ERROR, NOT_READY, WARNING

MOVING, READY, PAUSED, STOPPED, CHANGED, STOPPING = 1, 2, 3, 4, 5, 6
BUTTON, SWITCH, THREE_STATE = 1, 2, 3
KINEMATIC, SELF_COLLISION, JOINT_RANGE, SPEED, COLLISION, BOUNDARY, LINEAR_SPEED = 21, 22, 23, 24, 31, 35, 60
POWER_CUT = frozenset({BUTTON, SWITCH, THREE_STATE, *range(10, 18)})
"""Errors that also take the motors' power; after the others they stay enabled (assumed)."""
PARAMETER, UNKNOWN, UNSOLVED = 12, 13, 14
"""Warnings: a parameter is wrong, there is no such function, no solution."""
MODES = (
    "position",
    "servo",
    "teach",
    "none",
    "joint velocity",
    "cartesian velocity",
    "online joint",
    "online cartesian",
)
NAMES = (*MODES, "paused", "stopped", "error")
"""What a journal's mode column counts."""
THRESHOLDS = (math.inf, 120.0, 90.0, 60.0, 40.0, 25.0)
"""Force at the tool [N] that is taken for a collision, by sensitivity; the real arm judges motor currents (assumed)."""
COLUMN = (0.085, 0.30)
"""Radius and height [m] of the base's column, which the wrist must not enter (assumed; the real one has all links)."""
TURN, SPEED_LIMIT = 2 * math.pi, math.radians(180.0)
ACCELERATION = 100.0
"""Of the drives themselves [rad/s^2] (assumed); planned motion keeps the client's own, at most 20 (vendor source)."""
RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "xarm6": (
        (-TURN, TURN), (-2.059488, 2.094395), (-3.92699, 0.191986), (-TURN, TURN), (-1.692969, math.pi), (-TURN, TURN),
    ),
    "xarm7": (
        (-TURN, TURN), (-2.059488, 2.094395), (-TURN, TURN), (-0.191986, 3.92699), (-TURN, TURN),
        (-1.692969, math.pi), (-TURN, TURN),
    ),
}  # fmt: skip
"""Vendor source: the client's tables XARM6_X4 and XARM7_X4, for serial numbers before 1305."""


def limits(model: str) -> Limits:
    """Of a model's joints; KeyError with the known ones."""
    if model not in RANGES:
        raise KeyError(f"no xArm {model!r} is simulated; there are {', '.join(RANGES)}")
    low, high = np.array(RANGES[model]).T
    return Limits(low, high, np.full(len(low), SPEED_LIMIT), np.full(len(low), ACCELERATION))


@dataclass
class Safety:
    """State, mode, error, warning and enabled motors (a bit each) of `axes` joints; `note` gets every change."""

    axes: int
    note: Callable[..., None] = lambda name, **facts: None
    state: int = STOPPED
    mode: int = 0
    error: int = 0
    warning: int = 0
    enabled: int = 0
    pressed: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def all_enabled(self) -> bool:
        """Whether every motor has power."""
        return self.enabled == (1 << self.axes) - 1

    @property
    def running(self) -> bool:
        """Whether motion is executed."""
        return self.state in (MOVING, READY) and not self.error and self.all_enabled

    @property
    def accepting(self) -> bool:
        """Whether motion may be ordered: while it runs, and in a pause of mode 0, whose queue fills (assumed)."""
        paused = self.state == PAUSED and self.mode == 0 and not self.error and self.all_enabled
        return self.running or paused

    @property
    def status(self) -> int:
        """The status byte of a reply."""
        latched = (ERROR if self.error else 0) | (WARNING if self.warning else 0)
        return latched | (0 if self.accepting else NOT_READY)

    @property
    def doing(self) -> int:
        """Where in `NAMES` it is."""
        if self.error:
            return len(MODES) + 2
        if self.running:
            return self.mode
        return len(MODES) + (0 if self.state == PAUSED else 1)

    def set_state(self, wanted: int) -> bool:
        """0 run, 3 pause, 4 stop, 6 stop gently (vendor source); whether it did.

        With an error or without power it stays where it is (assumed); the client's set_state returns 0 all the same.
        """
        if wanted == 0:
            if self.error or not self.all_enabled:
                return False
            self._enter(READY)
        elif wanted == PAUSED:
            if not self.running:
                return False
            self._enter(PAUSED)
        elif wanted == STOPPING:
            self._enter(STOPPING if self.running else STOPPED)
        elif wanted == STOPPED:
            self._enter(STOPPED)
        else:
            return False
        return True

    def set_mode(self, wanted: int) -> bool:
        """Change the mode, which leaves state 5: nothing moves until state 0 is set (vendor thread)."""
        if not 0 <= wanted < len(MODES) or wanted == 3:
            return False
        if 2 in (wanted, self.mode) and 0 not in (wanted, self.mode) and self.state != CHANGED:
            wanted = 0  # to and from teaching it goes by way of mode 0 (vendor thread, seen by a user)
        self._mode(wanted)
        self._enter(STOPPED if self.error else CHANGED)
        return True

    def reconfigured(self) -> None:
        """A setting that planning depends on has changed: mode 0, state 5 (vendor thread)."""
        self._mode(0)
        self._enter(STOPPED if self.error else CHANGED)

    def fail(self, code: int, **facts: Any) -> None:
        """Latch an error: state 4, mode 0 (vendor thread). A first error is not replaced by a later one."""
        if self.error:
            return
        self.error, self.details = code, facts
        self.note("error", code=code, **facts)
        if code in POWER_CUT:
            self.enabled = 0
        self._mode(0)
        self._enter(STOPPED)

    def warn(self, code: int) -> None:
        """Latch a warning; it stops nothing."""
        if self.warning != code:
            self.note("warning", code=code)
        self.warning = code

    def clean(self) -> None:
        """Clear the error; a pressed emergency button raises it again at once. The state stays 4 (assumed)."""
        self.note("cleaned", code=self.error)
        self.error = 0
        if self.pressed:
            self.fail(self.pressed)

    def enable(self, axis: int, on: bool) -> bool:
        """Power for one motor, or for all with 8; refused while an error stands (assumed)."""
        bits = (1 << self.axes) - 1 if axis == 8 else 1 << (axis - 1)
        if not 1 <= axis <= 8 or (on and self.pressed):
            return False
        self.enabled = self.enabled | bits if on else self.enabled & ~bits
        self.enabled &= (1 << self.axes) - 1
        self.note("enabled", motors=self.enabled)
        if not self.all_enabled:
            self._enter(STOPPED)
        return True

    def press(self, code: int) -> None:
        """Press an emergency stop (1 to 3), or let go of it with 0."""
        self.pressed = code
        if code:
            self.error = 0
            self.fail(code)

    def settle(self, busy: bool, still: bool) -> None:
        """State 1 while something moves, 2 when not; 6 ends in 4 once the arm stands (assumed)."""
        if self.state in (MOVING, READY):
            self.state = MOVING if busy else READY
        elif self.state == STOPPING and still:
            self._enter(STOPPED)

    def _enter(self, state: int) -> None:
        if self.state != state and {self.state, state} != {MOVING, READY}:
            self.note("state", state=state)
        self.state = state

    def _mode(self, mode: int) -> None:
        if mode != self.mode:
            self.note("mode", mode=mode, called=MODES[mode])
        self.mode = mode


def judge(
    plant: Plant,
    wrist: Float64[np.ndarray, "k 3"],
    speed: float,
    force: float,
    mode: int,
    settings: Settings,
) -> tuple[int, dict[str, Any]] | None:
    """The error this tick earns, and its facts; `wrist` ends with the tool's point [m], `speed` is its own [m/s]."""
    out = plant.beyond()
    if out is None and settings.reduced:
        low, high = np.array(settings.reduced_joint_range).reshape(7, 2)[: len(plant.q)].T
        wrong = np.flatnonzero((plant.q < low) | (plant.q > high))
        out = int(wrong[0]) if len(wrong) else None
    if out is not None:
        return JOINT_RANGE, {"joint": out + 1, "angle": float(plant.q[out])}
    if force > THRESHOLDS[settings.collision_sensitivity]:
        return COLLISION, {"newtons": force, "threshold": THRESHOLDS[settings.collision_sensitivity]}
    if mode == 1 and 1000 * speed > settings.servo_speed:
        return LINEAR_SPEED, {"limit": settings.servo_speed, "speed": 1000 * speed}
    tool = 1000 * wrist[-1]
    high, low = np.array(settings.boundary).reshape(3, 2).T
    if settings.fence and bool(((tool > high) | (tool < low)).any()):
        return BOUNDARY, {"tool": [round(float(x), 1) for x in tool]}
    inside = (np.hypot(wrist[:, 0], wrist[:, 1]) < COLUMN[0]) & (wrist[:, 2] > 0.0) & (wrist[:, 2] < COLUMN[1])
    if settings.self_collision and bool(inside.any()):
        return SELF_COLLISION, {"point": [round(float(x), 3) for x in wrist[int(np.flatnonzero(inside)[0])]]}
    return None
