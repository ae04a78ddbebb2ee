"""A simulated Franka FR3 for the real client: `python -m real_robot.controllers.franka --host 127.0.0.1`.

It answers libfranka of protocol version 10 (franky-control 2.0.0) on port 1337 and the hand on 1338, at 1 kHz, and
needs franky-sim 1.0.4. The client wants RealtimeConfig.Ignore where the kernel is no realtime one.

A real arm waits for nobody: what does not come within the millisecond is missed. Here, where other programs share the
processor, time may stand still for a client that is a little late (`--wait`), so that only what it sends is judged.
"""

import argparse
import gc
import ipaddress
import json
import logging
import math
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from real_robot.controllers.faults import Door
from real_robot.controllers.journal import Journal

if TYPE_CHECKING:
    from real_robot.controllers.franka_server import Server

PERIOD = 1e-3
CATCH_UP = 0.01
"""So much lateness [s] is made up for; beyond, the controller's time slips, which is an event."""


def options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address; 'any' takes a free one of 127.x.y.z")
    parser.add_argument("--anywhere", action="store_true", help="allow an address that others can reach")
    parser.add_argument("--journal", type=Path, default=Path("franka-journal"))
    parser.add_argument("--every", type=int, default=1, help="write every n-th millisecond's row")
    parser.add_argument("--door", type=int, default=0, help="port of the door for faults; 0 takes a free one")
    parser.add_argument("--start", type=float, nargs=7, help="joints [rad]")
    parser.add_argument(
        "--wait", type=float, default=0.05, help="so long [s] time may stand still for a late client; 0 as a real arm"
    )
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    found = parser.parse_args(argv)
    if found.every < 1:
        parser.error(f"--every {found.every}: every first row at most")
    if found.host != "any" and not found.anywhere and not ipaddress.ip_address(found.host).is_loopback:
        parser.error(f"--host {found.host} is no loopback address; say --anywhere if others may command this arm")
    return found


def free_host() -> str:
    """An address of 127.x.y.z on which nobody serves an arm; OSError if there is none among a thousand."""
    for number in range(2, 1002):
        host = f"127.{number // 250}.7.{number % 250 + 1}"
        try:
            for port in (1337, 1338):
                socket.create_server((host, port)).close()
        except OSError:
            continue
        return host
    raise OSError("no free address among a thousand of 127.x.7.z; end the other controllers")


