"""What a Universal Robots controller may do now: its robot mode, its safety mode, and the state of its program.

The numbers are those on the wire (vendor source). Vendor documentation: a protective stop may be unlocked 5 s after
it came, and pauses the program, which resuming would carry on with the old motion. Assumed: how long powering on and
releasing brakes take, that an emergency stop ends the program and takes the power, and every code of a stop.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

UNLOCK_AFTER = 5.0
"""[s] Vendor documentation of the dashboard; not seen on hardware."""


class RobotMode(IntEnum):
    """robot_mode."""

    POWER_OFF = 3
    POWER_ON = 4
    IDLE = 5
    RUNNING = 7


class SafetyMode(IntEnum):
    """safety_mode."""

    NORMAL = 1
    REDUCED = 2
    PROTECTIVE_STOP = 3
    SAFEGUARD_STOP = 5
    ROBOT_EMERGENCY_STOP = 7
    VIOLATION = 8
    FAULT = 9


class Runtime(IntEnum):
    """runtime_state, of the program."""

    STOPPED = 1
    PLAYING = 2
    PAUSED = 4


MODES = ("off", "idle", "stopped", "playing", "paused", "protective stop", "safeguard stop", "emergency stop", "fault")
"""One word for all three states, which is the mode of a journal's row."""
_STOPS = {
    SafetyMode.PROTECTIVE_STOP: "protective stop",
    SafetyMode.SAFEGUARD_STOP: "safeguard stop",
    SafetyMode.ROBOT_EMERGENCY_STOP: "emergency stop",
    SafetyMode.VIOLATION: "fault",
    SafetyMode.FAULT: "fault",
}
_BITS = {  # vendor source: bits 0..10 of safety_status_bits; 7 is any emergency stop, 10 any stop for safety
    SafetyMode.NORMAL: 1 << 0,
    SafetyMode.REDUCED: 1 << 1,
    SafetyMode.PROTECTIVE_STOP: 1 << 2 | 1 << 10,
    SafetyMode.SAFEGUARD_STOP: 1 << 4 | 1 << 10,
    SafetyMode.ROBOT_EMERGENCY_STOP: 1 << 6 | 1 << 7 | 1 << 10,
    SafetyMode.VIOLATION: 1 << 8 | 1 << 10,
    SafetyMode.FAULT: 1 << 9 | 1 << 10,
}


