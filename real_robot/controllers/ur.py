"""A simulated Universal Robots controller that the real ur_rtde connects to.

    python -m real_robot.controllers.ur --host 127.0.7.1 --journal runs/ur

It listens where the client expects it, on ports 30004, 30003, 29999 and 63352 of one loopback address, so that a
second controller needs a second address. What is vendor source, vendor documentation or assumed is said in the files
beside this one: ur_wire, ur_script, ur_motion, ur_safety, ur_dashboard and ur_gripper. None of it was seen on hardware.
"""

import gc
import ipaddress
import json
import os
import signal
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from real_robot.controllers.faults import Door, Handler
from real_robot.controllers.ur_arm import HOME
from real_robot.controllers.ur_commands import complete
from real_robot.controllers.ur_controller import FORCE, Controller
from real_robot.controllers.ur_dashboard import GREETING, Dashboard
from real_robot.controllers.ur_links import DASHBOARD, GRIPPER, RTDE, SCRIPT, Link, Links
from real_robot.controllers.ur_safety import SafetyMode
from real_robot.controllers.ur_session import Owners, Session

PORTS = {"rtde": RTDE, "script": SCRIPT, "dashboard": DASHBOARD, "gripper": GRIPPER}


@dataclass(frozen=True)
class Config:
    """What the controller is and where it listens."""

    host: str = "127.0.0.1"
    """The address; anything but loopback is refused."""
    anywhere: bool = False
    """Listen on an address that others can reach: this is a simulator without any protection."""
    journal: Path | None = None
    """Where to write what it saw."""
    door: int = 0
    """The port of the faults' door; 0 finds one."""
    model: Literal["ur3e", "ur5e", "ur10e", "ur16e"] = "ur5e"
    version: Literal["3.15", "5.12", "5.23"] = "5.12"
    """The software it says it runs; 3.15 ticks at 125 Hz, the others at 500."""
    start: tuple[float, float, float, float, float, float] = HOME
    """Where the joints are at first [rad]."""
    off: bool = False
    """Begin without power, instead of ready to run."""
    local: bool = False
    """In local control, where a client may not upload."""
    boot: float = 0.2
    """How long power and brakes take each [s]; a real one takes much longer."""
    program_start: float = 0.02
    """How long an uploaded program takes to start [s]."""
    force_limit: float = FORCE
    """The push on the tool that is a protective stop [N]."""
    with_parent: bool = False
    """End when stdin does."""

    def __post_init__(self) -> None:
        if not self.anywhere and not ipaddress.ip_address(self.host).is_loopback:
            raise ValueError(f"{self.host} is not a loopback address; --anywhere if you mean it")


@dataclass
class Server:
    """The controller and its links."""

    config: Config
    owners: Owners = field(default_factory=Owners)
    sessions: dict[Link, Session] = field(default_factory=dict)
    running: bool = True

    def __post_init__(self) -> None:
        c = self.config
        major, minor = (int(n) for n in c.version.split("."))
        self.controller = Controller(
            c.model, (major, minor), c.start, c.journal,
            boot=c.boot, program_start=c.program_start, force_limit=c.force_limit, off=c.off,
        )  # fmt: skip
        self.links = Links(c.host, PORTS.values(), self._greet)
        self.links.gone = lambda link, why: self.controller.say("link ends", port=link.port, why=why)
        self.dashboard = Dashboard(
            self.controller.safety, c.model, self.controller.version, lambda: self.controller.clock,
            stop=self.controller.stop, resume=self.controller.resume, remote=not c.local,
        )  # fmt: skip
        self.door = Door(c.host, c.door, handlers(self))

    def _greet(self, link: Link) -> None:
        controller, send = self.controller, lambda data: self.links.send(link, data)
        controller.say("link", port=link.port)
        if link.port == RTDE:
            session = Session(
                controller.version, controller.rate, self.owners, send=send,
                write=lambda values: controller.write(values, time.monotonic()), say=controller.say,
            )  # fmt: skip
            self.sessions[link] = session
            link.heard, link.ended = lambda data: self._rtde(link, data), lambda: self._ended(link)
        elif link.port == SCRIPT:
            text = bytearray()
            link.heard = lambda data: self._script(text, data)
        else:
            answer = self._ask_dashboard if link.port == DASHBOARD else controller.gripper.answer
            link.heard = self._lines(link, answer)
            if link.port == DASHBOARD:
                send(GREETING.encode())

    def _ask_dashboard(self, line: str) -> str:
        answer = self.dashboard.answer(line)
        self.controller.say("dashboard", asked=line, answer=answer)
        return answer + "\n"

    def _lines(self, link: Link, answer: Any) -> Any:
        buffer = bytearray()

        def heard(data: bytes) -> None:
            buffer.extend(data)
            while (at := buffer.find(b"\n")) >= 0:
                line = bytes(buffer[:at]).decode(errors="replace").strip()
                del buffer[: at + 1]
                if line:
                    self.links.send(link, answer(line).encode())

        return heard

    def _rtde(self, link: Link, data: bytes) -> None:
        try:
            self.sessions[link].hear(data)
        except (ValueError, IndexError, struct.error) as error:
            self.controller.say("refused frame", why=str(error))
            self.links.drop(link, str(error))

    def _ended(self, link: Link) -> None:
        self.sessions.pop(link).end()

    def _script(self, text: bytearray, data: bytes) -> None:
        text += data
        if complete(said := text.decode(errors="replace")):
            text.clear()
            self.controller.upload(said)

    def run(self) -> None:
        """Tick until told to end; late ticks are caught up with one by one."""
        controller, parent = self.controller, [sys.stdin.fileno()] if self.config.with_parent else []
        while self.running:
            due = controller.began + (controller.ticks + 1) * controller.dt
            heard = self.links.poll(due - time.monotonic(), parent)
            if heard and not os.read(parent[0], 4096):
                return
            if time.monotonic() >= due:
                controller.tick()
                for link, session in list(self.sessions.items()):
                    if session.due(controller.ticks):
                        self.links.send(link, session.data(controller), stream=True)
                self.door.poll()
            self.links.flush()

    def close(self) -> None:
        """Close the links and end the journal."""
        self.door.close()
        self.links.close()
        self.controller.close()


