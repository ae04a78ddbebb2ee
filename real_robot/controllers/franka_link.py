"""The UDP link of the simulated FR3, and the faults that a network can do to it.

States go out once a millisecond, numbered; commands come back with the number of the state that they answer.
"""

import random
import select
import socket
import struct
from collections import deque

_NUMBER = struct.Struct("<Q")


class Link:
    """Numbers and sends states, receives commands.

    `now` is the tick; until the ticks `mute`, `deaf`, `twice` and `delayed` no state goes out, nothing is to be read,
    states go out twice, and states go out `delay` and up to `jitter` milliseconds late. `sent` is the number of the
    newest state that went out.
    """

    def __init__(self, host: str) -> None:
        self.host, self.number = host, 0
        self.mute, self.deaf, self.twice = 0.0, 0.0, 0.0
        self.delay, self.jitter, self.delayed = 0, 0, 0.0
        self._socket: socket.socket | None = None
        self._to, self.now = ("", 0), 0
        self._waiting: deque[tuple[int, bytes]] = deque()
        self.sent = 0
        self._chance = random.Random(0)

    @property
    def open(self) -> bool:
        """Whether there is a client."""
        return self._socket is not None

    def connect(self, to: tuple[str, int]) -> None:
        """Send to a client from now on, with numbers from the start."""
        self.close()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, 0))
        self._socket.setblocking(False)
        self._to, self.number, self.sent = to, 1, 0

    def close(self) -> None:
        """Forget the client."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._waiting.clear()

    def put(self, state: bytes) -> None:
        """The state of this millisecond."""
        if self.now >= self.mute:
            late = self.delay + self._chance.randint(0, self.jitter) if self.now < self.delayed else 0
            for _ in range(2 if self.now < self.twice else 1):
                self._waiting.append((self.now + late, _NUMBER.pack(self.number) + state))
        self.number += 1
        self._flush()

    def _flush(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.now and self._socket is not None:
            _, frame = self._waiting.popleft()
            self.sent = _NUMBER.unpack_from(frame)[0]
            try:
                self._socket.sendto(frame, self._to)
            except OSError:  # nobody listens there or the buffer is full: a datagram is lost
                return

    def ready(self, other: socket.socket | None, seconds: float) -> bool:
        """Wait until a command comes, and no longer than this or until the other socket has something."""
        both = [each for each in (self._socket, other) if each is not None]
        found = select.select(both, [], [], max(seconds, 0.0))[0]
        return found == [self._socket]

    def heard(self, size: int) -> list[bytes]:
        """The commands that came, oldest first; what is not as long as a command is left out."""
        found: list[bytes] = []
        while self._socket is not None:
            try:
                raw = self._socket.recv(2048)
            except OSError:
                break
            if len(raw) == size:
                found.append(raw)
        return found
