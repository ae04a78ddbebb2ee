"""The state of protocol version 10 as it goes over the wire every millisecond: 1369 bytes after its number.

The layout is a fact of the protocol (vendor source: franky-sim 1.0.4, checked against it in the tests); packing its
numbers as one array costs a tenth of packing them field by field, which a 1 kHz loop in Python needs.
"""

import struct
from collections.abc import Iterable, Sequence

import numpy as np

FIELDS: tuple[tuple[str, int], ...] = (
    ("O_T_EE", 16), ("O_T_EE_d", 16), ("F_T_EE", 16), ("EE_T_K", 16), ("F_T_NE", 16), ("NE_T_EE", 16),
    ("m_ee", 1), ("I_ee", 9), ("F_x_Cee", 3), ("m_load", 1), ("I_load", 9), ("F_x_Cload", 3),
    ("elbow", 2), ("elbow_d", 2), ("tau_J", 7), ("tau_J_d", 7), ("dtau_J", 7),
    ("q", 7), ("q_d", 7), ("dq", 7), ("dq_d", 7), ("ddq_d", 7),
    ("joint_contact", 7), ("cartesian_contact", 6), ("joint_collision", 7), ("cartesian_collision", 6),
    ("tau_ext_hat_filtered", 7), ("O_F_ext_hat_K", 6), ("K_F_ext_hat_K", 6),
    ("O_dP_EE_d", 6), ("O_ddP_O", 3), ("elbow_c", 2), ("delbow_c", 2), ("ddelbow_c", 2),
    ("O_T_EE_c", 16), ("O_dP_EE_c", 6), ("O_ddP_EE_c", 6), ("theta", 7), ("dtheta", 7),
    ("accelerometer_top", 18), ("accelerometer_bottom", 18),
)  # fmt: skip
FLAGS = 41
_TAIL = struct.Struct(f"<BB{FLAGS}s{FLAGS}sBf")
SIZE = 4 * sum(n for _, n in FIELDS) + _TAIL.size


class State:
    """One state that is written over every millisecond."""

    def __init__(self) -> None:
        self._numbers = np.zeros(sum(n for _, n in FIELDS), np.float32)
        self._views: dict[str, np.ndarray] = {}
        at = 0
        for name, n in FIELDS:
            self._views[name] = self._numbers[at : at + n]
            at += n

    def put(self, **fields: Sequence[float] | np.ndarray | float) -> None:
        """Write fields; those not named keep what they have."""
        for name, values in fields.items():
            self._views[name][:] = values

    def pose(self, *names: str, value: np.ndarray) -> None:
        """Write a 4 by 4 pose into fields, by columns as the wire has it."""
        flat = value.T.ravel()
        for name in names:
            self._views[name][:] = flat

    def __getitem__(self, name: str) -> np.ndarray:
        """What a field holds."""
        return self._views[name]

    def pack(
        self, motion: int, controller: int, mode: int, success: float, errors: Iterable[int], reasons: Iterable[int]
    ) -> bytes:
        """The bytes, with the numbers of the modes and of the flags that are up."""
        up = [bytearray(FLAGS), bytearray(FLAGS)]
        for flags, numbers in zip(up, (errors, reasons), strict=True):
            for i in numbers:
                flags[i] = 1
        return self._numbers.tobytes() + _TAIL.pack(motion, controller, bytes(up[0]), bytes(up[1]), mode, success)
