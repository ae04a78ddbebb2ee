"""A Robotiq gripper through the text socket that its URCap opens on a Universal Robots controller, port 63352.

A thread of its own talks to it, since answers take their time: the newest wish replaces an older one that was not
sent yet, and the newest position that was heard is what `opening` says. Counts are the maker's, 0 to 255.
"""

import contextlib
import math
import re
import socket
import threading
import time
from dataclasses import dataclass

from real_robot.robot import Fault, RobotFault
from real_robot.ur_stream import connect

PORT = 63352
PERIOD = 0.05
"""Seconds between two looks at where the fingers are."""
STATUS = re.compile(rb"(\w+) (\d+)\s*\n?")


@dataclass(frozen=True)
class Fingers:
    """A model's scale: an opening of `most` [m] at count `open`, zero at `closed`; forces [N] of counts 0 and 255."""

    most: float
    open: int = 3
    closed: int = 230
    least_force: float = 20.0
    most_force: float = 235.0

    def count(self, opening: float) -> int:
        """The count of an opening [m], which is held inside what there is."""
        share = min(1.0, max(0.0, opening / self.most))
        return round(self.closed + share * (self.open - self.closed))

    def opening(self, count: float) -> float:
        """The opening [m] at a count; never below zero or beyond the most."""
        return min(1.0, max(0.0, (self.closed - count) / (self.closed - self.open))) * self.most

    def force(self, newtons: float) -> int:
        """The count of the largest force that is not above so many newtons; ValueError where the least is above."""
        if not newtons >= self.least_force:
            raise ValueError(f"this gripper grips with at least {self.least_force:g} N; {newtons:g} N were allowed")
        share = min(1.0, (newtons - self.least_force) / (self.most_force - self.least_force))
        return math.floor(share * 255)


class Gripper:
    """The link and its thread; RobotFault where it cannot be opened. `speed` is a count."""

    def __init__(self, host: str, fingers: Fingers, speed: int, patience: float = 1.0) -> None:
        self.fingers, self.speed = fingers, speed
        self.opening, self.lost, self.active, self.holds = math.nan, "", False, False
        """`holds` tells that an object stopped the fingers; `lost` why nothing is heard any more."""
        self._wish: tuple[int, int] | None = None
        self._changed, self._ended = threading.Event(), False
        self._link = connect(host, PORT, patience)
        self._link.settimeout(patience)
        try:
            self._look()
        except (OSError, ValueError) as error:
            self._link.close()
            raise RobotFault(Fault("gripper", f"{host}:{PORT} does not answer ({error})")) from error
        self._thread = threading.Thread(target=self._run, name="robotiq", daemon=True)
        self._thread.start()

    def grip(self, opening: float, newtons: float) -> None:
        """Wish for an opening [m] with at most a force [N]; waits for nothing. RobotFault where it cannot be."""
        if self.lost:
            raise RobotFault(Fault("gripper", self.lost))
        try:
            self._wish = (self.fingers.count(opening), self.fingers.force(newtons))
        except ValueError as error:
            raise RobotFault(Fault("refused", str(error))) from None
        self._changed.set()

    def _ask(self, line: str) -> bytes:
        self._link.sendall(line.encode() + b"\n")
        heard = b""
        while not (heard.strip() == b"ack" or STATUS.fullmatch(heard)):
            data = self._link.recv(256)
            heard += data
            if not data or len(heard) > 200 or heard.startswith(b"?"):
                raise ValueError(f"it answers {line!r} with {heard!r}")
        return heard

    def _get(self, name: str) -> int:
        found = STATUS.fullmatch(self._ask(f"GET {name}"))
        if found is None or found[1].decode() != name:
            raise ValueError(f"it answers 'GET {name}' with {found and found[0]!r}")
        return int(found[2])

    def _look(self) -> None:
        self.active = self._get("STA") == 3
        self.opening = self.fingers.opening(self._get("POS"))
        self.holds = self._get("OBJ") in (1, 2)
        if fault := self._get("FLT") & 0x0F:
            self.lost = "" if fault in (5, 7, 9) and not self.active else f"it reports fault {fault}"

    def _run(self) -> None:
        try:
            while not self._ended:
                self._changed.wait(PERIOD)
                self._changed.clear()
                wish, self._wish = self._wish, None
                if wish is not None:
                    self._move(*wish)
                self._look()
        except (OSError, ValueError) as error:
            self.opening, self.lost = math.nan, "" if self._ended else f"the gripper's link is lost ({error})"

    def _move(self, count: int, force: int) -> None:
        if not self.active:
            self._activate()
        self._ask(f"SET GTO 1 SPE {self.speed} FOR {force} POS {count}")

    def _activate(self) -> None:
        """The fingers travel once over their whole way."""
        if self._get("STA") == 0 or self._get("FLT"):
            self._ask("SET ACT 0")
            self._ask("SET ACT 1")
        end = time.monotonic() + 10.0
        while not self._ended and not self.active:
            if time.monotonic() > end:
                raise ValueError("it was not active 10 s after it was told to")
            time.sleep(PERIOD)
            self._look()

    def close(self) -> None:
        """End the thread and the link; the fingers hold what they hold. Safe twice."""
        self._ended = True
        self._changed.set()
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._link.close()
        if self._thread.is_alive():
            self._thread.join(2.0)
