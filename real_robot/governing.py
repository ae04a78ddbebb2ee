"""What the governor decides, without a process or a clock of its own: a latched state machine around the limits.

It is told what comes (`command`, `order`, `sensed`, `answered`, `worker_lost`, `client_lost`) with the time [s], and
`tick` tells what goes to the worker. So the same code runs at its fixed rate in a process, and on a virtual clock.

    disconnected -> connected -> armed -> running <-> holding        a stop, a fault -> stopped, fault (latched)

Only `acknowledge` leaves stopped and fault, and leads to connected, where the pose is read anew.
"""

from typing import Any

import numpy as np

from real_robot.acts import LATCHED, STREAMING, WORSE, Act
from real_robot.description import Description
from real_robot.force import Level, Touch
from real_robot.limits import Bounds, Line, Moving, brake, line, step, vet
from real_robot.robot import ArmState, Fault, Mode, Reason, Stop
from real_robot.watching import silent, unfit, wrong

SLOWEST, NAN = 0.05, float("nan")
SETTLING = 1.0
"""How long the first reading of an arm that became ready may take [s]."""
SAME = 5e-4
"""Openings of the gripper closer than this are one [m]."""
TOLD = 0.05
"""How far from what was sent a line may begin there; farther off it begins where the arm is [rad]."""