def handlers(server: Server) -> dict[str, Handler]:
    """What may be ordered through the door."""
    controller, links, trouble = server.controller, server.links, server.links.trouble
    safety = controller.safety

    def until(name: str) -> Handler:
        def order(seconds: float) -> None:
            setattr(trouble, name, time.monotonic() + seconds)

        return order

    def slower(name: str) -> Handler:
        def order(by: float, seconds: float) -> None:
            setattr(trouble, f"{name}_by", by)
            setattr(trouble, name, time.monotonic() + seconds)

        return order

    def close(link: str = "", reset: bool = False) -> None:
        for each in links.of(PORTS[link] if link else None):
            links.drop(each, "ordered", reset=reset)

    def half_open() -> None:  # assumed: the controller gives the registers back, or nobody could connect again
        for each in links.links:
            each.silent = True
            if each.port == RTDE:
                server.sessions[each].end()

    def emergency_stop(release: bool = False) -> None:
        if release:
            safety.release()
            return
        controller.stop("emergency stop")
        safety.emergency_stop()

    def error(fault: bool = False, why: str = "ordered") -> None:
        controller.stop(why)
        safety.fail(SafetyMode.FAULT if fault else SafetyMode.VIOLATION, why)

    def protective_stop(code: str = "C0A0", why: str = "ordered") -> None:
        safety.protective_stop(code, why, controller.clock)

    def version(major: int, minor: int) -> None:
        controller.version = server.dashboard.version = (major, minor)

    def in_use(names: list[str]) -> dict[str, Any]:
        return {"taken": server.owners.take(names, server)}

    orders: dict[str, Handler] = {
        "mute": until("mute"),
        "deaf": until("deaf"),
        "duplicate": until("duplicate"),
        "delay": slower("delay"),
        "jitter": slower("jitter"),
        "refuse": lambda seconds: links.refuse(time.monotonic() + seconds),
        "close": close,
        "reset": lambda link="": close(link, reset=True),
        "half_open": half_open,
        "protective_stop": protective_stop,
        "safeguard": lambda seconds: safety.safeguard(controller.clock + seconds),
        "error": error,
        "estop": emergency_stop,
        "force": controller.push,
        "in_use": in_use,
        "version": version,
        "slow_start": lambda seconds: setattr(controller, "program_start", seconds),
        "object": lambda at=None: setattr(controller.gripper, "grip", at),
        "state": controller.state,
    }

    def said(name: str, act: Handler) -> Handler:
        def order(**fields: Any) -> dict[str, Any] | None:
            if name != "state":
                controller.say("fault", order=name, **fields)
            return act(**fields)

        return order

    return {name: said(name, act) for name, act in orders.items()}


def main(argv: list[str] | None = None) -> None:
    """Run one until a signal, or the end of stdin with --with-parent."""
    import tyro

    config = tyro.cli(Config, args=argv, description=__doc__)
    server = Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "running", False))
    ready = {"ready": True, "host": config.host, "door": server.door.address[1], "ports": PORTS}
    print(json.dumps({**ready, "model": config.model, "version": config.version, "pid": os.getpid()}), flush=True)
    gc.collect()
    gc.freeze()
    try:
        server.run()
    finally:
        server.close()


if __name__ == "__main__":
    main()
