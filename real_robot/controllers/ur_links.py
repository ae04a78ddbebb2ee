"""The sockets of a Universal Robots controller, and what can be made to go wrong with them."""

import random
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

RTDE, SCRIPT, DASHBOARD, GRIPPER = 30004, 30003, 29999, 63352
"""Vendor source: fixed in the clients, so that two controllers need two loopback addresses."""
BACKLOG = 1 << 20
"""[bytes] A client that lets so much wait is closed (assumed)."""


@dataclass
class Trouble:
    """Until when, on the monotonic clock, something is wrong with the links; `by` is seconds."""

    mute: float = 0.0
    deaf: float = 0.0
    refuse: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    delay_by: float = 0.0
    jitter: float = 0.0
    jitter_by: float = 0.0

    def late(self, now: float) -> float:
        """How much later a frame is to go out."""
        late = self.delay_by if now < self.delay else 0.0
        return late + (random.uniform(0.0, self.jitter_by) if now < self.jitter else 0.0)


@dataclass(eq=False)
class Link:
    """One connection; `heard` takes what came, `silent` is a link that is half open."""

    sock: socket.socket
    port: int
    heard: Callable[[bytes], None] = lambda _: None
    ended: Callable[[], None] = lambda: None
    silent: bool = False
    _due: deque[tuple[float, bytes]] = field(default_factory=deque)
    _out: bytearray = field(default_factory=bytearray)

    def send(self, data: bytes, at: float) -> None:
        """Let it go out at a time, never before what was sent earlier."""
        if not self.silent:
            self._due.append((max(at, self._due[-1][0]) if self._due else at, data))

    def flush(self, now: float) -> bool:
        """Put on the wire what is due; False where the link is broken."""
        while self._due and self._due[0][0] <= now:
            self._out += self._due.popleft()[1]
        if self.silent or not self._out:
            return True
        try:
            del self._out[: self.sock.send(self._out)]
        except BlockingIOError:
            return len(self._out) < BACKLOG
        except OSError:
            return False
        return True


class Links:
    """Listens on the vendor's ports of one address; `greet` is given every new link."""

    def __init__(self, host: str, ports: Iterable[int], greet: Callable[[Link], None]) -> None:
        self.host, self.ports, self.greet, self.trouble = host, tuple(ports), greet, Trouble()
        self._listening: dict[socket.socket, int] = {}
        self.links: list[Link] = []
        self.gone: Callable[[Link, str], None] = lambda *_: None
        self.listen()

    def listen(self) -> None:
        """Open the ports; OSError names the address where one is taken."""
        for port in self.ports:
            try:
                server = socket.create_server((self.host, port))
            except OSError as error:
                self.close()
                said = f"{self.host}:{port} cannot be opened ({error.strerror}); another 127.x.y.z is free"
                raise OSError(error.errno, said) from error
            server.setblocking(False)
            self._listening[server] = port

    def refuse(self, until: float) -> None:
        """Take no new connections until then."""
        self.trouble.refuse = until
        for server in self._listening:
            server.close()
        self._listening.clear()

    def poll(self, seconds: float, also: Iterable[int] = ()) -> set[int]:
        """Read what comes within so long; the numbers of `also` that are readable."""
        now = time.monotonic()
        if not self._listening and now >= self.trouble.refuse:
            self.listen()
        hearing = {a.sock: a for a in self.links if not a.silent and (a.port != RTDE or now >= self.trouble.deaf)}
        ready, _, _ = select.select([*self._listening, *hearing, *also], [], [], max(0.0, seconds))
        for each in ready:
            if each in hearing:
                self._read(hearing[each])
            elif each in self._listening:
                self._accept(each)
        return {each for each in ready if isinstance(each, int)}

    def _accept(self, server: socket.socket) -> None:
        try:
            sock, _ = server.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links.append(Link(sock, self._listening[server]))
        self.greet(self.links[-1])

    def _read(self, link: Link) -> None:
        try:
            data = link.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            link.heard(data)
        else:
            self.drop(link, "the client closed it")

    def send(self, link: Link, data: bytes, *, stream: bool = False) -> None:
        """Send with whatever trouble there is; `stream` is what mute silences."""
        now = time.monotonic()
        if stream and now < self.trouble.mute:
            return
        at = now + self.trouble.late(now) if stream else now
        for _ in range(1 + (stream and now < self.trouble.duplicate)):
            link.send(data, at)
        if not link.flush(now):
            self.drop(link, "it cannot be written")

    def flush(self) -> None:
        """Send what has become due."""
        now = time.monotonic()
        for link in list(self.links):
            if not link.flush(now):
                self.drop(link, "it cannot be written")

    def drop(self, link: Link, why: str, *, reset: bool = False) -> None:
        """Close one link, with a reset instead of an end if told to."""
        if link not in self.links:
            return
        self.links.remove(link)
        if reset:
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.sock.close()
        link.ended()
        self.gone(link, why)

    def of(self, port: int | None) -> list[Link]:
        """The links of a port, or all."""
        return [link for link in self.links if port is None or link.port == port]

    def close(self) -> None:
        """Close everything."""
        for server in self._listening:
            server.close()
        self._listening.clear()
        for link in self.links:
            link.sock.close()
        self.links.clear()
