"""How the three processes talk: packets of data over local sockets, numbered and stamped; nothing is unpickled.

A packet is a kind, a sequence number and a time of the monotonic clock [ns], then either float64 numbers or JSON. A
full socket drops what is sent and says so: a peer that does not read never blocks who writes. The end of a peer is the
end of its socket, however it died.
"""

import json
import os
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float64

from real_robot.robot import ArmState, Fault

HEAD = struct.Struct("<cQq")
LONGEST = 65536
GOAL, TARGET, STATE, STATUS, ORDER, ANSWER, EVENT = b"G", b"T", b"S", b"U", b"O", b"A", b"E"


@dataclass(frozen=True)
class Packet:
    """What came: its kind, number, time [ns] and body."""

    kind: bytes
    sequence: int
    stamp: int
    body: bytes

    @property
    def numbers(self) -> Float64[np.ndarray, " n"]:
        """The body as float64; ValueError where it is none."""
        return np.frombuffer(self.body, np.float64)

    @property
    def data(self) -> dict[str, Any]:
        """The body as a JSON object; ValueError where it is none."""
        found = json.loads(self.body)
        if not isinstance(found, dict):
            raise ValueError(f"a packet of {type(found).__name__} where an object is wanted")
        return found


def packed(kind: bytes, body: Any, sequence: int = 0, stamp: int | None = None) -> bytes:
    """The bytes of a packet: numbers where the body is a sequence of them, JSON where it is a mapping."""
    raw = json.dumps(body).encode() if isinstance(body, dict) else np.asarray(body, np.float64).tobytes()
    return HEAD.pack(kind, sequence, time.monotonic_ns() if stamp is None else stamp) + raw


def unpacked(raw: bytes) -> Packet:
    """The packet of its bytes; ValueError where they are none."""
    if len(raw) < HEAD.size:
        raise ValueError(f"a packet of {len(raw)} bytes is cut off")
    kind, sequence, stamp = HEAD.unpack_from(raw)
    return Packet(kind, sequence, stamp, raw[HEAD.size :])


def state_body(state: ArmState) -> bytes:
    """A reading as bytes."""
    fault = None if state.fault is None else vars(state.fault)
    tail = json.dumps([state.status, fault]).encode()
    numbers = (state.clock, state.gripper, float(state.ready), *state.q, *state.qd, *state.wrench)
    return struct.pack("<H", len(state.q)) + np.asarray(numbers, np.float64).tobytes() + tail


def state_of(body: bytes, stamp: int) -> ArmState:
    """The inverse of `state_body`."""
    (n,) = struct.unpack_from("<H", body)
    numbers = np.frombuffer(body, np.float64, 9 + 2 * n, 2)
    status, fault = json.loads(body[2 + 8 * (9 + 2 * n) :])
    q, qd, wrench = np.split(numbers[3:], [n, 2 * n])
    return ArmState(
        stamp, float(numbers[0]), q, qd, wrench, float(numbers[1]), bool(numbers[2]),
        None if fault is None else Fault(**fault), status,
    )  # fmt: skip


class Channel:
    """One end of a local packet socket."""

    def __init__(self, link: socket.socket) -> None:
        link.setblocking(False)
        self.link, self.open, self.dropped = link, True, 0

    @classmethod
    def inherited(cls, descriptor: int) -> Self:
        """The end that a parent left open for this process."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """For select."""
        return self.link.fileno()

    def send(self, kind: bytes, body: Any, sequence: int = 0, stamp: int | None = None) -> bool:
        """Whether it went: false where the peer has gone or does not read."""
        return self.send_raw(packed(kind, body, sequence, stamp))

    def send_state(self, state: ArmState, sequence: int) -> bool:
        """A reading."""
        return self.send_raw(HEAD.pack(STATE, sequence, state.stamp) + state_body(state))

    def send_raw(self, raw: bytes) -> bool:
        """The same of bytes."""
        if not self.open:
            return False
        try:
            self.link.send(raw)
        except BlockingIOError:
            self.dropped += 1
            return False
        except OSError:
            self.open = False
            return False
        return True

    def receive(self, most: int = 256) -> list[Packet]:
        """What has come, in order, without waiting; `open` turns false once the peer has gone and all is read."""
        found = []
        while self.open and len(found) < most:
            try:
                raw = self.link.recv(LONGEST)
            except BlockingIOError:
                break
            except OSError:
                raw = b""
            if not raw:
                self.open = False
                break
            found.append(unpacked(raw))
        return found

    def close(self) -> None:
        """Close this end; safe twice."""
        self.open = False
        self.link.close()


def pair() -> tuple[Channel, socket.socket]:
    """A channel, and the socket to leave to a child."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), theirs


def child_environment() -> dict[str, str]:
    """The environment of a governor or worker: one thread for numpy, output as it comes."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def newest(packets: Sequence[Packet], kind: bytes) -> Packet | None:
    """The last packet of a kind."""
    return next((p for p in reversed(packets) if p.kind == kind), None)