class Orders:
    """What the door understands; durations in seconds."""

    def __init__(self, server: "Server", journal: Journal) -> None:
        self.server, self.journal = server, journal
        self._reopen = math.inf
        self._ramp: tuple[np.ndarray, np.ndarray, int, int] | None = None
        self.table = {
            name: self._told(name)
            for name in (
                "state", "mute", "deaf", "delay", "jitter", "duplicate", "close", "reset", "half_open", "refuse",
                "reflex", "force", "estop", "sticky",
            )
        }  # fmt: skip

    def _told(self, name: str) -> Any:
        method = getattr(self, name)

        def told(**fields: Any) -> dict[str, Any] | None:
            answer = method(**fields)
            if name != "state":
                self.journal.event("fault", order=name, **fields)
            return answer

        return told

    def _until(self, seconds: float) -> float:
        if not seconds >= 0:
            raise ValueError(f"seconds must be 0 or more, not {seconds}")
        return self.server.now + round(seconds / PERIOD)

    def state(self) -> dict[str, Any]:
        """Where the arm is and what came so far."""
        s = self.server
        return {
            "q": s.arm.q.tolist(), "qd": s.arm.qd.tolist(), "mode": s.mode.name, "motion": s.mover.mode.name,
            "errors": s.flags, "force": s.arm.force.tolist(), "commands": s.commands, "missed": s.missed,
            "counts": dict(s.counts), "ticks": s.now, "connected": s.link.open,
        }  # fmt: skip

    def mute(self, seconds: float) -> None:
        """No states; the sockets stay open."""
        self.server.link.mute = self._until(seconds)

    def deaf(self, seconds: float) -> None:
        """Nothing is read, neither commands nor requests."""
        self.server.link.deaf = self._until(seconds)

    def delay(self, by: float, seconds: float) -> None:
        """States go out late by so many seconds."""
        self.server.link.delay, self.server.link.jitter = round(by / PERIOD), 0
        self.server.link.delayed = self._until(seconds)

    def jitter(self, by: float, seconds: float) -> None:
        """States go out late by up to so many seconds, at random but in order."""
        self.server.link.delay, self.server.link.jitter = 0, round(by / PERIOD)
        self.server.link.delayed = self._until(seconds)

    def duplicate(self, seconds: float) -> None:
        """Every state twice."""
        self.server.link.twice = self._until(seconds)

    def close(self) -> None:
        """Close the links."""
        self.server.reset_state()

    def reset(self) -> None:
        """Close the links with a TCP reset."""
        self.server.linger()
        self.server.reset_state()

    def half_open(self) -> None:
        """Drop everything for ever; the sockets stay."""
        self.server.link.mute = self.server.link.deaf = math.inf

    def refuse(self, seconds: float) -> None:
        """No new connections for a while."""
        self._reopen = self._until(seconds)
        self.server.refuse(True)

    def reflex(self, flag: str = "cartesian_reflex") -> None:
        """Abort with this flag up."""
        self.server.reflex(flag)

    def force(self, newtons: float, seconds: float = 0.0, direction: Sequence[float] = (0.0, 0.0, 1.0)) -> None:
        """Push the tool along a direction of the base, rising over so many seconds and then kept."""
        way = np.asarray(direction, np.float64)
        if way.shape != (3,) or not np.isfinite(newtons) or not np.linalg.norm(way) > 0:
            raise ValueError(f"a force wants newtons and three numbers of a direction, not {newtons} and {direction}")
        goal, until = newtons * way / np.linalg.norm(way), int(self._until(seconds))
        self._ramp = (self.server.arm.force.copy(), goal, self.server.now, until)

    def estop(self, on: bool = True) -> None:
        """Press or release the user stop."""
        self.server.user_stop(on)

    def sticky(self, on: bool = True) -> None:
        """Whether a recovery is refused."""
        self.server.sticky = on

    def advance(self) -> None:
        """What runs on between orders: a force that rises, a port that opens again."""
        now = self.server.now
        if self._ramp is not None:
            start, goal, since, until = self._ramp
            share = 1.0 if now >= until else (now - since) / (until - since)
            self.server.arm.push(start + share * (goal - start))
            self._ramp = None if share == 1.0 else self._ramp
        if now >= self._reopen:
            self._reopen = math.inf
            self.server.refuse(False)


def run(server: "Server", door: Door, orders: Orders, stopped: Callable[[], bool], *, every: int, wait: float) -> None:
    """Tick at 1 kHz of the monotonic clock until `stopped()`, up to `wait` seconds late for a client's answer."""
    due = time.monotonic() + PERIOD
    while not stopped():
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
        elif now - due > CATCH_UP:
            server.journal.event("slipped", seconds=now - due)
            due = now
        orders.advance()
        server.await_command(wait)
        server.tick()
        if server.now % every == 0:
            arm = server.arm
            force = (float(np.linalg.norm(arm.force)),)
            parts = (arm.q, arm.qd, server.mover.q, arm.qdd, arm.tool[:3, 3], force)
            server.journal.row(due, server.mode, server.commands, *(np.asarray(part).tolist() for part in parts))
        due += PERIOD
        door.poll()


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM, SIGINT or, with --with-parent, the end of stdin."""
    found = options(argv)
    try:
        from real_robot.controllers.franka_arm import START, Arm
        from real_robot.controllers.franka_server import RobotMode, Server
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error}; the simulated FR3 needs franky-sim: pip install franky-sim==1.0.4") from error
    logging.getLogger("franky_sim").setLevel(logging.CRITICAL)
    host = free_host() if found.host == "any" else found.host
    journal = Journal(found.journal, 7, [mode.name.lower() for mode in RobotMode], every=500)
    arm = Arm(START if found.start is None else found.start)
    server = Server(arm, host, journal)
    server.init()
    orders = Orders(server, journal)
    door = Door(host, found.door, orders.table)
    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ended.append(number))

    def stopped() -> bool:
        if found.with_parent and server.now % 50 == 0 and select.select([sys.stdin], [], [], 0)[0]:
            return not os.read(sys.stdin.fileno(), 4096)
        return bool(ended)

    ready = {"ready": True, "host": host, "port": 1337, "hand": 1338, "door": door.address[1], "rate": 1 / PERIOD}
    print(json.dumps(ready), flush=True)
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection takes longer than a tick
    try:
        run(server, door, orders, stopped, every=found.every, wait=found.wait)
    finally:
        journal.event("ended", counts=dict(server.counts), ticks=server.now)
        server.cleanup()
        door.close()
        journal.close()


if __name__ == "__main__":
    main()
