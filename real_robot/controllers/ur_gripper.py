"""A stand-in for the Robotiq gripper's text socket, port 63352 of a Universal Robots controller.

Vendor source (the driver that ur_rtde's documentation shows): "SET POS 100 SPE 255" is answered by "ack" and
"GET POS" by "POS 3", numbers are 0 to 255, STA is 3 when active, and OBJ is 0 moving, 1 stopped while opening,
2 stopped while closing, 3 at rest without an object. Assumed: speeds, how long activation takes, the answer to what
is not understood, and that an answer to GET ends a line while an ack does not.
"""

from dataclasses import dataclass, field

VARIABLES = ("ACT", "GTO", "ATR", "ADR", "FOR", "SPE", "POS", "STA", "PRE", "OBJ", "FLT")
SETTABLE = frozenset(VARIABLES[:7])
ACTIVATION = 0.5
"""[s] Assumed."""
FASTEST, SLOWEST = 255 / 0.6, 255 / 4.0
"""[counts/s] Assumed; the maker's 2F-85 sheet says 20 to 150 mm/s over 85 mm (recalled)."""


@dataclass
class Gripper:
    """Fingers at `position` counts, 0 open, 255 closed; `grip` is where an object stops them, if one is there."""

    position: float = 0.0
    grip: float | None = None
    set: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VARIABLES[:7], 0) | {"SPE": 255, "FOR": 150})
    _active: float = 0.0
    _held: int = 3

    def tick(self, dt: float) -> None:
        """dt seconds on."""
        self._active = self._active + dt if self.set["ACT"] else 0.0
        if not self.active or not self.set["GTO"]:
            return
        speed = SLOWEST + (FASTEST - SLOWEST) * self.set["SPE"] / 255
        wanted, before = float(self.set["POS"]), self.position
        if wanted > before and self.grip is not None and before <= self.grip:
            wanted = min(wanted, self.grip)
        moved = max(-speed * dt, min(speed * dt, wanted - before))
        self.position = before + moved
        if self.position == self.set["POS"]:
            self._held = 3
        else:
            self._held = 0 if moved else 2

    @property
    def active(self) -> bool:
        """Whether it may move."""
        return self._active >= ACTIVATION

    def get(self, name: str) -> int:
        """A variable's value; KeyError for an unknown one."""
        found = {"POS": round(self.position), "PRE": self.set["POS"], "OBJ": self._held, "FLT": 0}
        found["STA"] = (3 if self.active else 1) if self.set["ACT"] else 0
        return found[name] if name in found else self.set[name]

    def answer(self, line: str) -> str:
        """The answer to a line, as it goes on the wire."""
        match line.split():
            case ["GET", name] if name in VARIABLES:
                return f"{name} {self.get(name)}\n"
            case ["SET", *pairs] if pairs and len(pairs) % 2 == 0 and set(pairs[::2]) <= SETTABLE:
                if not all(value.isdecimal() and int(value) <= 255 for value in pairs[1::2]):
                    return "?"
                self.set |= {n: int(v) for n, v in zip(pairs[::2], pairs[1::2], strict=True)}
                return "ack"
        return "?"
