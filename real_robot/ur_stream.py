"""What a Universal Robots controller says of itself, 500 times a second, read over an RTDE link of our own.

The vendor's receiver goes on answering with the last state after its link is lost, and can take the process down; so
readings are decoded here, from the maker's published protocol. `poll` takes what has come and never waits. A packet
is new when the controller's clock went on; and `late` tells readings that are new, but were long on their way.
"""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from real_robot.robot import Fault, RobotFault
from real_robot.ur_faults import NORMAL, PLAYING, RUNNING, link

PORT = 30004
NEEDED = (
    "timestamp", "actual_q", "actual_qd", "actual_TCP_pose", "actual_TCP_force", "robot_mode", "safety_mode",
    "runtime_state",
)  # fmt: skip
WANTED = ("tcp_offset", "payload")
CODES = {"DOUBLE": "d", "VECTOR3D": "3d", "VECTOR6D": "6d", "INT32": "i", "UINT32": "I", "UINT64": "Q", "BOOL": "?"}
DRIFT = 2e-4
"""How much faster than ours the controller's clock may run."""


@dataclass(frozen=True, eq=False)
class Packet:
    """One packet; `stamp` [ns] is our monotonic clock when it was decoded, `clock` [s] the controller's."""

    stamp: int
    clock: float
    q: Float64[np.ndarray, " 6"]
    qd: Float64[np.ndarray, " 6"]
    pose: tuple[float, ...]
    """Of the tool in the base's frame: position [m], axis times angle [rad]."""
    wrench: Float64[np.ndarray, " 6"]
    robot: int
    safety: int
    runtime: int
    tool: tuple[float, ...] | None
    """The controller's tool in the flange's frame, as `pose`; None where this version does not say."""
    payload: float | None
    command: int | None
    """The register in which the vendor's client writes its commands; None where it cannot be read."""

    @property
    def plays(self) -> bool:
        """Whether a program may move the arm now."""
        return self.runtime == PLAYING and self.robot == RUNNING and self.safety in NORMAL


