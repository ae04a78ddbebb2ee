"""A Universal Robots arm of the e-Series, through ur_rtde, as an `Arm`.

Readings come over an RTDE link of our own (ur_stream), targets go out by the vendor's control program (ur_program),
power and faults by the dashboard, and a stop by links that nothing else uses (ur_dashboard). Whatever ends the motion
from outside, be it a protective stop, an open guard or the pendant, also ends the program, at once: a paused program
would go on with its old motion when it is resumed.
"""

import contextlib
import itertools
import os
import select
import threading
import time
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot import ur_checks
from real_robot.description import Description
from real_robot.kinematics import rotation_vector
from real_robot.robot import ArmState, Capabilities, Check, Fault, RobotFault
from real_robot.ur_dashboard import Dashboard, Stopper, end_program, unlock
from real_robot.ur_faults import (
    BROKEN,
    NORMAL,
    PRESSED,
    PROTECTIVE,
    ROBOT,
    RUNNING,
    RUNTIME,
    SAFETY,
    STOPPED,
    fault,
    link,
    not_ready,
    refused,
    word,
)
from real_robot.ur_options import Options, options
from real_robot.ur_program import Program
from real_robot.ur_robotiq import Fingers, Gripper
from real_robot.ur_stream import Packet, Stream, taken

OVERSHOOT = 1.2
"""Of servoj's accelerations over those of targets that are led by its lag, as the controller's journal shows."""
NEAR = 0.05
"""The first target after `ready` may be this far from the arm [rad]."""


LOOPS = 2.0
"""After a silence this long the client connects again by itself [s], measured 2.5, and is not to be trusted."""