class Violation(Exception):
    """A limit that the controller itself would not let the arm pass; `code` is assumed."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why


@dataclass
class Safety:
    """The three states; `say` hears of every change. Times are seconds of the controller's own clock."""

    say: Callable[..., None]
    boot: float = 0.2
    robot: RobotMode = RobotMode.RUNNING
    safety: SafetyMode = SafetyMode.NORMAL
    runtime: Runtime = Runtime.STOPPED
    reason: str = ""
    stopped_at: float = field(default=-1e9)
    _next: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def tick(self, now: float) -> None:
        """Let what was begun come about."""
        while self._next and self._next[0][0] <= now:
            self._next.pop(0)[1]()

    def _after(self, at: float, act: Callable[[], None]) -> None:
        self._next = sorted([*self._next, (at, act)], key=lambda each: each[0])

    def _become(self, why: str = "", **states: Any) -> None:
        before = self.mode
        for name, value in states.items():
            setattr(self, name, value)
        self.reason = why or self.reason
        if self.mode != before:
            self.say("mode", mode=self.mode, before=before, why=why)

    @property
    def mode(self) -> str:
        """One of MODES."""
        if self.safety in _STOPS:
            return _STOPS[self.safety]
        if self.robot is not RobotMode.RUNNING:
            return "idle" if self.robot is RobotMode.IDLE else "off"
        return self.runtime.name.lower()

    @property
    def ready(self) -> bool:
        """Whether a program may start and joints may be driven."""
        return self.robot is RobotMode.RUNNING and self.safety in (SafetyMode.NORMAL, SafetyMode.REDUCED)

    @property
    def moving_allowed(self) -> bool:
        """Whether the program's motion goes on in this tick."""
        return self.ready and self.runtime is Runtime.PLAYING

    @property
    def _paused(self) -> Runtime:
        return Runtime.PAUSED if self.runtime is Runtime.PLAYING else self.runtime

    @property
    def safety_bits(self) -> int:
        """safety_status_bits."""
        return _BITS[self.safety]

    @property
    def robot_bits(self) -> int:
        """robot_status_bits: bit 0 is power, bit 1 a running program (vendor source). Assumed: a paused one is not."""
        return int(self.robot >= RobotMode.IDLE) | int(self.runtime is Runtime.PLAYING) << 1

    def play(self) -> None:
        """Start or resume the program."""
        self._become(runtime=Runtime.PLAYING)

    def pause(self, why: str) -> None:
        """Pause the program if one plays."""
        self._become(why, runtime=self._paused)

    def stop(self, why: str) -> None:
        """End the program; nothing stays to be resumed."""
        self._become(why, runtime=Runtime.STOPPED)

    def protective_stop(self, code: str, why: str, now: float) -> None:
        """Pause whatever plays, until it is unlocked; a graver stop stays."""
        if self.safety not in (SafetyMode.NORMAL, SafetyMode.REDUCED):
            return
        self.stopped_at = now
        self.say("protective stop", code=code, why=why)
        self._become(f"{code} {why}", safety=SafetyMode.PROTECTIVE_STOP, runtime=self._paused)

    def unlock(self, now: float) -> bool:
        """Leave a protective stop; False before its time. The program stays paused."""
        if self.safety is not SafetyMode.PROTECTIVE_STOP:
            return True
        if now - self.stopped_at < UNLOCK_AFTER:
            return False
        self._become("unlocked", safety=SafetyMode.NORMAL)
        return True

    def safeguard(self, until: float) -> None:
        """A guard is open until then; assumed: with automatic reset, after which a paused program plays on."""
        if self.ready:
            self._become("safeguard", safety=SafetyMode.SAFEGUARD_STOP, runtime=self._paused)
        self._after(until, self._close_guard)

    def _close_guard(self) -> None:
        if self.safety is SafetyMode.SAFEGUARD_STOP:
            resumed = Runtime.PLAYING if self.runtime is Runtime.PAUSED else self.runtime
            self._become("guard closed", safety=SafetyMode.NORMAL, runtime=resumed)

    def emergency_stop(self, why: str = "emergency stop") -> None:
        """The button: the program ends and the power goes; only `release` undoes it, never the wire."""
        self._next.clear()
        self._become(
            why, safety=SafetyMode.ROBOT_EMERGENCY_STOP, robot=RobotMode.POWER_OFF, runtime=Runtime.STOPPED
        )  # fmt: skip

    def release(self) -> None:
        """The button is pulled out again."""
        if self.safety is SafetyMode.ROBOT_EMERGENCY_STOP:
            self._become("button released", safety=SafetyMode.NORMAL)

    def fail(self, safety: SafetyMode, why: str) -> None:
        """A violation or a fault: only a restart of the safety leads out (vendor documentation)."""
        self._next.clear()
        self._become(why, safety=safety, robot=RobotMode.POWER_OFF, runtime=Runtime.STOPPED)

    def restart(self) -> bool:
        """Restart the safety after a violation or a fault; the power is off then."""
        if self.safety in (SafetyMode.VIOLATION, SafetyMode.FAULT):
            self._become("safety restarted", safety=SafetyMode.NORMAL)
        return self.safety is SafetyMode.NORMAL

    def power_on(self, now: float) -> bool:
        """Power to the drives, brakes still on."""
        if self.safety is not SafetyMode.NORMAL:
            return False
        if self.robot is RobotMode.POWER_OFF:
            self._become("power on", robot=RobotMode.POWER_ON)
            self._after(now + self.boot, lambda: self._become("powered", robot=RobotMode.IDLE))
        return True

    def brake_release(self, now: float) -> bool:
        """Brakes off, powering on first where needed (vendor documentation)."""
        if not self.power_on(now):
            return False
        if self.robot is not RobotMode.RUNNING:
            self._after(now + 2 * self.boot, lambda: self._become("brakes released", robot=RobotMode.RUNNING))
        return True

    def power_off(self) -> None:
        """No power; the program ends."""
        self._next.clear()
        self._become("power off", robot=RobotMode.POWER_OFF, runtime=Runtime.STOPPED)
