"""UFACTORY's xArm 6 and 7: its servo mode through the maker's client, its reports and its stop on links of our own.

The client (xarm-python-sdk) sends the targets, one answered call a period, so that nothing is ever queued; it tells
errors as return codes, all of which are looked at. State comes from the report at 200 Hz (`xarm_feed`), errors and
the abort from a control link of ours (`xarm_line`). The servo mode has no dead-man: a controller whose client has gone
holds the last target, which is a position within a step of the arm, so it stands at once, and stays under power.
"""

import contextlib
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float64

from real_robot import xarm_client as client
from real_robot import xarm_options, xarm_setup
from real_robot.description import Description, loopback
from real_robot.robot import ArmState, Capabilities, Check, Fault, RobotFault
from real_robot.xarm_codes import RUNNING, SERVO, returned, standing
from real_robot.xarm_feed import Feed, Shot
from real_robot.xarm_fingers import Fingers
from real_robot.xarm_line import Line
from real_robot.xarm_options import Options

HZ = 250.0
OLDEST, CLOCKED = (1, 10, 0), (2, 1, 0)
"""The oldest firmware that is taken (our choice), and the first whose report has a clock (the maker's page)."""
PATIENCE = 3.0
"""How long a mode or a state may take to be reached [s]."""
MOVES, SETTLES = 0.02, 0.5
"""An arm that turns faster [rad/s] for so long [s] while it is being connected to obeys somebody else."""
PLACES = 7
POSITION, TEACHING = 0, 2
HEARD = (0, 1, 2)
"""Codes of a stop that arrived: well, with an error, with a warning."""
START, STOP = 0, 4


