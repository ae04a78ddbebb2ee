"""The sockets of a simulated xArm: control and report ports, and what can go wrong with them on order.

One thread: `wait` serves whatever comes until a time, everything that is sent goes through `send`, where delay,
jitter and duplication happen. Times are of the monotonic clock.
"""

import random
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from real_robot.controllers.xarm_wire import BEAT, Request, split

CONTROL = "control"
BEHIND = 1 << 20
"""A client that leaves so many bytes unread is dropped (assumed)."""


@dataclass(eq=False)
class Link:
    """One client on one port."""

    socket: socket.socket
    port: str
    unread: bytearray = field(default_factory=bytearray)
    leaving: deque[tuple[float, bytes]] = field(default_factory=deque)
    unsent: bytearray = field(default_factory=bytearray)


@dataclass
class Faults:
    """Until when each fault lasts; `lost` replies are not sent."""

    muted: float = 0.0
    deaf: float = 0.0
    delayed: tuple[float, float] = (0.0, 0.0)
    jittered: tuple[float, float] = (0.0, 0.0)
    doubled: float = 0.0
    refusing: float = 0.0
    dead: bool = False
    lost: int = 0


class Links:
    """Listens on `ports` (name to number, 0 for any); `answer` gets a request and the link it came by."""

    def __init__(
        self, host: str, ports: dict[str, int], answer: Callable[[Request, Link], bytes], note: Callable[..., None]
    ) -> None:
        self.answer, self.note, self.faults = answer, note, Faults()
        self.links: list[Link] = []
        self.selector = selectors.DefaultSelector()
        self.ports: dict[str, int] = {}
        self._dice = random.Random(0)
        for name, number in ports.items():
            server = socket.create_server((host, number))
            server.setblocking(False)
            self.ports[name] = server.getsockname()[1]
            self.selector.register(server, selectors.EVENT_READ, (self._accept, server, name))

    def wait(self, until: float) -> None:
        """Serve clients until a time, and at least once."""
        while True:
            self._let_go()
            due = min((link.leaving[0][0] for link in self.links if link.leaving), default=until)
            for key, _ in self.selector.select(max(0.0, min(until, due) - time.monotonic())):
                call, *rest = key.data
                call(*rest)
            if time.monotonic() >= until:
                return

    def send(self, link: Link, frame: bytes) -> None:
        """Put a frame on its way."""
        faults, now = self.faults, time.monotonic()
        if faults.dead or link not in self.links:
            return
        late = faults.delayed[1] if now < faults.delayed[0] else 0.0
        late += self._dice.uniform(0.0, faults.jittered[1]) if now < faults.jittered[0] else 0.0
        leaves = max(now + late, link.leaving[-1][0] if link.leaving else 0.0)
        link.leaving.append((leaves, frame * 2 if now < faults.doubled else frame))
        self._flush(link, now)

    def report(self, port: str, frame: Callable[[], bytes]) -> None:
        """Send a report to every client of a port; it is not even made where nobody listens."""
        listeners = [link for link in self.links if link.port == port]
        if listeners and time.monotonic() >= self.faults.muted:
            made = frame()
            for link in listeners:
                self.send(link, made)

    def cut(self, reset: bool = False) -> int:
        """Close every link, with RST where `reset`; how many there were."""
        count = len(self.links)
        for link in list(self.links):
            if reset:
                link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._drop(link, "cut")
        return count

    def close(self) -> None:
        """Close everything."""
        self.cut()
        for key in list(self.selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self.selector.close()

    def _accept(self, server: socket.socket, port: str) -> None:
        client, address = server.accept()
        if time.monotonic() < self.faults.refusing:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            self.note("turned away", port=port)
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(client, port)
        self.links.append(link)
        self.selector.register(client, selectors.EVENT_READ, (self._hear, link))
        self.note("connected", port=port, client=address[1])

    def _hear(self, link: Link) -> None:
        if time.monotonic() < self.faults.deaf and link.port == CONTROL:
            self.selector.unregister(link.socket)  # a deaf controller leaves commands in the kernel's buffer
            return
        try:
            found = link.socket.recv(65536)
        except OSError:
            found = b""
        if not found:
            self._drop(link, "gone")
            return
        if self.faults.dead or link.port != CONTROL:
            return
        link.unread += found
        try:
            requests = split(link.unread)
        except ValueError as error:
            self._drop(link, str(error))
            return
        for request in requests:
            if request.protocol == BEAT:
                continue
            answer = self.answer(request, link)
            if self.faults.lost:
                self.faults.lost -= 1
            else:
                self.send(link, answer)

    def _let_go(self) -> None:
        now = time.monotonic()
        for link in list(self.links):
            if now >= self.faults.deaf and link.socket not in self.selector.get_map():
                self.selector.register(link.socket, selectors.EVENT_READ, (self._hear, link))
            if link.leaving or link.unsent:
                self._flush(link, now)

    def _flush(self, link: Link, now: float) -> None:
        while link.leaving and link.leaving[0][0] <= now:
            link.unsent += link.leaving.popleft()[1]
        try:
            while link.unsent:
                del link.unsent[: link.socket.send(link.unsent)]
        except BlockingIOError:
            if len(link.unsent) > BEHIND:
                self._drop(link, "does not read")
        except OSError:
            self._drop(link, "broken")

    def _drop(self, link: Link, why: str) -> None:
        if link not in self.links:
            return
        self.links.remove(link)
        if link.socket in self.selector.get_map():
            self.selector.unregister(link.socket)
        link.socket.close()
        self.note("disconnected", port=link.port, why=why)
