"""The numbers of the commands of ur_rtde's control program, and the registers they travel in.

Vendor source: the text that ur_rtde 1.6.5 uploads.
"""

import re
from dataclasses import dataclass, field
from typing import Any

READY, DONE = 1, 2
REAL_TIME = frozenset({6, 9, 10, 11, 24, 25, 26, 27, 38, 58, 66, 67, 68, 69, 70, 71})
MOTIONS = {1: "moveJ", 2: "moveJ_IK", 3: "moveL", 4: "moveL_FK", 9: "speedJ", 10: "speedL", 11: "servoJ", 12: "servoC",
           24: "servoL", 41: "jog", 45: "movePath", 51: "moveUntilContact"}  # fmt: skip
"""Vendor source: those that may set the arm in motion."""
NAMES = MOTIONS | {
    0: "none", 6: "forceMode", 7: "forceModeStop", 8: "zeroFtSensor", 15: "speedStop", 16: "servoStop",
    17: "setPayload", 18: "teachMode", 19: "endTeachMode", 20: "forceModeSetDamping", 21: "forceModeSetGainScaling",
    26: "getStepTime", 29: "setTcp", 30: "getInverseKinematics", 31: "triggerProtectiveStop", 33: "stopL", 34: "stopJ",
    35: "setWatchdog", 36: "isPoseWithinSafetyLimits", 37: "isJointsWithinSafetyLimits", 38: "getJointTorques",
    39: "poseTrans", 40: "getTCPOffset", 42: "jogStop", 43: "getForwardKinematics", 44: "getForwardKinematics",
    46: "getInverseKinematics", 47: "isSteady", 52: "freedriveMode", 53: "endFreedriveMode", 54: "getFreedriveStatus",
    58: "getActualToolFlangePose", 59: "setGravity", 60: "getInverseKinematicsHasSolution",
    61: "getInverseKinematicsHasSolution", 65: "setTargetPayload", 70: "getJacobian", 255: "stopScript",
}  # fmt: skip


@dataclass
class Registers:
    """One direction's general-purpose registers, and the other named fields."""

    ints: list[int] = field(default_factory=lambda: [0] * 48)
    doubles: list[float] = field(default_factory=lambda: [0.0] * 48)
    named: dict[str, Any] = field(default_factory=dict)


def complete(text: str) -> bool:
    """Whether an uploaded text has its last line: `end` of the outermost block, or one line alone."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not text.endswith("\n") or not lines:
        return False
    return lines[-1].rstrip() == "end" or not lines[0].startswith(("def ", "sec "))


def offset(kind: str, text: str) -> int:
    """By how much a program shifts its registers of a kind, "int" or "float"; 0 or 24.

    Vendor source: the number stands in the line after a comment that follows the equals sign.
    """
    found = re.search(rf"reg_offset_{kind}\s*=\s*(?:#[^\n]*\n\s*)?(\d+)", text)
    return int(found.group(1)) if found else 0
