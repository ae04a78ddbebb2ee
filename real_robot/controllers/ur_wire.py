"""RTDE, protocol version 2, from the controller's side: frames, and recipes of named fields.

A frame is its whole length (uint16, big-endian), one letter and a payload; a recipe is the list of fields that a
client chose once, after which every data frame is a recipe's number and its fields packed. Vendor source: letters,
types and field names are those that ur_rtde 1.6.5 sends; the versions that lack a field are those it does not ask
for the field at. Assumed: the type of a field that it does not decode.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Version = tuple[int, int]
Value = float | int | bool | list[float] | list[int] | tuple[float, ...]

HEAD = struct.Struct(">HB")
LONGEST = 65535
ASK_PROTOCOL, ASK_VERSION, OUTPUTS_SETUP, INPUTS_SETUP, START, PAUSE, DATA, TEXT = b"VvOISPUM"

CODES = {
    "BOOL": "?", "UINT8": "B", "UINT32": "I", "UINT64": "Q", "INT32": "i", "DOUBLE": "d",
    "VECTOR3D": "3d", "VECTOR6D": "6d", "VECTOR6INT32": "6i", "VECTOR6UINT32": "6I",
}  # fmt: skip

_OUTPUTS = {
    "DOUBLE": """timestamp actual_execution_time speed_scaling target_speed_fraction actual_momentum
        actual_main_voltage actual_robot_voltage actual_robot_current io_current tool_output_current tool_temperature
        tool_analog_input0 tool_analog_input1 tcp_force_scalar payload standard_analog_input0 standard_analog_input1
        standard_analog_output0 standard_analog_output1 euromap67_24V_voltage euromap67_24V_current
        joint_position_deviation_ratio collision_detection_ratio""",
    "VECTOR6D": """target_q target_qd target_qdd target_current target_moment actual_q actual_qd actual_current
        joint_control_output actual_TCP_pose actual_TCP_speed actual_TCP_force target_TCP_pose target_TCP_speed
        joint_temperatures actual_joint_voltage ft_raw_wrench payload_inertia tcp_offset actual_current_window
        actual_current_as_torque""",
    "VECTOR3D": "actual_tool_accelerometer elbow_position elbow_velocity payload_cog",
    "UINT64": "actual_digital_input_bits actual_digital_output_bits",
    "UINT32": """runtime_state robot_status_bits safety_status_bits analog_io_types tool_analog_input_types tool_mode
        euromap67_input_bits euromap67_output_bits output_bit_registers0_to_31 output_bit_registers32_to_63
        input_bit_registers0_to_31 input_bit_registers32_to_63 script_control_line""",
    "INT32": "robot_mode safety_mode safety_status tool_output_voltage time_scale_source",
    "UINT8": "tool_output_mode tool_digital_output0_mode tool_digital_output1_mode",
    "VECTOR6INT32": "joint_mode",
}
_INPUTS = {
    "UINT32": "speed_slider_mask input_bit_registers0_to_31 input_bit_registers32_to_63",
    "DOUBLE": "speed_slider_fraction standard_analog_output_0 standard_analog_output_1",
    "UINT8": """standard_digital_output_mask configurable_digital_output_mask standard_digital_output
        configurable_digital_output tool_digital_output_mask tool_digital_output standard_analog_output_mask
        standard_analog_output_type""",
    "VECTOR6D": "external_force_torque",
}
_REGISTERS = {"INT32": "int_register", "DOUBLE": "double_register"}
_BITS = range(64, 128)


def _table(named: Mapping[str, str], directions: Sequence[str]) -> dict[str, str]:
    fields = {name: kind for kind, names in named.items() for name in names.split()}
    for way in directions:
        fields |= {f"{way}_{word}_{i}": kind for kind, word in _REGISTERS.items() for i in range(48)}
        fields |= {f"{way}_bit_register_{i}": "BOOL" for i in _BITS}
    return fields


OUTPUTS = _table(_OUTPUTS, ("output", "input"))
INPUTS = _table(_INPUTS, ("input",))
SINCE: dict[str, dict[int, int]] = {
    "ft_raw_wrench": {5: 9},
    "payload_inertia": {3: 15, 5: 11},
    "actual_current_as_torque": {5: 23},
}
"""The first minor version of each major one that has a field, where not all of them do."""


def kinds(names: Iterable[str], table: Mapping[str, str], version: Version) -> list[str]:
    """The type of each field, NOT_FOUND for one that this version does not have."""
    major, minor = version
    lacking = {n for n, since in SINCE.items() if minor < since.get(major, minor + 1)}
    return [table[n] if n in table and n not in lacking else "NOT_FOUND" for n in names]


def frame(letter: int, payload: bytes = b"") -> bytes:
    """One frame; ValueError where it would be longer than its own length field can say."""
    if len(payload) > LONGEST - HEAD.size:
        raise ValueError(f"a frame holds {LONGEST - HEAD.size} bytes, not {len(payload)}")
    return HEAD.pack(len(payload) + HEAD.size, letter) + payload


def message(text: str, source: str = "simulated controller", level: int = 3) -> bytes:
    """A text frame of the controller to its client; level 0 is an exception, 3 a note."""
    said, who = text.encode()[:255], source.encode()[:255]
    return frame(TEXT, bytes([len(said)]) + said + bytes([len(who)]) + who + bytes([level]))


def frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take every whole frame out of what has come so far; ValueError on a length that no frame can have."""
    while len(buffer) >= HEAD.size:
        length, letter = HEAD.unpack_from(buffer)
        if length < HEAD.size:
            raise ValueError(f"a frame is at least {HEAD.size} bytes; this one says {length}")
        if len(buffer) < length:
            return
        payload = bytes(buffer[HEAD.size : length])
        del buffer[:length]
        yield letter, payload


@dataclass(frozen=True)
class Recipe:
    """Fields in the order in which a client asked for them, all of them known."""

    number: int
    names: tuple[str, ...]
    types: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [f"{n} ({t})" for n, t in zip(self.names, self.types, strict=True) if t not in CODES]
        if unknown:
            raise ValueError(f"a recipe of unknown fields: {', '.join(unknown)}")

    @cached_property
    def _layout(self) -> struct.Struct:
        return struct.Struct(">B" + "".join(CODES[t] for t in self.types))

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        return tuple(int(CODES[t][:-1] or 1) for t in self.types)

    def pack(self, values: Iterable[Value]) -> bytes:
        """A data frame of the values, in the order of the names."""
        flat: list[float] = []
        for value in values:
            if isinstance(value, list | tuple):
                flat.extend(value)
            else:
                flat.append(value)
        return frame(DATA, self._layout.pack(self.number, *flat))

    def unpack(self, payload: bytes) -> dict[str, Value]:
        """The values of a data frame by their names; ValueError where it is too short.

        Vendor source: the client sends more than the recipe of a forward kinematics with a zero tool has. Assumed:
        the surplus is not looked at.
        """
        if len(payload) < self._layout.size:
            raise ValueError(f"recipe {self.number} is {self._layout.size} bytes; this data has {len(payload)}")
        flat, at, found = self._layout.unpack_from(payload)[1:], 0, {}
        for name, width in zip(self.names, self._widths, strict=True):
            found[name] = flat[at] if width == 1 else flat[at : at + width]
            at += width
        return found
