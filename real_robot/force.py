"""What a force on the tool asks for: nothing, a warning, a hold, or a stop; debounced, with hysteresis."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from jaxtyping import Float64

from real_robot.description import Force


class Level(IntEnum):
    """How bad it is."""

    NONE = 0
    WARN = 1
    HOLD = 2
    STOP = 3


@dataclass
class Touch:
    """A level is entered when its threshold is exceeded for `debounce` seconds, and left below a share of it."""

    force: Force
    zero: Float64[np.ndarray, " 6"] = field(default_factory=lambda: np.zeros(6))
    level: Level = Level.NONE
    _since: dict[Level, float] = field(default_factory=dict)

    def reset(self, wrench: Float64[np.ndarray, " 6"]) -> None:
        """Count from this reading, where the file says so."""
        self.zero = np.nan_to_num(wrench) if self.force.zero else np.zeros(6)
        self.level, self._since = Level.NONE, {}

    def felt(self, wrench: Float64[np.ndarray, " 6"], now: float) -> Level:
        """The level with this reading [N, Nm] of this time [s]; no sensor feels nothing."""
        if not np.isfinite(wrench).all():
            return self.level
        push, twist = (float(np.linalg.norm(part)) for part in np.split(wrench - self.zero, 2))
        limit = self.force
        table = {
            Level.WARN: (limit.warn, np.inf),
            Level.HOLD: (limit.hold, limit.torque_hold),
            Level.STOP: (limit.stop, limit.torque_stop),
        }
        for level, (most, turn) in table.items():
            over = push > most or twist > turn
            if over:
                self._since.setdefault(level, now)
                if level > self.level and now - self._since[level] >= limit.debounce:
                    self.level = level
            else:
                self._since.pop(level, None)
                if level == self.level and push < limit.hysteresis * most and twist < limit.hysteresis * turn:
                    self.level = Level(level - 1)
        return self.level
