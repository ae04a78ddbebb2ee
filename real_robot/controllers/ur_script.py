"""What the control program does that ur_rtde uploads: commands come in by registers, answers go out by registers.

It is not interpreted. Vendor source (the program's own text, 1.6.5): the numbers of the commands and their arguments,
which of them are real-time, the handshake of register 0 (1 ready, 2 done, 0 again before the next), the servo and
speed threads that repeat the last value for ever, and the progress word of asynchronous moves in register 2.
Vendor documentation: a watchdog ends the program and is gone with it. Assumed: what a failing call does, and that a
second thread that wants to move the arm is such a failure ("Another thread is already controlling the robot").
"""

import re
from collections.abc import Callable, Sequence
from math import isfinite

import numpy as np

from real_robot.controllers.ur_arm import Arm, matrix, six
from real_robot.controllers.ur_commands import DONE, NAMES, READY, REAL_TIME, Registers, offset
from real_robot.controllers.ur_motion import (
    Motion,
    Path,
    Servo,
    Speed,
    Stop,
    move_joints,
    move_straight,
    steady,
    straight,
)
from real_robot.controllers.ur_safety import Violation

STOPPING = 10.0
"""[rad/s^2] Assumed: how hard the arm brakes when a program ends or is paused."""


class ScriptError(Exception):
    """The program ends, as on an error of its text."""