class XArm:
    """The adapter. `servo`, `halt` and the rest are for one thread; `abort` is for any."""

    def __init__(self, description: Description) -> None:
        self._robot = description
        self._settings: Options = xarm_options.options(description.vendor)
        self._api: Any = None
        self._line: Line | None = None
        self._feed: Feed | None = None
        self._fingers: Fingers | None = None
        self._refused: tuple[Check, ...] = ()
        self._stops, self._armed = 0, -1

    @staticmethod
    def options(table: dict[str, Any]) -> Options:
        """The [vendor] table of a robot file; ValueError names what is wrong in it."""
        return xarm_options.options(table)

    @property
    def capabilities(self) -> Capabilities:
        """Force only with the six-axis sensor; no dead-man in the servo mode."""
        have = self._settings
        return Capabilities(
            self._robot.arm.chain.joints, HZ, gripper=have.gripper != "none", force=have.force_sensor, deadman=None
        )

    def connect(self) -> tuple[Check, ...]:
        """Open the links, stop whatever the controller was about to do, set tool and payload, look at the rest."""
        self.close()
        try:
            found = tuple(self._connect())
        except BaseException:
            self.close()
            raise
        self._refuse(found)
        return found

    def _refuse(self, found: Iterable[Check]) -> None:
        self._refused = tuple(each for each in found if each.level == "refuse")

    def _connect(self) -> Iterator[Check]:
        robot, have, host = self._robot, self._settings, self._robot.host
        client.vendor()
        try:
            line = self._line = Line((host, have.port))
        except (OSError, ValueError) as error:
            raise RobotFault(Fault("link", f"no control link to {host}:{have.port}: {error}")) from error
        yield self._version(line.version)
        told = re.search(r"(\d),\d+,", line.version)
        axes = 0 if told is None else int(told[1])
        if axes != robot.arm.chain.joints:
            text = f"the controller has an arm of {axes} joints; {robot.model} has {robot.arm.chain.joints}"
            raise RobotFault(Fault("refused", text + "; put the right model into the robot file", line.version))
        yield Check("model", "ok", f"{robot.model}: {line.version}")
        clocked = have.report == "fast"
        try:
            self._feed = Feed((host, have.fast_port if clocked else have.real_port), axes, clocked, line.wake)
        except OSError as error:
            raise RobotFault(Fault("link", f"no report link to {host}: {error}")) from error
        if not self._feed.first(2.0):
            raise RobotFault(Fault("link", f"{host} accepts a link for reports and sends none: {self._feed.broken}"))
        if not self._stands():
            raise RobotFault(Fault("refused", "the arm is in motion: another client drives it; end that one first"))
        self._api = client.opened(host, have.port, have.reply)
        client.must(client.called(self._api.set_state, STOP), "stopping what was under way")
        yield from self._configured()
        yield Check("remote control", "ok", "an xArm has no switch for it: every client may drive it, so let no other")
        yield Check("dead-man", "ok", "none in the servo mode: without a client the arm holds its last target")

    def _configured(self) -> Iterator[Check]:
        """Tool, payload, safety and gripper; the arm stays, and is left stopped."""
        api, have, rich = self._open(), self._settings, (self._robot.host, self._settings.rich_port)
        error, done = self._known(1.0), ()
        if error:
            yield Check("error", "warn", f"{client.latched(error)}; it must be acknowledged before the arm moves")
        else:
            done = xarm_setup.configure(api, self._robot, have, xarm_setup.read(rich))
        yield from self._gripper()
        self._reach(lambda shot: True, "no report comes any more")
        yield from xarm_setup.judge(self._robot, have, xarm_setup.read(rich), self._shot(), done)
        client.must(client.called(api.set_state, STOP), "stopping after the configuration")

    def _stands(self) -> bool:
        """Whether the arm comes to rest by itself soon, as one does whose client has just gone."""
        until = time.monotonic() + SETTLES
        while np.abs(self._shot().qd).max() > MOVES:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _version(self, told: str) -> Check:
        found = re.search(r"v(\d+)\.(\d+)\.(\d+)", told, re.IGNORECASE)
        if found is None:
            raise RobotFault(Fault("version", f"the controller does not tell its firmware: {told!r}", clearable=False))
        numbers = tuple(int(x) for x in found.groups())
        name = ".".join(map(str, numbers))
        if numbers < OLDEST:
            text = f"firmware {name} is older than {'.'.join(map(str, OLDEST))}; bring it up to date"
            raise RobotFault(Fault("version", text, name, clearable=False))
        if numbers < CLOCKED and self._settings.report == "fast":
            text = f'firmware {name} has no report on port 30000, which came with 2.1; say report = "real" in [vendor]'
            raise RobotFault(Fault("version", text, name, clearable=False))
        from xarm.version import __version__

        return Check("firmware", "ok", f"{name}, client {__version__}")

    def _gripper(self) -> Iterator[Check]:
        have = self._settings
        if have.gripper == "none" or self._fingers is not None:
            return
        try:
            self._fingers = Fingers(self._robot.host, have, self._robot.arm.opening)
        except RobotFault as error:
            level = "warn" if loopback(self._robot.host) else "refuse"
            text = f'{error.fault}; say gripper = "none" in [vendor] where none is fitted'
            yield Check("gripper", level, text)
            return
        text = f"opened {1000 * self._fingers.opening:.1f} mm"
        if have.force_limit > self._robot.gripper.force:
            text += (
                f"; it takes no force and clamps with up to {have.force_limit:g} N, more than the "
                f"{self._robot.gripper.force:g} N of gripper.force"
            )
            yield Check("gripper", "warn", text)
        else:
            yield Check("gripper", "ok", text)

    def read(self) -> ArmState:
        """The newest report; its stamp stands still when the controller's clock does."""
        shot, fault = self._shot(), self._fault()
        ready = fault is None and shot.mode == SERVO and shot.state in RUNNING and self._armed == self._stops
        return ArmState(
            shot.stamp, shot.clock, shot.q, shot.qd, self._wrench(shot),
            math.nan if self._fingers is None else self._fingers.opening,
            ready, fault, standing(shot.state, shot.mode),
        )  # fmt: skip

    def ready(self) -> None:
        """Enable the motors and enter the servo mode, where the arm holds until the first target."""
        if self._refused:
            self._refuse(self._configured())  # what an error or a person stood in the way of, perhaps no longer does
        if self._refused:
            told = "; ".join(f"{each.name}: {each.text}" for each in self._refused)
            raise RobotFault(Fault("refused", f"it was found on connecting: {told}", clearable=False))
        self._begin(SERVO)

    def servo(self, q: Float64[np.ndarray, " n"], qd: Float64[np.ndarray, " n"]) -> None:
        """Send one target and wait for its answer, half a millisecond; the mode has no use for `qd`."""
        if self._armed != self._stops:
            raise RobotFault(Fault("not ready", "no targets are taken before `ready`"))
        fault, shot = self._fault(), self._shot()
        if fault is None and (shot.mode != SERVO or shot.state not in RUNNING):
            fault = self._why(Fault("not ready", f"the controller has left the servo mode: it is {self._standing()}"))
        if fault is None and not np.isfinite(q).all():
            fault = Fault("refused", f"a target is no number: {q.tolist()}")
        if fault is None:
            target = [float(x) for x in q] + [0.0] * (PLACES - len(q))
            code = client.called(self._api.set_servo_angle_j, target, is_radian=True)
            fault = None if code == 0 else self._why(returned(code, "a servo target"))
        if fault is not None:
            self._stops += 1
            raise RobotFault(fault)

    def grip(self, opening: float, force: float) -> None:
        """Move the fingers; the force cannot be told to this gripper (see its check)."""
        if self._fingers is None:
            raise RobotFault(Fault("refused", 'there is no gripper; [vendor] says "none", or it did not answer'))
        if not math.isfinite(opening):
            raise RobotFault(Fault("refused", f"an opening of {opening} m is none"))
        self._fingers.move(min(max(opening, 0.0), self._robot.opening))

    def halt(self) -> None:
        """State 4: the controller brakes and drops its target."""
        self._stops += 1
        self._halt()

    def _halt(self) -> None:
        if self._api is None:
            return  # it was never ours to stop
        code = -1
        with contextlib.suppress(RobotFault):
            code = client.called(self._api.core.set_state, STOP)[0]  # the public call asks for the state twice more
        if code not in HEARD and self._line is not None:
            self._line.stop()

    def abort(self) -> None:
        """State 4 on our own link."""
        self._stops += 1
        line = self._line
        if line is not None:
            line.stop()

    def recover(self) -> None:
        """Clean the error while the arm is stopped and its old target forgotten; RobotFault where it comes back."""
        api = self._open()
        self._stops += 1
        self._halt()
        client.must(client.called(api.set_mode, POSITION), "leaving the servo mode")
        with contextlib.suppress(RobotFault):  # whether it worked is asked just below
            client.called(api.clean_error)
            client.called(api.clean_warn)
        error = self._known(1.0)
        if error:
            raise RobotFault(client.latched(error))
        client.must(client.called(api.set_state, STOP), "staying stopped")
        if self._fingers is not None:
            self._fingers.renew()
        self._reach(lambda shot: shot.mode == POSITION and shot.state not in RUNNING, "the controller is not stopped")

    def freedrive(self, on: bool) -> None:
        """The joint teaching mode; by way of the position mode, which firmware wants."""
        self.halt()
        if on:
            self._begin(TEACHING)
            self._stops += 1
        else:
            client.must(client.called(self._open().set_mode, POSITION), "ending free-drive")
            client.must(client.called(self._open().set_state, START), "ending free-drive")
            self._halt()

    def close(self) -> None:
        """Halt, and let go of every link."""
        self.halt()
        fingers, feed, line, api = self._fingers, self._feed, self._line, self._api
        self._fingers = self._feed = self._line = self._api = None
        for part in (fingers, feed, line):
            if part is not None:
                part.close()
        if api is not None:
            client.closed(api)

    def _begin(self, mode: int) -> None:
        """Motors on, a mode, state 0; undone where a stop came in between."""
        api, stops = self._open(), self._stops
        error = self._known(1.0)
        if error:
            raise RobotFault(client.latched(error))
        client.called(api.clean_warn)
        client.must(client.called(api.motion_enable, True), "enabling the motors")
        if TEACHING in (mode, self._shot().mode):
            client.must(client.called(api.set_mode, POSITION), "going through the position mode")
            client.must(client.called(api.set_state, START), "going through the position mode")
        client.must(client.called(api.set_mode, mode), "setting the mode")
        if self._stops == stops:
            client.must(client.called(api.set_state, START), "setting the state")
        try:
            self._reach(
                lambda shot: self._stops != stops or (shot.mode == mode and shot.state in RUNNING),
                "the controller does not get ready",
            )
        finally:
            if self._stops != stops:
                self._halt()
        if self._stops != stops:
            raise RobotFault(Fault("refused", "a stop came while the arm was getting ready"))
        self._armed = stops

    def _reach(self, there: Callable[[Shot], bool], otherwise: str) -> None:
        begun = time.monotonic_ns()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            shot = self._shot()
            if shot.stamp > begun and there(shot):
                return
            if self._feed is not None and self._feed.broken:
                break
            time.sleep(0.002)
        raise RobotFault(self._why(Fault("not ready", f"{otherwise}: it is {self._standing()}")))

    def _open(self) -> Any:
        if self._api is None:
            raise RobotFault(Fault("link", "the arm is not connected"))
        return self._api

    def _shot(self) -> Shot:
        shot = None if self._feed is None else self._feed.latest
        if shot is None:
            raise RobotFault(Fault("link", "the arm is not connected"))
        return shot

    def _standing(self) -> str:
        shot = self._shot()
        return standing(shot.state, shot.mode)

    def _known(self, wait: float) -> int:
        """The error that the controller has now."""
        if self._line is None:
            raise RobotFault(Fault("link", "the arm is not connected"))
        return self._line.look(wait).error

    def _why(self, otherwise: Fault) -> Fault:
        """The controller's error where it has one; `otherwise` where not, or where nobody answers."""
        with contextlib.suppress(RobotFault):
            error = self._known(0.1)
            return client.latched(error) if error else otherwise
        return otherwise

    def _fault(self) -> Fault | None:
        feed, line = self._feed, self._line
        if feed is None or line is None:
            return Fault("link", "the arm is not connected")
        broken = line.broken or feed.broken
        if broken:
            return Fault("link", broken)
        if line.known.error:
            return client.latched(line.known.error)
        if line.silent:
            return Fault("link", "the controller does not answer: it would not hear a stop")
        return None

    def _wrench(self, shot: Shot) -> Float64[np.ndarray, " 6"]:
        if not self._settings.force_sensor:
            return np.full(6, np.nan)
        if self._settings.force_axes == "base":
            return shot.force.copy()
        turn = self._robot.arm.chain.pose(shot.q)[:3, :3]
        return np.concatenate([turn @ shot.force[:3], turn @ shot.force[3:]])
