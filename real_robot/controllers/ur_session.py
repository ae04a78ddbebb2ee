"""One RTDE connection: what its client set up, what it writes, what it is sent.

Vendor documentation: an input field belongs to the client that set it up, and another that asks for it is told
IN_USE, until the first is gone. Assumed: the recipe of a refused set-up has the number 0.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from real_robot.controllers import ur_wire as wire
from real_robot.controllers.ur_fields import Field, field
from real_robot.controllers.ur_wire import Recipe, Value, Version

PROTOCOLS = (1, 2)


class Owners:
    """Which session an input field belongs to, or which other part of the controller, as a fieldbus would be."""

    def __init__(self) -> None:
        self._of: dict[str, object] = {}

    def take(self, names: Sequence[str], who: object) -> list[str]:
        """The names that belong to somebody else; where there are none they are `who`'s now."""
        taken = [n for n in names if self._of.get(n, who) is not who]
        if not taken:
            self._of |= dict.fromkeys(names, who)
        return taken

    def free(self, who: object) -> None:
        """Give back all that is `who`'s."""
        self._of = {n: owner for n, owner in self._of.items() if owner is not who}


class Session:
    """`hear` takes bytes; `send` puts frames out, `write` hands on inputs, `say` is the journal."""

    def __init__(
        self,
        version: Version,
        rate: int,
        owners: Owners,
        *,
        send: Callable[[bytes], None],
        write: Callable[[dict[str, Value]], None],
        say: Callable[..., None],
    ) -> None:
        self.version, self.rate, self.owners = version, rate, owners
        self._send, self._write, self._say = send, write, say
        self._buffer, self.inputs = bytearray(), dict[int, Recipe]()
        self.output: Recipe | None = None
        self._fields: list[Field] = []
        self.every, self.started, self.asked_protocol = 1, False, 1

    def hear(self, data: bytes) -> None:
        """What came over the link; ValueError on what is no RTDE."""
        self._buffer += data
        for letter, payload in wire.frames(self._buffer):
            self._answer(letter, payload)

    def due(self, tick: int) -> bool:
        """Whether this tick's data goes out."""
        return self.started and self.output is not None and tick % self.every == 0

    def data(self, controller: Any) -> bytes:
        """This tick's data frame."""
        assert self.output is not None
        return self.output.pack([read(controller) for read in self._fields])

    def end(self) -> None:
        """The link is gone."""
        self.owners.free(self)

    def _answer(self, letter: int, payload: bytes) -> None:
        if letter == wire.DATA:
            recipe = self.inputs.get(payload[0]) if payload else None
            if recipe is None:
                self._send(wire.message(f"no input recipe {payload[:1]!r}"))
            else:
                self._write(recipe.unpack(payload))
        elif letter == wire.ASK_PROTOCOL:
            asked = struct.unpack(">H", payload)[0]
            self.asked_protocol = asked
            self._send(wire.frame(letter, bytes([asked in PROTOCOLS])))
        elif letter == wire.ASK_VERSION:
            self._send(wire.frame(letter, struct.pack(">4I", *self.version, 0, 0)))
        elif letter == wire.OUTPUTS_SETUP:
            self._set_outputs(payload)
        elif letter == wire.INPUTS_SETUP:
            self._set_inputs(listed(payload))
        elif letter in (wire.START, wire.PAUSE):
            self.started = letter == wire.START
            self._send(wire.frame(letter, b"\1"))
        elif letter == wire.TEXT:
            self._say("client says", text=payload.decode(errors="replace"))
        else:
            self._send(wire.message(f"no frame {chr(letter)!r}"))

    def _set_outputs(self, payload: bytes) -> None:
        frequency, names = struct.unpack_from(">d", payload)[0], listed(payload[8:])
        types = wire.kinds(names, wire.OUTPUTS, self.version)
        missing = [n for n, t in zip(names, types, strict=True) if t == "NOT_FOUND"]
        if not missing:
            self.output, self._fields = Recipe(1, tuple(names), tuple(types)), [field(n) for n in names]
            self.every = max(1, round(self.rate / frequency)) if frequency > 0 else 1
        self._say("outputs", frequency=frequency, names=names, missing=missing)
        self._send(wire.frame(wire.OUTPUTS_SETUP, bytes([0 if missing else 1]) + ",".join(types).encode()))

    def _set_inputs(self, names: list[str]) -> None:
        types = wire.kinds(names, wire.INPUTS, self.version)
        missing = [n for n, t in zip(names, types, strict=True) if t == "NOT_FOUND"]
        taken = self.owners.take(names, self) if not missing else []
        types = ["IN_USE" if n in taken else t for n, t in zip(names, types, strict=True)]
        number = 0 if missing or taken else len(self.inputs) + 1
        if number:
            self.inputs[number] = Recipe(number, tuple(names), tuple(types))
        self._say("inputs", number=number, names=names, missing=missing, taken=taken)
        self._send(wire.frame(wire.INPUTS_SETUP, bytes([number]) + ",".join(types).encode()))


def listed(payload: bytes) -> list[str]:
    """The names of a set-up; vendor source: the client ends its list with a comma."""
    return [name for name in payload.decode().split(",") if name]