class Governor:
    """See the module. `period` is that of the arm's targets [s]."""

    def __init__(self, robot: Description, period: float, *, gripper: bool = True, overshoot: float = 1.0) -> None:
        self.robot, self.bounds, self.limits = robot, Bounds.of(robot, period, overshoot), robot.limits
        self.period, self.mode = period, Mode.DISCONNECTED
        self.state: ArmState | None = None
        self.moving: Moving | None = None
        self.line: Line | None = None
        self.touch, self.reasons = Touch(robot.force), set[Reason]()
        self.fault: Fault | None = None
        self.why = ""
        self.ending: tuple[Mode, Fault | None] | None = None  # where the stop that is under way leads
        self.pending: tuple[str, int] | None = None  # what the worker was asked for
        self.settling = NAN  # when the arm became ready; it is armed with the first reading after that
        self.unheard = 0.0  # without a reading, of the time in which this governor ran [s]
        self.pace, self.armed_at, self.due, self.last = 1.0, 0.0, 0.0, NAN
        self.sequence, self.gripper, self.number = 0, NAN, 0
        self.worker = self.linked = self.closing = self.freed = False
        self.has_gripper = gripper
        self.events: list[dict[str, Any]] = []
        self.acts: list[Act] = []

    def command(
        self, goal: Any, now: float, *, sequence: int, stamp: float, seconds: float = 0.0, opening: float = NAN,
        whole: bool = False,
    ) -> tuple[Reason, ...]:  # fmt: skip
        """A joint goal [rad] to be reached `seconds` after its stamp, and the gripper's opening [m; NaN leaves it].

        `whole`: a motion that may last as long as it must; otherwise another command is expected when it is due.
        Gives why it is not done, or not done so.
        """
        found = self._vetted(goal, now, sequence, stamp, np.inf if whole else self.limits.jump)
        if found is not None:
            self.reasons.add(found)
            return (found,)
        assert self.moving is not None
        self.sequence, self.ending = sequence, None
        begin = self.moving.q
        if self.line is not None and np.abs(self.line.q - begin).max() < TOLD:
            begin = self.line.q
        self.line, reasons = line(begin, np.asarray(goal, np.float64), seconds, self.bounds)
        awaited = seconds if np.isfinite(seconds) and seconds > self.period else self.period
        self.due = now + (self.line.seconds / self._pace(now) if whole else awaited)
        self._become(Mode.RUNNING, "a command")
        reasons = (*reasons, *self._grip(opening))
        self.reasons.update(reasons)
        return reasons

    def _vetted(self, goal: Any, now: float, sequence: int, stamp: float, jump: float) -> Reason | None:
        waiting = self.ending == (Mode.HOLDING, None) and self.why == Reason.NO_COMMAND
        if self.mode not in STREAMING or self.moving is None or not (self.ending is None or waiting):
            return Reason.NOT_RUNNING
        if self.mode is Mode.HOLDING and self.why != Reason.NO_COMMAND:
            return Reason.FORCE if self.why == Reason.FORCE else Reason.NOT_RUNNING
        if sequence <= self.sequence:
            return Reason.ORDER
        before = None if self.line is None else self.line.goal
        return vet(goal, now - stamp, self.moving.q, jump, self.limits.command_age, before)

    def _grip(self, opening: float) -> tuple[Reason, ...]:
        if not np.isfinite(opening):
            return ()
        if not self.has_gripper:
            return (Reason.GRIPPER,)
        asked = float(np.clip(opening, 0.0, self.robot.opening))
        if not abs(asked - self.gripper) < SAME:
            self.gripper = asked
            fields = {"do": "grip", "opening": asked, "force": self.robot.gripper.force}
            self.acts.append(Act("order", number=self._next(), fields=fields))
        return () if asked == opening else (Reason.GRIPPER,)

    def order(self, do: str, now: float, **fields: Any) -> str:
        """One of `ORDERS`; gives why it is refused, or nothing."""
        handler = ORDERS.get(do)
        if handler is None:
            return f"no order {do!r}; there are {', '.join(ORDERS)}"
        return handler(self, now, **fields) or ""

    def sensed(self, state: ArmState, now: float) -> None:
        """A reading of the arm."""
        if self.state is not None and state.stamp <= self.state.stamp:
            return
        age, self.state = now - state.stamp / 1e9, state
        self.unheard = age if age < self.limits.stale else self.unheard
        if self.mode in STREAMING:
            self._watch(state, now)
        elif state.fault is not None and self.mode is Mode.CONNECTED:
            self._fail(state.fault)

    def _watch(self, state: ArmState, now: float) -> None:
        assert self.moving is not None
        fault, halt = wrong(state, self.moving.q, self.limits.tracking)
        if fault is not None:
            self._fail(fault, halt=halt)
        else:
            self._feel(state, now)

    def _feel(self, state: ArmState, now: float) -> None:
        before, level = self.touch.level, self.touch.felt(state.wrench, now)
        if level == before:
            return
        push = float(np.linalg.norm((state.wrench - self.touch.zero)[:3]))
        self._tell("force", level=level.name.lower(), newtons=round(push, 2))
        if level == Level.STOP:
            self._end(Mode.STOPPED, Fault("force", f"{push:.1f} N on the tool"))
        elif level == Level.HOLD and before < Level.HOLD:
            self._end(Mode.HOLDING, None, str(Reason.FORCE))

    def answered(self, number: int, now: float, fault: Fault | None = None, **fields: Any) -> None:
        """The worker's answer to an order."""
        if self.pending is None or number != self.pending[1]:
            if fault is not None and self.mode not in LATCHED:
                self._fail(fault)
            return
        done, self.pending = self.pending[0], None
        if fault is not None:
            self.linked &= done != "recover" or fault.name != "link"  # that client cannot mend it: a new one will
            self._fail(fault)
        elif done == "connect":
            self._connected(fields.get("checks", []))
        elif done == "ready":
            self.settling = now
        elif done == "recover":
            self.fault, self.touch.level = None, Level.NONE
            self._become(Mode.CONNECTED, "acknowledged")

    def _connected(self, checks: list[dict[str, str]]) -> None:
        self._tell("checks", checks=checks)
        bad = [check for check in checks if check["level"] == "refuse"]
        if bad:
            self._fail(Fault("check", "; ".join(f"{c['name']}: {c['text']}" for c in bad)))
        else:
            self.linked = True
            self._become(Mode.CONNECTED, "connected")

    def _armed(self, now: float) -> None:
        text = unfit(self.state, now, self.limits.stale, self.bounds)
        if text:
            self.acts.append(self._asked("halt"))
            return self._fail(Fault("arming", text))
        assert self.state is not None
        self.moving, self.line, self.ending = Moving.rest(self.state.q), None, None
        self.touch.reset(self.state.wrench)
        self.armed_at, self.due, self.why, self.unheard = now, now, "", 0.0
        return self._become(Mode.ARMED, "armed")

    def worker_lost(self, text: str) -> None:
        """The worker has died or closed its link."""
        idle, self.worker, self.pending = self.mode is Mode.DISCONNECTED and self.pending is None, False, None
        if not (idle or self.closing):
            self._fail(Fault("worker", f"the process of the vendor's client is gone: {text}"))

    def client_lost(self, now: float) -> None:
        """Whoever commands has died or gone: stop, and end."""
        self.closing = True
        self._order_stop(now, why="whoever commanded it has gone")

    def _order_connect(self, _: float) -> str:
        if self.mode is not Mode.DISCONNECTED:
            return f"it is {self.mode} already"
        self._ask_worker("connect")
        return ""

    def _order_arm(self, now: float) -> str:
        if self.mode is not Mode.CONNECTED or self.pending is not None or self.freed:
            return f"only a connected arm can be armed; it is {self.mode}" + (", in freedrive" if self.freed else "")
        if text := unfit(self.state, now, self.limits.stale, self.bounds):
            return text
        self._ask_worker("ready")
        return ""

    def _order_stop(self, _: float, kind: Any = Stop.STOP, why: Any = "") -> str:
        fault = Fault("stop", str(why) or "asked for")
        if self.mode not in STREAMING:
            if kind == Stop.ABORT:
                self.acts.append(Act("abort"))
            if self.mode is Mode.CONNECTED and (self.busy or self.freed):  # becoming ready, or moved by hand
                self.acts.append(self._asked("halt"))
                self._latch(Mode.STOPPED, fault)
            return ""
        if kind == Stop.ABORT:
            self.acts.append(Act("abort"))
            self.ending = None
            self._latch(Mode.STOPPED, fault)
        elif kind == Stop.HOLD:
            self._end(Mode.HOLDING, None, "asked")
        else:
            self._end(Mode.STOPPED, fault)
        return ""

    def _order_resume(self, now: float) -> str:
        if self.mode is not Mode.HOLDING or self.ending is not None:
            return f"only a holding arm resumes; it is {self.mode}"
        if self.touch.level >= Level.HOLD:
            return "the force that it holds for is still there"
        self.why, self.line, self.due = Reason.NO_COMMAND, None, now
        self.armed_at = now
        return ""

    def _order_acknowledge(self, _: float) -> str:
        if self.mode not in LATCHED:
            return f"nothing is latched; it is {self.mode}"
        if self.ending is not None or self.pending is not None:
            return "it is not at rest yet"
        self.moving = self.line = self.state = None
        if not (self.worker and self.linked):
            self.fault, self.linked = None, False
            self._become(Mode.DISCONNECTED, "acknowledged")
            self.acts.append(Act("spawn"))
            return self._order_connect(0.0)
        self._ask_worker("recover")
        return ""

    def _order_freedrive(self, _: float, on: Any = True) -> str:
        if on and self.mode is not Mode.CONNECTED:
            return f"freedrive begins when connected; it is {self.mode}"
        self.freed = bool(on)
        self.acts.append(Act("order", number=self._next(), fields={"do": "freedrive", "on": self.freed}))
        return ""

    def _order_grip(self, _: float, opening: Any = NAN) -> str:
        if self.mode not in (Mode.CONNECTED, *STREAMING):
            return f"the gripper moves when connected or armed; it is {self.mode}"
        if not (isinstance(opening, int | float) and np.isfinite(opening)):
            return f"an opening is a number of metres, not {opening!r}"
        return "" if self.has_gripper and self._grip(float(opening)) == () else "it cannot be opened so"

    def _order_speed(self, _: float, share: Any = 1.0) -> str:
        if not (isinstance(share, int | float) and SLOWEST <= share <= 1.0):
            return f"a share of the speed lies in [{SLOWEST}, 1]; {share!r} does not"
        self.pace = float(share)
        return ""

    def _order_disarm(self, _: float) -> str:
        if self.mode not in STREAMING:
            return f"it is {self.mode}, not armed"
        self._end(Mode.CONNECTED, None)
        return ""

    def _order_close(self, now: float) -> str:
        self.closing = True
        return self._order_stop(now, why="closed")

    def tick(self, now: float) -> list[Act]:
        """What goes to the worker now."""
        dt, self.last = now - self.last, now
        if now - self.settling > SETTLING or (self.state is not None and self.state.stamp / 1e9 > self.settling):
            self.settling = NAN
            self._armed(now)
        self.unheard += dt if 0.0 < dt < self.bounds.late else self.period
        if self.mode in STREAMING and self.moving is not None:
            if self.unheard > self.limits.stale:
                self._fail(silent(self.unheard), halt=True)
            else:
                self._move(now, dt)
        acts, self.acts = self.acts, []
        return acts

    def _move(self, now: float, dt: float) -> None:
        assert self.moving is not None
        if self.closing:
            self._end(Mode.STOPPED, Fault("stop", "closed"))
        if self.ending is not None:
            self.moving = brake(self.moving, self.bounds, dt)
        elif self.mode is not Mode.ARMED:
            self._expect(now)
        if self.ending is None and self.line is not None:
            pace = self._pace(now)
            self.line = self.line.on(max(0.0, min(dt, self.bounds.late)) * pace)
            self.moving, reasons = step(self.line, self.moving, self.bounds, dt, pace)
            self.reasons.update(reasons)
        self.acts.append(Act("target", self.moving.q, self.moving.qd))
        if self.ending is not None and self.moving.still:
            self._ended()

    def _expect(self, now: float) -> None:
        """Hold where no command came in time; stop where none came for long."""
        waited = now - self.due
        if self.mode is Mode.RUNNING and waited > self.limits.grace:
            self.reasons.add(Reason.NO_COMMAND)
            self._end(Mode.HOLDING, None, str(Reason.NO_COMMAND))
        elif self.why == Reason.NO_COMMAND and waited > self.limits.stall_stop:
            self._end(Mode.STOPPED, Fault("stall", f"no command came for {waited:.1f} s"))

    def _pace(self, now: float) -> float:
        ramp = self.limits.ramp
        grown = 1.0 if ramp <= 0 else min(1.0, 0.1 + 0.9 * (now - self.armed_at) / ramp)
        return self.pace * max(grown, SLOWEST)

    def _end(self, mode: Mode, fault: Fault | None, why: str = "") -> None:
        """Brake, and then be in that mode; a worse end that is under way already stays."""
        rank = (Mode.HOLDING, Mode.CONNECTED, Mode.STOPPED)
        if mode is Mode.HOLDING and (self.mode is Mode.HOLDING or self.ending is not None):
            why = max(why, str(self.why), key=WORSE.index)
        self.why = why or self.why
        if self.ending is None or rank.index(self.ending[0]) < rank.index(mode):
            self.ending, self.line = (mode, fault), None

    def _ended(self) -> None:
        assert self.ending is not None
        (mode, fault), self.ending = self.ending, None
        if mode is Mode.HOLDING:
            return self._become(Mode.HOLDING, str(self.why))
        self.acts.append(self._asked("halt"))
        if mode is Mode.STOPPED and fault is not None:
            return self._latch(mode, fault)
        return self._become(mode, "disarmed")

    def _fail(self, fault: Fault, *, halt: bool = False) -> None:
        """Latch a fault. Nothing is sent after it, but for a stop where the arm may still be moving."""
        if self.mode is Mode.FAULT:
            return
        if halt:
            self.acts.append(Act("abort"))
        self.ending = None
        self._latch(Mode.FAULT, fault)

    def _latch(self, mode: Mode, fault: Fault) -> None:
        self.fault, self.line, self.moving, self.freed = fault, None, None, False
        self.pending, self.settling = None, NAN  # what was under way leads nowhere any more
        self._become(mode, str(fault))

    def _become(self, mode: Mode, why: str) -> None:
        if mode is not self.mode:
            self._tell("mode", mode=mode.value, was=self.mode.value, why=why)
            self.mode = mode

    def _tell(self, event: str, **facts: Any) -> None:
        self.events.append({"event": event, **facts})

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _asked(self, do: str) -> Act:
        return Act("order", number=self._next(), fields={"do": do})

    def _ask_worker(self, do: str) -> None:
        act = self._asked(do)
        self.pending = (do, act.number)
        self.acts.append(act)

    @property
    def busy(self) -> bool:
        """Whether an order or a stop is under way."""
        return self.pending is not None or self.ending is not None or self.settling == self.settling

    def told(self) -> set[Reason]:
        """The reasons since the last call."""
        found, self.reasons = self.reasons, set()
        return found


ORDERS: dict[str, Any] = {
    "connect": Governor._order_connect,
    "arm": Governor._order_arm,
    "disarm": Governor._order_disarm,
    "stop": Governor._order_stop,
    "resume": Governor._order_resume,
    "acknowledge": Governor._order_acknowledge,
    "freedrive": Governor._order_freedrive,
    "grip": Governor._order_grip,
    "speed": Governor._order_speed,
    "close": Governor._order_close,
}
"""What a client may order."""