@dataclass
class Stream:
    """A link to one controller; RobotFault where it cannot be opened within `patience` seconds."""

    host: str
    register: int = 0
    patience: float = 2.0
    version: tuple[int, int, int] = (0, 0, 0)
    newest: Packet | None = None
    closed: str = ""
    """Why the link is gone; empty while it is there."""
    interrupted: bool = False
    """Whether some packet since it was cleared said that no program plays."""
    gap: float = 0.0
    """The longest time that was left out between two packets [s], by the controller's clock."""
    late: float = 0.0
    """How much longer than the quickest the newest packet was on its way [s]."""
    _buffer: bytearray = field(default_factory=bytearray)
    _offset: float = float("inf")

    def __post_init__(self) -> None:
        self._socket = connect(self.host, PORT, self.patience)
        try:
            self._open()
            self._socket.setblocking(False)
            self.until(lambda packet: True, self.patience, "it sends no state")
        except OSError as error:
            self.close()
            raise link(f"{self.host}:{PORT} does not answer as RTDE ({error})") from error
        except RobotFault:
            self.close()
            raise

    def _open(self) -> None:
        self.version = handshake(self._socket, self._buffer)
        names = [*NEEDED, *WANTED, f"input_int_register_{self.register}"]
        types = self._choose(names)
        if "NOT_FOUND" in types[: len(NEEDED)]:
            lacking = [n for n, t in zip(names[: len(NEEDED)], types, strict=False) if t == "NOT_FOUND"]
            raise RobotFault(Fault("version", f"this controller does not tell {', '.join(lacking)}", clearable=False))
        if "NOT_FOUND" in types:
            names = [n for n, t in zip(names, types, strict=True) if t != "NOT_FOUND"]
            types = self._choose(names)
        self._layout = struct.Struct(">B" + "".join(CODES[t] for t in types))
        self._places, at = {}, 1
        for name, kind in zip(names, types, strict=True):
            width = int(CODES[kind][:-1] or 1)
            self._places[name] = slice(at, at + width)
            at += width
        if not ask(self._socket, self._buffer, b"S")[0]:
            raise link(f"{self.host} does not start to send its state")

    def _choose(self, names: list[str]) -> list[str]:
        answer = ask(self._socket, self._buffer, b"O", struct.pack(">d", 500.0) + ",".join(names).encode())
        return answer[1:].decode().split(",")

    def fileno(self) -> int:
        """For select and poll."""
        return self._socket.fileno()

    def poll(self) -> Packet | None:
        """Take all that has come; the newest packet, None before the first."""
        while not self.closed:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                break
            except OSError as error:
                self.closed = str(error)
                break
            if not data:
                self.closed = "the controller closed the link"
            self._buffer += data
        last, before = None, self.newest.clock if self.newest else float("inf")
        for letter, payload in frames(self._buffer):
            if letter == b"U"[0] and len(payload) >= self._layout.size:
                last = self._layout.unpack_from(payload)
                self.interrupted |= last[self._places["runtime_state"].start] != PLAYING
                self.gap, before = max(self.gap, last[1] - before), last[1]
        if last is not None:
            self._take(last)
        return self.newest

    def _take(self, values: tuple[float, ...]) -> None:
        now, clock = time.monotonic_ns(), float(values[1])
        if self.newest is not None:
            if clock <= self.newest.clock:
                if clock < self.newest.clock - 1.0:
                    self.closed = "the controller's clock went back: it was started anew"
                return
            self._offset += DRIFT * (clock - self.newest.clock)
        self._offset = min(self._offset, now * 1e-9 - clock)
        self.late = now * 1e-9 - clock - self._offset
        part = {name: values[place] for name, place in self._places.items()}
        register, payload = part.get(f"input_int_register_{self.register}"), part.get("payload")
        self.newest = Packet(
            now, clock,
            np.array(part["actual_q"], np.float64), np.array(part["actual_qd"], np.float64),
            part["actual_TCP_pose"], np.array(part["actual_TCP_force"], np.float64),
            int(part["robot_mode"][0]), int(part["safety_mode"][0]), int(part["runtime_state"][0]),
            part.get("tcp_offset"), payload[0] if payload else None, int(register[0]) if register else None,
        )  # fmt: skip

    @property
    def age(self) -> float:
        """How old what the newest packet says is [s]: since it was decoded, and what it was late by."""
        return float("inf") if self.newest is None else (time.monotonic_ns() - self.newest.stamp) * 1e-9 + self.late

    def until(self, condition: Callable[[Packet], bool], seconds: float, otherwise: str) -> Packet:
        """The first newest packet of which it is true; RobotFault with `otherwise` when it was not in time."""
        end, seen = time.monotonic() + seconds, self.newest
        while True:
            packet = self.poll()
            if packet is not None and packet is not seen and condition(packet):
                return packet
            seen = packet
            left = end - time.monotonic()
            if self.closed or left <= 0:
                raise link(f"{self.host}: {self.closed}" if self.closed else f"{self.host}: {otherwise}")
            select.select([self._socket], [], [], min(left, 0.1))

    def close(self) -> None:
        """Close the link, whoever else sleeps on it; safe twice."""
        self.closed = self.closed or "closed"
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """A TCP link with that timeout; RobotFault that names the port."""
    try:
        found = socket.create_connection((host, port), timeout=seconds)
    except OSError as error:
        raise link(f"{host}:{port} cannot be reached ({error or 'no answer'}); is the robot on, and this its address?"
                   ) from error  # fmt: skip
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take the whole frames out of a buffer; RobotFault on what cannot be one."""
    at = 0
    while len(buffer) - at >= 3:
        length, letter = struct.unpack_from(">HB", buffer, at)
        if length < 3:
            buffer.clear()
            raise link(f"what comes on port {PORT} is no RTDE")
        if len(buffer) - at < length:
            break
        yield letter, bytes(buffer[at + 3 : at + length])
        at += length
    del buffer[:at]


def ask(link_: socket.socket, buffer: bytearray, letter: bytes, payload: bytes = b"") -> bytes:
    """The payload of the answer to a frame; other frames on the way are left out."""
    link_.sendall(struct.pack(">HB", len(payload) + 3, letter[0]) + payload)
    end = time.monotonic() + 2.0
    while True:
        for got, answer in frames(buffer):
            if got == letter[0]:
                return answer
        data = link_.recv(65536)
        if not data or time.monotonic() > end:
            raise OSError("it closed the link" if not data else "no answer in 2 s")
        buffer += data


def handshake(link_: socket.socket, buffer: bytearray) -> tuple[int, int, int]:
    """Agree on protocol 2; the controller's version. RobotFault for one that is too old or too new."""
    accepted = ask(link_, buffer, b"V", struct.pack(">H", 2))[0]
    major, minor, bugfix, _ = struct.unpack(">4I", ask(link_, buffer, b"v"))
    if not accepted or not 5 <= major < 10:
        raise RobotFault(Fault(
            "version", f"the controller runs {major}.{minor}.{bugfix}; this adapter drives PolyScope 5 (e-Series)",
            f"{major}.{minor}.{bugfix}", clearable=False,
        ))  # fmt: skip
    return major, minor, bugfix


def taken(host: str, first: int, patience: float = 2.0) -> tuple[str, ...]:
    """The registers of the vendor's client, from number `first` on, that somebody else writes; lets go of its own."""
    names = [f"input_int_register_{first + i}" for i in range(4)]
    names += [f"input_double_register_{first + i}" for i in range(24)]
    with connect(host, PORT, patience) as own:
        try:
            buffer = bytearray()
            handshake(own, buffer)
            kinds = ask(own, buffer, b"I", ",".join(names).encode())[1:].decode().split(",")
        except OSError as error:
            raise link(f"{host}:{PORT} does not answer as RTDE ({error})") from error
    return tuple(n for n, kind in zip(names, kinds, strict=True) if kind == "IN_USE")
