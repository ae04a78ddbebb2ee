"""A Universal Robots controller without its sockets: the arm, its safety, the program that runs, a tick at a time."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np

from real_robot.controllers.journal import Journal
from real_robot.controllers.ur_arm import HOME, Arm
from real_robot.controllers.ur_commands import MOTIONS, NAMES, Registers
from real_robot.controllers.ur_gripper import Gripper
from real_robot.controllers.ur_safety import MODES, RobotMode, Safety, Violation
from real_robot.controllers.ur_script import STOPPING, Script, ScriptError
from real_robot.controllers.ur_wire import Value, Version

FORCE = 150.0
"""[N] Assumed: what the tool may be pushed with before a protective stop; the real figure is set per robot."""
CB3_RATE, E_RATE = 125, 500


def rate_of(version: Version) -> int:
    """Control ticks a second; vendor source: 500 for major versions above 3."""
    return E_RATE if version[0] > 3 else CB3_RATE


class Controller:
    """`tick` once every `dt` seconds; everything else between two ticks. `clock` is its own time since it began."""

    def __init__(
        self,
        model: str = "ur5e",
        version: Version = (5, 12),
        start: tuple[float, ...] = HOME,
        folder: Path | None = None,
        *,
        boot: float = 0.2,
        program_start: float = 0.02,
        force_limit: float = FORCE,
        off: bool = False,
    ) -> None:
        self.model, self.version, self.rate = model, version, rate_of(version)
        self.dt, self.clock, self.ticks, self.began = 1.0 / self.rate, 0.0, 0, time.monotonic()
        self.arm, self.gripper = Arm(model, np.asarray(start, np.float64)), Gripper()
        self.journal = Journal(folder, 6, MODES) if folder else None
        self.events: deque[dict[str, Any]] = deque(maxlen=1000)
        self.safety = Safety(self.say, boot, robot=RobotMode.POWER_OFF if off else RobotMode.RUNNING)
        self.inputs, self.outputs, self.program = Registers(), Registers(), None
        self.program_start, self.force_limit = program_start, force_limit
        self.scale, self.digital, self.commands = 1.0, 0, 0
        self.counts: Counter[str] = Counter()
        self.target_speed = np.zeros(6)
        self._waiting: tuple[float, str] | None = None
        self._fed: dict[str, float] = {}
        self._ramp: tuple[np.ndarray, np.ndarray, float, float] | None = None

    program: Script | None

    def say(self, event: str, **facts: Any) -> None:
        """An event of the journal; without a journal the last thousand are kept."""
        if self.journal:
            self.journal.event(event, clock=round(self.clock, 6), **facts)
        self.events.append({"event": event, **facts})

    def upload(self, text: str) -> None:
        """A program's text; it starts after `program_start` seconds and ends the one that runs."""
        if not self.safety.ready:
            self.say("refused program", why=f"the mode is {self.safety.mode}")
            return
        self.stop("another program is uploaded")
        self._waiting = (self.clock + self.program_start, text)
        self.say("upload", characters=len(text), starts_in=self.program_start)

    def write(self, values: Mapping[str, Value], now: float) -> None:
        """Input fields of one data frame, at a time of the monotonic clock."""
        for name, value in values.items():
            self._fed[name] = now
            kind, _, index = name.rpartition("_")
            if kind == "input_int_register":
                self.inputs.ints[int(index)] = int(value)  # type: ignore[arg-type] # the recipe says INT32
            elif kind == "input_double_register":
                self.inputs.doubles[int(index)] = float(value)  # type: ignore[arg-type] # the recipe says DOUBLE
            else:
                self.inputs.named[name] = value
        self._count(values)
        if values.get("speed_slider_mask"):
            self.scale = min(1.0, max(0.0, float(self.inputs.named.get("speed_slider_fraction", 1.0))))
        for group, shift in (("standard", 0), ("configurable", 8), ("tool", 16)):
            if mask := int(self.inputs.named.get(f"{group}_digital_output_mask", 0)) << shift:
                wanted = int(self.inputs.named.get(f"{group}_digital_output", 0)) << shift
                self.digital = self.digital & ~mask | wanted & mask

    def _count(self, values: Mapping[str, Value]) -> None:
        offset = self.program.int_offset if self.program else 0
        asked = values.get(f"input_int_register_{offset}")
        if asked is None:
            return
        command = int(asked)  # type: ignore[arg-type] # the recipe says INT32
        name = NAMES.get(command, f"command {command}")
        self.counts[name] += 1
        self.commands += command in MOTIONS
        if self.counts[name] == 1:
            self.say("command", kind=name)

    def push(self, newtons: float, seconds: float, direction: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> None:
        """An outside force on the tool that grows to so much in so long, along a direction of the base's frame."""
        along = np.asarray(direction, np.float64)
        goal = np.concatenate([newtons * along / np.linalg.norm(along), np.zeros(3)])
        self._ramp = (self.arm.pushed.copy(), goal, self.clock, max(seconds, self.dt))

    def stop(self, why: str) -> None:
        """End the program, if there is one."""
        self._waiting = None
        if self.program is not None:
            self.program = None
            self.say("program ends", why=why)
            self.safety.stop(why)

    def resume(self) -> None:
        """Carry on with a paused program: the old motion goes on, from where the arm is now."""
        if self.program is not None:
            self.program.resume()
            self.safety.play()

    def tick(self, now: float | None = None) -> None:
        """One control period; `now` is the monotonic clock, for the watchdog."""
        now = time.monotonic() if now is None else now
        self.ticks += 1
        self.clock = self.ticks * self.dt
        mode, before = self.safety.mode, self.arm.plant.target
        self.safety.tick(self.clock)
        if mode == "safeguard stop" and self.safety.moving_allowed:
            self.resume()
        self._begin()
        self._grow()
        self._move(now)
        self.target_speed = (self.arm.plant.target - before) * self.rate
        self.gripper.tick(self.dt)
        self._guard()
        if self.journal:
            self._note()

    def _begin(self) -> None:
        if self._waiting and self.clock >= self._waiting[0]:
            text, self._waiting = self._waiting[1], None
            self.program = Script(text, self.arm, self.inputs, self.outputs, self.dt)
            self.safety.play()
            self.say("program starts", known=self.program.known, register=self.program.int_offset)

    def _grow(self) -> None:
        if self._ramp:
            start, goal, at, seconds = self._ramp
            share = min(1.0, (self.clock - at) / seconds)
            self.arm.pushed = start + share * (goal - start)
            self._ramp = None if share >= 1.0 else self._ramp

    def _move(self, now: float) -> None:
        program = self.program
        if program is None or not self.safety.moving_allowed:
            self.arm.plant.brake(self.dt, STOPPING)
            return
        if self._starved(program, now):
            self.stop("watchdog")
            self.arm.plant.brake(self.dt, STOPPING)
            return
        try:
            if not program.tick(self.dt, self.scale):
                self.stop("its own end")
        except Violation as stop:
            self.arm.plant.brake(self.dt, STOPPING)
            self.safety.protective_stop(stop.code, stop.why, self.clock)
        except ScriptError as error:
            self.arm.plant.brake(self.dt, STOPPING)
            self.say("refused command", why=str(error))
            self.stop(str(error))

    def _starved(self, program: Script, now: float) -> bool:
        if program.watchdog is None:
            return False
        name = f"input_int_register_{program.int_offset}"
        waited = now - self._fed.get(name, now)
        if waited <= 1.0 / program.watchdog:
            return False
        self.say("watchdog", register=name, waited=round(waited, 4), hertz=program.watchdog)
        return True

    def _guard(self) -> None:
        plant = self.arm.plant
        joint = plant.beyond()
        if joint is not None and plant.qd[joint] * plant.q[joint] > 1e-3:
            said = f"joint {joint} is at {plant.q[joint]:.3f} rad"
            self.safety.protective_stop("C157A1", said, self.clock)
        pushed = hypot(*self.arm.pushed[:3])
        if pushed > self.force_limit and self.safety.ready:
            self.safety.protective_stop("C158A0", f"{pushed:.0f} N on the tool", self.clock)

    def _note(self) -> None:
        assert self.journal is not None
        plant, force = self.arm.plant, hypot(*self.arm.force[:3])
        place, mode = self.arm.pose()[:3, 3].tolist(), MODES.index(self.safety.mode)
        parts = (plant.q.tolist(), plant.qd.tolist(), plant.target.tolist(), plant.qdd.tolist(), place, (force,))
        self.journal.row(self.began + self.clock, mode, self.commands, *parts)

    def state(self) -> dict[str, Any]:
        """What the door says of it."""
        plant = self.arm.plant
        return {
            "clock": self.clock,
            "mode": self.safety.mode,
            "reason": self.safety.reason,
            "q": plant.q.tolist(),
            "qd": plant.qd.tolist(),
            "target": plant.target.tolist(),
            "force": self.arm.force.tolist(),
            "commands": self.commands,
            "counts": dict(self.counts),
            "gripper": round(self.gripper.position, 1),
        }

    def close(self) -> None:
        """End the journal."""
        if self.journal:
            self.say("end", counts=dict(self.counts), commands=self.commands)
            self.journal.close()