class UR:
    """See `Arm`. Every call raises RobotFault alone; `abort` may come from any thread."""

    def __init__(self, description: Description) -> None:
        self.description, self.set = description, self.options(description.vendor)
        self._stream: Stream | None = None
        self._dashboard: Dashboard | None = None
        self._program: Program | None = None
        self._gripper: Gripper | None = None
        self._stopper = Stopper(description.host, self.set.braking)
        self._stops, self._count, self._ready_at = 0, itertools.count(1), -1
        self._why: RobotFault | None = None
        self._first = self._free = self._closing = False

    @staticmethod
    def options(table: dict[str, Any]) -> Options:
        """A [vendor] table, checked; ValueError that names the key."""
        return options(table)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        gripper, deadman = self.set.gripper != "none", 1.0 / self.set.watchdog
        return Capabilities(6, 500.0, gripper=gripper, deadman=deadman, overshoot=OVERSHOOT)

    @property
    def _armed(self) -> bool:
        return self._ready_at == self._stops

    def _disarm(self, why: RobotFault | None = None) -> None:
        self._stops, self._why, self._free = next(self._count), why, False

    def connect(self) -> tuple[Check, ...]:
        """Open every link and look; changes nothing on the controller."""
        self.close()
        upper, host = self.set.registers == "upper", self.description.host
        first = 24 if upper else 0
        self._closing = False
        try:
            self._stream = Stream(host, first)
            self._dashboard = Dashboard(host)
            self._stopper.open()
            found = ur_checks.all_of(
                self.description, self._dashboard, self._stream, taken(host, first), upper=upper
            )  # fmt: skip
            watch = f"the controller ends the program {1000 / self.set.watchdog:.0f} ms after the last target"
            return (*found, Check("dead-man", "ok", watch), *self._look_for_gripper())
        except RobotFault:
            self.close()
            raise
        finally:
            if self._stream is not None:
                self._guard(self._stream)

    def _look_for_gripper(self) -> tuple[Check, ...]:
        if self.set.gripper == "none":
            return ()
        given, most = self.description.gripper, self.description.opening
        fingers = Fingers(most, self.set.gripper_open, self.set.gripper_closed, *self.set.gripper_forces)
        try:
            self._gripper = Gripper(self.description.host, fingers, self.set.gripper_speed)
        except RobotFault as error:
            return (Check("gripper", "warn", f'{error.fault.text}; gripper = "none" in [vendor] where there is none'),)
        if given.force < fingers.least_force:
            said = f"it grips with at least {fingers.least_force:g} N; the file allows {given.force:g} N"
            return (Check("gripper", "refuse", said),)
        if not self._gripper.active:
            said = "it is not active: its first command lets its fingers travel over their whole way"
            return (Check("gripper", "warn", said),)
        return (Check("gripper", "ok", "active"),)

    def _guard(self, stream: Stream) -> None:
        """Sleep on the controller's hang-up, in a thread, and let go of the client at once when it comes."""
        with contextlib.suppress(OSError):
            own = os.dup(stream.fileno())
            threading.Thread(target=self._sleep, args=(stream, own), name="ur hang-up", daemon=True).start()

    def _sleep(self, stream: Stream, own: int) -> None:
        poll = select.poll()
        poll.register(own, select.POLLRDHUP)
        poll.poll()
        os.close(own)
        if not self._closing and stream is self._stream:
            self._lose("the controller closed the link")

    def _lose(self, why: str) -> RobotFault:
        """The link is lost or not to be trusted: nothing more is sent, and the program is ended."""
        error = link(f"{self.description.host}: {why}")
        if (program := self._program) is not None:
            program.drop()
        was, self._program = self._program, None
        self._disarm(error)
        if was is not None:
            self._lost = was
            threading.Thread(target=self._stopper.fire, name="ur stops", daemon=True).start()
        return error

    _lost: Program | None = None

    def close(self) -> None:
        """Halt and let go of every link; safe twice."""
        self._closing = True
        self.halt()
        stream, program = self._stream, self._program
        if program is not None and stream is not None and not program.dropped:
            stream.poll()
            if self._silent(stream) and not stream.closed:
                program.leave()
            else:
                with contextlib.suppress(RobotFault):
                    program.call("kickWatchdog")  # no old command stays in the registers
        if program is not None and not program.close():
            self._lost = program
        self._program = None
        for part in (self._gripper, self._dashboard, self._stopper, self._stream):
            if part is not None:
                part.close()
        self._gripper = self._dashboard = self._stream = None

    def _packet(self) -> tuple[Stream, Packet]:
        stream = self._stream
        if stream is None:
            raise link(f"{self.description.host} is not connected")
        packet = stream.poll()
        if stream.closed or packet is None:
            raise self._lose(stream.closed or "it sends no state")
        return stream, packet

    def _look(self) -> tuple[Stream, Packet, Fault | None]:
        """The newest packet and what is wrong; a program that something else ended or paused is ended here."""
        stream, packet = self._packet()
        wrong = fault(packet.safety)
        if self._ready_at >= 0 and self._silent(stream):
            silent = link(f"{self.description.host} was last heard {stream.age:.3f} s ago")
            if self._armed:
                self._disarm(silent)
                self._stopper.fire()
            return stream, packet, silent.fault
        if self._armed and (wrong is not None or stream.interrupted or not packet.plays):
            self._disarm(RobotFault(wrong) if wrong else not_ready(
                "the control program was ended: by its watchdog, on the pendant, or by an error of its own",
                f"program {word(RUNTIME, packet.runtime)}",
            ))  # fmt: skip
            self._stopper.fire(brake=False)
        return stream, packet, wrong

    def _silent(self, stream: Stream) -> bool:
        return stream.age > 2 * self.description.limits.stale  # before that the governor, which knows when it slept

    def read(self) -> ArmState:
        """The newest reading; RobotFault once the link is closed."""
        _, packet, wrong = self._look()
        if wrong is None and self._why is not None and self._why.fault.name == "link":
            wrong = self._why.fault
        words = (word(ROBOT, packet.robot), word(SAFETY, packet.safety), f"program {word(RUNTIME, packet.runtime)}")
        opening = self._gripper.opening if self._gripper else float("nan")
        return ArmState(
            packet.stamp, packet.clock, packet.q, packet.qd, packet.wrench, opening,
            self._armed and not self._free, wrong, ", ".join(words),
        )  # fmt: skip

    def ready(self) -> None:
        """Power, brakes, a program of its own, tool and payload."""
        stops = self._stops
        stream, packet = self._packet()
        if (wrong := fault(packet.safety)) is not None:
            raise RobotFault(wrong)
        if self._silent(stream):
            stream.until(lambda _: not self._silent(stream), 2.0, "it sends no state")
        dashboard = self._dashboard
        assert dashboard is not None
        if not (self.description.rehearsal or dashboard.remote):
            raise refused("the pendant is in local control; switch it to remote control")
        if packet.robot != RUNNING:
            dashboard.order("power on", "Powering on")
            dashboard.order("brake release", "Brake releasing")
            stream.until(
                lambda now: now.robot == RUNNING or now.safety not in NORMAL, self.set.power_on, "its brakes stay on"
            )  # fmt: skip
        end_program(stream, dashboard)
        try:
            self._start(stream)
            self._set_tool(stream)
        except RobotFault:
            self._stopper.fire(brake=False)
            raise
        stream.poll()
        if (wrong := fault(stream.newest.safety if stream.newest else 1)) is not None or stream.interrupted:
            self._stopper.fire(brake=False)
            raise RobotFault(wrong) if wrong else not_ready("the control program ended as soon as it was started")
        self._first, self._free, self._why, self._ready_at = True, False, None, stops
        if not self._armed:
            self._stopper.fire(brake=False)
            raise not_ready("it was stopped while it got ready")

    def _start(self, stream: Stream) -> None:
        if self._program is None:
            used = self.set
            self._program = Program(
                self.description.host, upper=used.registers == "upper", lookahead=used.lookahead, gain=used.gain
            )  # fmt: skip
        self._program.start(stream, self.set.program_start)

    def _set_tool(self, stream: Stream) -> None:
        assert self._program is not None
        tool = self.description.tool
        wanted = [*tool.xyz, *rotation_vector(tool.pose).tolist()]
        self._program.order("setTcp", wanted)
        if tool.mass > 0:
            self._program.order("setPayload", tool.mass, list(tool.centre))
        stream.until(
            lambda now: (now.tool is None or float(np.abs(np.subtract(now.tool, wanted)).max()) < 1e-3)
            and (not tool.mass or now.payload is None or abs(now.payload - tool.mass) < 1e-3),
            0.5, "it does not take the tool and the payload",
        )  # fmt: skip

    def servo(self, q: Float64[np.ndarray, " n"], qd: Float64[np.ndarray, " n"]) -> None:
        """Send this period's target, ahead of itself by what servoj lags; the controller makes its own velocity."""
        _, packet, wrong = self._look()
        if wrong is not None:
            raise RobotFault(wrong)
        program = self._program
        if not self._armed or program is None:
            raise self._why or not_ready("it was stopped; call ready first")
        if self._free:
            raise refused("a person moves the arm by hand: freedrive is on")
        if q.shape != (6,) or qd.shape != (6,) or not np.isfinite([q, qd]).all():
            raise refused(f"a target is six finite angles and speeds, not {q.tolist()} and {qd.tolist()}")
        if self._first:
            self._begin(program, packet, q)
        ahead = (q + self.set.lead * qd).tolist()
        if not program.servo(ahead):
            raise self._refusal()

    def _begin(self, program: Program, packet: Packet, q: Float64[np.ndarray, " n"]) -> None:
        apart = float(np.abs(q - packet.q).max())
        if apart > NEAR:
            raise refused(f"the first target is {apart:.3f} rad from where the arm is")
        if not program.watched:
            program.watch(self.set.watchdog)
        self._first = False

    def _refusal(self) -> RobotFault:
        """Why the client did not send a target: what the controller says within two periods."""
        end = time.monotonic() + 0.004
        while self._armed and time.monotonic() < end:
            _, _, wrong = self._look()
            if wrong is not None:
                return RobotFault(wrong)
            time.sleep(0.0005)
        if self._why is None:
            self._disarm(refused("the client did not send the target, and does not say why", "ur_rtde"))
            self._stopper.fire()
        return self._why or not_ready("it was stopped; call ready first")

    def grip(self, opening: float, force: float) -> None:
        """Let the gripper's own thread do it."""
        if self._gripper is None:
            raise refused("there is no gripper, or it was not reached when connecting")
        self._gripper.grip(opening, min(force, self.description.gripper.force))

    def freedrive(self, on: bool) -> None:
        """While it is on no target is taken, and there is no watchdog: nothing moves by itself."""
        if not self._armed and not on:
            return
        if not self._armed:
            self.ready()
        stream, _, wrong = self._look()
        if wrong is not None:
            raise RobotFault(wrong)
        if not self._armed or self._program is None or self._dashboard is None:
            raise not_ready("freedrive needs an arm that is ready")
        if on and self._program.watched:
            stops = self._stops
            self._ready_at = -1  # the program ends in between, and that is no fault
            end_program(stream, self._dashboard)
            self._start(stream)
            self._ready_at = stops
        self._program.order("freedriveMode" if on else "endFreedriveMode")
        self._free, self._first = on, True

    def halt(self) -> None:
        """End the program over the client's link, by the other ways where that does not help; raises nothing."""
        moving = self._armed
        self._disarm()
        stream, program = self._stream, self._program
        if stream is None or not moving:
            return
        try:
            if program is not None and not program.dropped:
                program.call("stopScript")
            stream.until(lambda now: now.runtime == STOPPED, 0.1, "the program goes on")
        except RobotFault:
            self._stopper.fire()

    def abort(self) -> None:
        """Have the controller brake, over links of its own; any thread, raises nothing."""
        self._disarm()
        if self._stream is not None:
            self._stopper.fire()

    def recover(self) -> None:
        """End what there was, then unlock or restart the safety; what a person must do first is a RobotFault."""
        self._disarm()
        if self._lost is not None or self._stream is None or self._stream.closed:
            self._reconnect()
        stream, packet = self._packet()
        dashboard = self._dashboard
        assert dashboard is not None
        if self._silent(stream):
            said = "it stays silent; where it does not come back, end this process and connect anew"
            packet = stream.until(lambda _: not self._silent(stream), 0.5, said)
        if self._program is not None and stream.gap > LOOPS:
            self._program.leave()
            self._lost, self._program = self._program, None
            self._reconnect()
        if packet.safety not in NORMAL | BROKEN | {PROTECTIVE}:
            wrong = fault(packet.safety)
            assert wrong is not None
            raise RobotFault(wrong)
        end_program(stream, dashboard)
        if packet.safety == PROTECTIVE:
            unlock(dashboard)
        elif packet.safety in BROKEN:
            dashboard.order("close safety popup", "closing safety popup")
            dashboard.order("restart safety", "Restarting safety")
        now = stream.until(lambda now: now.safety in NORMAL | PRESSED, 10.0, "the safety system stays in its fault")
        if (wrong := fault(now.safety)) is not None:
            raise RobotFault(wrong)
        if now.runtime != STOPPED:
            end_program(stream, dashboard)
        self._why = None

    def _reconnect(self) -> None:
        lost, self._lost = self._lost, None
        if lost is not None and not lost.close():
            said = "the vendor's client is lost with its link; end this process and connect anew"
            self._lost = lost
            raise RobotFault(Fault("link", said, "ur_rtde", clearable=False))
        self.connect()


__all__ = ["UR", "Options"]