class Script:
    """One upload, running; `tick` is one pass of its loop and one step of what it moves."""

    def __init__(self, text: str, arm: Arm, inputs: Registers, outputs: Registers, dt: float) -> None:
        self.text, self.arm, self._in, self._out, self.dt = text, arm, inputs, outputs, dt
        self.int_offset = offset("int", text)
        self.double_offset = offset("float", text)
        self.known = "read_input_integer_reg" in text
        self.watchdog: float | None = None
        self.motion: Motion | None = None
        self.free = False
        self._waiting, self._executing, self._asynchronous = False, False, False
        self._writes, self._operation = 0, 0
        self._do: dict[int, Callable[[], None]] = self._table()
        self._progress(-1)
        self._put(0, READY)

    @property
    def command(self) -> int:
        """What the client asks for now."""
        return self._in.ints[self.int_offset]

    def tick(self, dt: float, scale: float) -> bool:
        """One pass; False when the program is at its end. ScriptError and Violation end it otherwise."""
        if not self.known:
            return False
        going = self._loop()
        over = self._move(dt, scale)
        if over and self._waiting:
            self._waiting = False
            self._put(0, DONE)
        if over and self._asynchronous:
            self._asynchronous = False
            self._progress(-1)
        return going

    def resume(self) -> None:
        """After a pause."""
        if self.motion is not None:
            self.motion.resume(self.arm)

    def _loop(self) -> bool:
        if self._waiting:
            return True
        command = self.command
        if command in REAL_TIME:
            self._run(command)
            self._put(0, READY)
        elif command == 0:
            self._executing = False
            self._put(0, READY)
        elif not self._executing:
            if command == 255:
                return False
            self._executing = True
            self._run(command)
            if not self._waiting:
                self._put(0, DONE)
        return True

    def _run(self, command: int) -> None:
        if command not in self._do:
            raise ScriptError(f"this stand-in has no command {command} ({NAMES.get(command, 'unknown')})")
        self._do[command]()

    def _move(self, dt: float, scale: float) -> bool:
        if self.motion is None:
            self.arm.plant.brake(dt, STOPPING)
            return True
        if not self.motion.step(self.arm, dt, scale):
            return False
        self.motion = None
        return True

    def _put(self, register: int, value: int) -> None:
        self._out.ints[register + self.int_offset] = value

    def _int(self, register: int) -> int:
        return self._in.ints[register + self.int_offset]

    def _numbers(self, first: int, count: int = 6) -> list[float]:
        found = self._in.doubles[first + self.double_offset : first + count + self.double_offset]
        if not all(isfinite(x) for x in found):
            raise ScriptError(f"{NAMES.get(self.command)} was given {found}")
        return found

    def _answer(self, values: Sequence[float], first: int = 0) -> None:
        for i, value in enumerate(values):
            self._out.doubles[first + i + (self.double_offset if first < 24 else 0)] = float(value)

    def _progress(self, value: int) -> None:
        self._writes = (self._writes + 1) % 128
        self._operation = (self._operation + (value == 0)) % 128
        running = min(value, 32767) + 32768 if value >= 0 else 0
        self._put(2, self._writes * 65536 + self._operation * 16777216 + running)

    def _take(self, motion: Motion, *, wait: bool = False, asynchronous: bool = False) -> None:
        if self.motion is not None and self.motion.kind not in (motion.kind, "stop"):
            said = f"the {self.motion.kind} thread moves it and a {motion.kind} is asked for"
            raise ScriptError(f"another thread is already controlling the robot: {said}")
        self.motion, self._waiting, self._asynchronous = motion, wait, asynchronous
        if asynchronous:
            self._progress(0)

    def _start(self, motion: Motion) -> None:
        self._kill("move")
        asynchronous = self._int(1) == 1
        self._take(motion, wait=not asynchronous, asynchronous=asynchronous)

    def _kill(self, *kinds: str) -> None:
        if self.motion is not None and self.motion.kind in kinds:
            self.motion = None
            if self._asynchronous:
                self._asynchronous = False
                self._progress(-1)

    def _rates(self) -> tuple[float, float]:
        speed, acceleration = self._numbers(6, 2)
        if speed <= 0 or acceleration <= 0:
            raise ScriptError(f"a move at {speed} and {acceleration} per second")
        return speed, acceleration

    def _inverse(self, six_numbers: Sequence[float], near: Sequence[float] | None = None) -> np.ndarray:
        start = self.arm.plant.q if near is None else np.asarray(near, np.float64)
        found = self.arm.inverse(matrix(list(six_numbers)), start)
        if found is None:
            raise ScriptError(f"get_inverse_kin finds no joints for {list(six_numbers)}")
        return found

    def _servo(self, target: np.ndarray) -> None:
        seconds, lookahead, gain = self._numbers(8, 3)
        last = (target, seconds, lookahead, gain)
        if isinstance(self.motion, Servo):
            self.motion.last = last
        elif self.motion is None or self.motion.kind != "servoc":  # their threads share one flag: the second is ignored
            self._take(Servo(last))

    def _servo_circle(self) -> None:
        speed, acceleration = self._rates()
        if not isinstance(self.motion, Servo):
            self._kill("servoc")
            move = move_straight(matrix(self._numbers(0)), speed, acceleration)
            move.kind = "servoc"
            self._take(move)

    def _speed(self, joints: Callable[[Arm], np.ndarray]) -> None:
        acceleration, seconds = self._numbers(6, 2)
        last = (joints, acceleration, seconds)
        if isinstance(self.motion, Speed) and self.motion.kind == "speed":
            self.motion.last = last
        else:
            self._take(Speed(last))

    def _jog(self) -> None:
        velocity = np.array(self._numbers(0))
        feature, acceleration = self._numbers(6, 2)
        turned = {1: self.arm.pose, 2: lambda: matrix(self._numbers(8))}.get(int(feature), lambda: np.eye(4))
        r = turned()[:3, :3]
        self._kill("jog")
        turned_velocity = np.concatenate([r @ velocity[:3], r @ velocity[3:]])
        self._take(Speed((straight(turned_velocity), acceleration, 0.01), "jog"))

    def _path(self) -> None:
        moves = []
        for name, six_numbers, rest in re.findall(r"^\s*move(j|l)\(p?\[([^]]*)\]([^)]*)\)", self.text, re.MULTILINE):
            values = np.array([float(v) for v in six_numbers.split(",")])
            rates = {k: float(v) for k, v in re.findall(r"(a|v)\s*=\s*([-0-9.e]+)", rest)}
            make = move_joints if name == "j" else lambda goal, v, a: move_straight(matrix(goal), v, a)
            moves.append(make(values, rates.get("v", 1.05), rates.get("a", 1.4)))
        self._start(Path(moves))

    def _stop(self) -> None:
        self._kill("move", "stop")
        asynchronous = self._int(1) == 1
        self._take(Stop(self._numbers(0, 1)[0]), wait=not asynchronous, asynchronous=asynchronous)

    def _stop_of(self, *kinds: str, braking: float | None = None) -> None:
        self._kill(*kinds)
        self._take(Stop(self._numbers(0, 1)[0] if braking is None else braking), wait=True)

    def _set_payload(self) -> None:
        self.arm.payload, *centre = self._numbers(0, 4)
        self.arm.centre = centre if any(centre) else self.arm.centre

    def _set_target_payload(self) -> None:
        self._set_payload()
        self.arm.inertia = self._numbers(4)

    def _set_tool(self) -> None:
        self.arm.tool = matrix(self._numbers(0))

    def _free(self, on: bool) -> None:
        self.free = on

    def _within(self, pose: Sequence[float]) -> bool:
        found = self.arm.inverse(matrix(list(pose)), self.arm.plant.q)
        return found is not None and self.arm.within(found)

    def _watch(self) -> None:
        self.watchdog = self._numbers(0, 1)[0]
        if self.watchdog <= 0:
            raise ScriptError(f"a watchdog of {self.watchdog} Hz")

    def _protective_stop(self) -> None:
        self._put(0, DONE)
        raise Violation("C0A0", "the program asked for a protective stop")

    def _jacobian(self) -> None:
        values = self.arm.jacobian(self.arm.frames()).T.reshape(-1)
        self._answer(values[:24].tolist())
        self._answer(values[24:].tolist(), first=36)

    def _table(self) -> dict[int, Callable[[], None]]:
        n, arm, forward = self._numbers, self.arm, self.arm.forward
        joints = lambda: np.array(n(0))  # noqa: E731 # one word for the commonest argument
        return {
            1: lambda: self._start(move_joints(joints(), *self._rates())),
            2: lambda: self._start(move_joints(self._inverse(n(0)), *self._rates())),
            3: lambda: self._start(move_straight(matrix(n(0)), *self._rates())),
            4: lambda: self._start(move_straight(forward(joints()), *self._rates())),
            7: lambda: self._stop_of(braking=10.0),
            8: arm.zero_force,
            9: lambda: self._speed(steady(joints())),
            10: lambda: self._speed(straight(joints())),
            11: lambda: self._servo(joints()),
            12: self._servo_circle,
            15: lambda: self._stop_of("speed"),
            16: lambda: self._stop_of("servo", "servoc"),
            17: self._set_payload,
            18: lambda: self._free(True),
            19: lambda: self._free(False),
            20: lambda: None,
            21: lambda: None,
            24: lambda: self._servo(self._inverse(n(0))),
            26: lambda: self._answer([self.dt]),
            29: self._set_tool,
            30: lambda: self._answer(self._inverse(n(0), n(6)).tolist()),
            31: self._protective_stop,
            33: self._stop,
            34: self._stop,
            35: self._watch,
            36: lambda: self._put(1, self._within(n(0))),
            37: lambda: self._put(1, arm.within(joints())),
            39: lambda: self._answer(six(matrix(n(0)) @ matrix(n(6)))),
            40: lambda: self._answer(six(arm.tool)),
            41: self._jog,
            42: lambda: self._stop_of("jog", braking=1.2),
            43: lambda: self._answer(six(arm.pose())),
            44: lambda: self._answer(six(arm.chain.pose(joints(), matrix(n(6))))),
            45: self._path,
            46: lambda: self._answer(self._inverse(n(0)).tolist()),
            47: lambda: self._put(1, arm.plant.still),
            52: lambda: self._free(True),
            53: lambda: self._free(False),
            54: lambda: self._put(1, 0),
            58: lambda: self._answer(six(arm.frames()[-1])),
            59: lambda: None,
            60: lambda: self._put(1, arm.inverse(matrix(n(0)), arm.plant.q) is not None),
            61: lambda: self._put(1, arm.inverse(matrix(n(0)), np.array(n(6))) is not None),
            65: self._set_target_payload,
            70: self._jacobian,
        }
