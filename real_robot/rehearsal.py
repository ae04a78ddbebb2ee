"""A simulated controller of one's own, as a process, for rehearsals: started, told to fail, and read back."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from real_robot.controllers import faults, journal
from real_robot.description import Description, describe
from real_robot.link import child_environment

PORTS = {"ur": (30004, 30003, 29999, 63352), "xarm": (30001, 30002, 30003, 30000), "franka": (1337, 1338)}
ARMS: dict[str, dict[str, Any]] = {
    "ur": {"model": "ur5e", "workspace": {"low": (-0.85, -0.5, 0.1), "high": (-0.2, 0.4, 0.9)}},
    "xarm": {"model": "xarm6", "workspace": {"low": (0.15, -0.4, 0.1), "high": (0.6, 0.4, 0.8)}},
    "franka": {"model": "fr3", "workspace": {"low": (0.15, -0.45, 0.1), "high": (0.7, 0.45, 0.95)},
               "home": (0.0, 0.0, 0.0, -1.57, 0.0, 1.57, 0.785)},
}  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {"ur": (), "xarm": ("--port", "0"), "franka": ("--wait", "0.05")}
"""What a machine without a real-time kernel or privileges needs."""


def free_host(kind: str) -> str:
    """A loopback address on which nobody serves such an arm."""
    for number in range(2, 1000):
        host = f"127.{60 + number // 250}.9.{number % 250 + 1}"
        try:
            for port in PORTS[kind]:
                socket.create_server((host, port)).close()
        except OSError:
            continue
        return host
    raise OSError("no free loopback address among a thousand; end the other controllers")


class Rehearsal:
    """A context manager around one controller; `robot` describes the arm that it is."""

    def __init__(self, kind: str, folder: Path, *, options: Sequence[str] = (), host: str = "", **changes: Any) -> None:
        self.kind, self.folder, self.host = kind, folder, host or free_host(kind)
        self._options, self._changes = (*OPTIONS[kind], *options), changes
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        command = [
            sys.executable, "-m", f"real_robot.controllers.{self.kind}", "--host", self.host, "--journal",
            str(self.folder), "--door", "0", *self._options,
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=child_environment(), start_new_session=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the simulated controller did not start: exit {self._process.wait()}")
        self.ready = json.loads(line)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()

    @property
    def robot(self) -> Description:
        """The arm that this controller is."""
        table: dict[str, Any] = {"id": f"rehearsal-{self.kind}", "kind": self.kind, "host": self.host}
        sensor = {"force_sensor": True, "force_axes": "base"}
        vendor = {"port": self.ready["port"], **sensor} if self.kind == "xarm" else {}
        return describe({**table, **ARMS[self.kind], "vendor": vendor, **self._changes}, "the rehearsal")

    def order(self, do: str, **fields: Any) -> dict[str, Any]:
        """A fault, or the controller's state, through its door."""
        return faults.order((self.host, self.ready["door"]), do, **fields)

    def seen(self) -> journal.Seen:
        """What it wrote so far; its last rows are on the disk once it ended."""
        return journal.read(self.folder)
