"""What an xArm stores and gives back: offsets, load, sensitivities, reduced mode, fence, limits of planned motion.

Function codes and formats are vendor source; the values at the start and which of them are enforced, and how, are
assumed: `xarm_safety.judge` enforces boundary, reduced speeds and ranges, collision sensitivity, self-collision.
"""

import math
import struct
from dataclasses import dataclass, field, fields

FLOATS, BYTE, INTEGERS = "f", "B", "i"
FORMS: dict[int, tuple[str, str, int]] = {
    31: ("tcp_jerk", FLOATS, 1), 32: ("tcp_acceleration", FLOATS, 1), 33: ("joint_jerk", FLOATS, 1),
    34: ("joint_acceleration", FLOATS, 1), 35: ("tcp_offset", FLOATS, 6), 36: ("tcp_load", FLOATS, 4),
    37: ("collision_sensitivity", BYTE, 1), 38: ("teach_sensitivity", BYTE, 1), 47: ("reduced_tcp_speed", FLOATS, 1),
    48: ("reduced_joint_speed", FLOATS, 1), 50: ("reduced", BYTE, 1), 51: ("gravity", FLOATS, 3),
    52: ("boundary", INTEGERS, 6), 58: ("reduced_joint_range", FLOATS, 14), 59: ("fence", BYTE, 1),
    60: ("rebound", BYTE, 1), 66: ("approximate", BYTE, 1), 70: ("report_current", BYTE, 1),
    73: ("world_offset", FLOATS, 6), 77: ("self_collision", BYTE, 1), 79: ("simulation", BYTE, 1),
    80: ("continuous", BYTE, 1),
}  # fmt: skip
"""Function to field, form and count; floats and integers are little-endian here."""
TOOL_MODEL = 78
HIGHEST = {"collision_sensitivity": 5, "teach_sensitivity": 5, "tcp_acceleration": 50000.0, "joint_acceleration": 20.0}
"""Above these a value is refused; the client closes the report of an arm whose sensitivity exceeds 5."""
RESETS = frozenset({35, 36, 37, 51, 73})
"""Functions that clear the queue, go to mode 0 and state 5 (vendor thread for 35 to 37, assumed for the others)."""
SPEED_FACTOR = 1
"""The common parameter that scales the linear speed limit of the servo mode."""
FLOAT_PARAMETERS = {1: 1, 6: 6, 7: 14, 12: 6, 14: 6}


def _far() -> list[float]:
    return [-2 * math.pi, 2 * math.pi] * 7


@dataclass
class Settings:
    """Values at the start; lengths in mm, angles in rad."""

    tcp_jerk: float = 1000.0
    tcp_acceleration: float = 50000.0
    joint_jerk: float = 20.0
    joint_acceleration: float = 20.0
    tcp_offset: list[float] = field(default_factory=lambda: [0.0] * 6)
    tcp_load: list[float] = field(default_factory=lambda: [0.0] * 4)
    collision_sensitivity: int = 3
    teach_sensitivity: int = 3
    reduced_tcp_speed: float = 250.0
    reduced_joint_speed: float = math.radians(45.0)
    reduced: int = 0
    gravity: list[float] = field(default_factory=lambda: [0.0, 0.0, -1.0])
    boundary: list[int] = field(default_factory=lambda: [2000, -2000] * 3)
    reduced_joint_range: list[float] = field(default_factory=_far)
    fence: int = 0
    rebound: int = 0
    approximate: int = 0
    report_current: int = 0
    world_offset: list[float] = field(default_factory=lambda: [0.0] * 6)
    self_collision: int = 1
    simulation: int = 0
    continuous: int = 0
    tool_model: int = 0
    tool_parameters: list[float] = field(default_factory=list)
    counter: int = 0
    parameters: dict[int, bytes] = field(default_factory=lambda: {SPEED_FACTOR: struct.pack("<f", 1.2)})

    def store(self, function: int, payload: bytes) -> None:
        """Take a value; ValueError, and nothing stored, for one that is too short, not finite or too large."""
        if function == TOOL_MODEL:
            self.tool_parameters = _numbers(FLOATS, (len(payload) - 1) // 4, payload)
            self.tool_model = payload[-1]
            return
        name, form, count = FORMS[function]
        found = _numbers(form, count, payload)
        if not all(math.isfinite(x) for x in found) or (name in HIGHEST and not 0 <= found[0] <= HIGHEST[name]):
            raise ValueError(f"{name} cannot be {found}")
        setattr(self, name, found[0] if count == 1 else found)

    def reset(self) -> None:
        """Back to the values at the start (CLEAN_CONF)."""
        new = Settings()
        for each in fields(self):
            setattr(self, each.name, getattr(new, each.name))

    def reduced_state(self) -> bytes:
        """The 79 bytes of GET_REDUCED_STATE."""
        speeds = (self.reduced_tcp_speed, self.reduced_joint_speed, *self.reduced_joint_range)
        return struct.pack(">B6h", self.reduced, *self.boundary) + struct.pack(
            "<16fBB", *speeds, self.fence, self.rebound
        )

    def set_parameter(self, payload: bytes) -> None:
        """SET_COMMON_PARAM: a number and whatever belongs to it."""
        if len(payload) < 2 or (payload[0] == SPEED_FACTOR and not 0 < _numbers(FLOATS, 1, payload[1:])[0] < 10):
            raise ValueError(f"a common parameter has a number and a value that makes sense, not {payload!r}")
        self.parameters[payload[0]] = payload[1:]

    def parameter(self, number: int) -> bytes:
        """GET_COMMON_PARAM: what was set, or zeros."""
        return self.parameters.get(number, bytes(4 * FLOAT_PARAMETERS.get(number, 2 if number in (15, 16, 26) else 1)))

    @property
    def servo_speed(self) -> float:
        """The linear speed [mm/s] above which the servo mode fails: 1.2 times 1000 (vendor thread)."""
        usual = 1000.0 * struct.unpack("<f", self.parameters[SPEED_FACTOR][:4])[0]
        return min(usual, self.reduced_tcp_speed) if self.reduced else usual

    def limits(self) -> list[float]:
        """Twelve numbers of the rich report: jerk, acceleration and speed of the tool, the joints and the rotation."""
        tool = [self.tcp_jerk, 1.0, self.tcp_acceleration, 0.1, 1000.0]
        return [*tool, self.joint_jerk, 0.01, self.joint_acceleration, 0.0001, math.pi, 2.3, 2.7]


def _numbers(form: str, count: int, payload: bytes) -> list:
    size = struct.calcsize(f"<{count}{form}")
    if len(payload) < size:
        raise ValueError(f"{count} numbers need {size} bytes, these are {len(payload)}")
    return list(struct.unpack_from(f"<{count}{form}", payload))
