"""A simulated UFACTORY xArm controller, for the real xarm-python-sdk: `python -m real_robot.controllers.xarm`.

It answers on the control port (502, which needs a privilege: another one is chosen here and in the client's
`XCONF.SocketConf.TCP_CONTROL_PORT`), reports on 30001 to 30003 and 30000, moves a plant at 250 Hz and writes a
journal. Several at once take different loopback addresses, 127.0.0.2 and so on. It is our reading of the client's
source and of what the maker's staff wrote in public threads; no hardware was at hand.
"""

import argparse
import gc
import ipaddress
import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from real_robot.controllers import xarm_wire as wire
from real_robot.controllers.faults import Door
from real_robot.controllers.journal import Journal
from real_robot.controllers.xarm_control import PERIOD, Controller
from real_robot.controllers.xarm_links import CONTROL, Link, Links
from real_robot.controllers.xarm_orders import Orders
from real_robot.controllers.xarm_poses import numbers_of, vector
from real_robot.controllers.xarm_safety import NAMES, RANGES

RATES = {"normal": 5.0, "rich": 5.0, "real": 100.0, "fast": 200.0}
"""Reports a second: 30003 and 30000 from vendor pages, the others recalled."""
LAYOUTS: dict[str, Callable[[wire.Snapshot], bytes]] = {
    "normal": wire.normal, "rich": wire.rich, "real": wire.real, "fast": wire.fast,
}  # fmt: skip
HOME = {"xarm6": (0.0, -0.7, -0.8, 0.0, 1.5, 0.0), "xarm7": (0.0, -0.5, 0.0, 1.0, 0.0, 1.5, 0.0)}
"""Joints at the start [rad]: tool ahead of the base and pointing down."""


class Process:
    """The loop: requests when they come, a tick every 4 ms by absolute deadlines, orders and reports after it."""

    def __init__(self, options: argparse.Namespace) -> None:
        start = np.array(options.start or HOME[options.model])
        folder: Path | None = options.journal
        self.journal = None if folder is None else Journal(folder, len(start), NAMES)
        self.control = Controller(options.model, start, options.version, self.note)
        names = (CONTROL, *RATES)
        numbers = (options.port, options.normal_port, options.rich_port, options.real_port, options.fast_port)
        self.links = Links(options.host, dict(zip(names, numbers, strict=True)), self.answer, self.note)
        self.orders = Orders(self.control, self.links, self.note)
        self.door = Door(options.host, options.door, self.orders.table())
        self.over, self.host, self.model = False, options.host, options.model
        self.due, self.told = 0.0, dict.fromkeys(RATES, 0.0)
        if options.with_parent:
            try:
                self.links.selector.register(sys.stdin, selectors.EVENT_READ, (self._parent,))
            except PermissionError as error:
                raise ValueError("--with-parent watches standard input, which must be a pipe or a terminal") from error

    def note(self, name: str, **facts: Any) -> None:
        """An event for the journal."""
        if self.journal is not None:
            self.journal.event(name, **facts)

    def answer(self, request: wire.Request, link: Link) -> bytes:
        """A request's reply; what its motion tells later goes by the same link."""
        return self.control.answer(request, lambda frame: self.links.send(link, frame))

    def ready(self) -> dict[str, Any]:
        """What is printed once it listens."""
        return {
            "ready": True, "host": self.host, "door": self.door.address[1], "port": self.links.ports[CONTROL],
            "ports": self.links.ports, "model": self.model, "version": self.control.version,
        }  # fmt: skip

    def run(self) -> None:
        """Until it is over."""
        self.due = time.monotonic() + PERIOD
        gc.collect()
        gc.freeze()
        try:
            while not self.over:
                self.links.wait(self.due)
                while not self.over and time.monotonic() >= self.due:
                    self._tick(self.due)
                    self.due += PERIOD
                self.door.poll()
        finally:
            self.close()

    def close(self) -> None:
        """Leave nothing open."""
        self.note("counts", functions=dict(self.control.counts), refused=self.control.moves.refusals)
        self.links.close()
        self.door.close()
        if self.journal is not None:
            self.journal.close()

    def _parent(self) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            self.over = True

    def _tick(self, at: float) -> None:
        control, plant = self.control, self.control.plant
        self.orders.push(at)
        control.tick()
        if self.journal is not None:
            tail = (control.tool_point, (float(np.linalg.norm(control.force)),))
            doing, count = control.safety.doing, control.moves.commands
            self.journal.row(at, doing, count, plant.q, plant.qd, plant.target, plant.qdd, *tail)
        for name, rate in RATES.items():
            if at - self.told[name] >= 1 / rate - 1e-6:
                self.told[name] = max(self.told[name] + 1 / rate, at - 1 / rate)
                self.links.report(name, lambda name=name: LAYOUTS[name](self._snapshot()))

    def _snapshot(self) -> wire.Snapshot:
        control, plant, safety = self.control, self.control.plant, self.control.safety
        motion = control.moves.motion
        pose = motion.pose
        twist = plant.chain.jacobian(plant.q, motion.tool) @ plant.qd
        groups = [wire.seven(x) for x in (plant.q, plant.qd, plant.qdd, plant.target)]
        return wire.Snapshot(
            round(1e6 * self.due), safety.state, safety.mode, len(motion.queue), *groups,
            pose=numbers_of(pose), axis_angle=[float(x) for x in vector(pose[:3, :3])],
            twist=[*(1000 * twist[:3]), *twist[3:]], torque=control.torque(), force=control.wrench(),
            braked=safety.enabled, enabled=safety.enabled, error=safety.error, warning=safety.warning,
            axes=control.axes, version=control.version, settings=control.settings, device=control.axes,
            force_sensor=control.force_sensor, gripper=(round(control.gripper.position), control.gripper.status),
        )  # fmt: skip


def options_of(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="real_robot.controllers.xarm", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine to listen on")
    parser.add_argument("--anywhere", action="store_true", help="allow an address that others can reach")
    parser.add_argument("--port", type=int, default=502, help="of control; 0 for any")
    for name, number in (("normal", 30001), ("rich", 30002), ("real", 30003), ("fast", 30000)):
        parser.add_argument(f"--{name}-port", type=int, default=number, help="of that report; 0 for any")
    parser.add_argument("--door", type=int, default=0, help="of the door for faults; 0 for any")
    parser.add_argument("--journal", type=Path, help="a folder to write rows and events to")
    parser.add_argument("--model", choices=sorted(RANGES), default="xarm6")
    parser.add_argument("--start", type=float, nargs="+", help="joints [rad]")
    parser.add_argument("--version", default="2.6.0", help="of the firmware; the client behaves by it")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes")
    found = parser.parse_args(argv)
    if not found.anywhere and found.host != "localhost" and not ipaddress.ip_address(found.host).is_loopback:
        parser.error(f"--host {found.host} can be reached by others, and nobody is asked for a name; add --anywhere")
    if found.start and len(found.start) != len(RANGES[found.model]):
        parser.error(f"--start has {len(found.start)} joints, {found.model} has {len(RANGES[found.model])}")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM, SIGINT or, where asked, the end of standard input."""
    process = Process(options_of(argv))

    def end(*_: object) -> None:
        process.over = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(json.dumps(process.ready()), flush=True)
    process.run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
