"""The modes that a Universal Robots controller reports, in its maker's words, and which of them are faults.

Numbers and names are those of the maker's documentation of `robot_mode`, `safety_mode` and `runtime_state`.
"""

from real_robot.robot import Fault, RobotFault

ROBOT = {
    -1: "NO_CONTROLLER", 0: "DISCONNECTED", 1: "CONFIRM_SAFETY", 2: "BOOTING", 3: "POWER_OFF", 4: "POWER_ON",
    5: "IDLE", 6: "BACKDRIVE", 7: "RUNNING", 8: "UPDATING_FIRMWARE",
}  # fmt: skip
SAFETY = {
    1: "NORMAL", 2: "REDUCED", 3: "PROTECTIVE_STOP", 4: "RECOVERY", 5: "SAFEGUARD_STOP", 6: "SYSTEM_EMERGENCY_STOP",
    7: "ROBOT_EMERGENCY_STOP", 8: "VIOLATION", 9: "FAULT", 10: "VALIDATE_JOINT_ID", 11: "UNDEFINED_SAFETY_MODE",
    12: "AUTOMATIC_MODE_SAFEGUARD_STOP", 13: "SYSTEM_THREE_POSITION_ENABLING_STOP",
}  # fmt: skip
RUNTIME = {0: "STOPPING", 1: "STOPPED", 2: "PLAYING", 3: "PAUSING", 4: "PAUSED", 5: "RESUMING"}
RUNNING, PLAYING, STOPPED = 7, 2, 1
NORMAL = frozenset({1, 2})
REDUCED, PROTECTIVE, BROKEN = 2, 3, frozenset({8, 9})
SAFEGUARD, PRESSED = frozenset({5, 12, 13}), frozenset({6, 7})

_GUARD = "a guard is open or an enabling switch is released; close it"
_PRESSED = "an emergency stop is pressed; find out why, pull the button out, then acknowledge"
_FAULTS: dict[int, tuple[str, str, bool]] = {
    3: ("protective stop", "the controller stopped the arm; look for the cause before acknowledging", True),
    4: ("recovery mode", "a joint is beyond a safety limit; move it back by hand or on the pendant", False),
    5: ("safeguard stop", _GUARD, True),
    6: ("emergency stop", _PRESSED, True),
    7: ("emergency stop", _PRESSED, True),
    8: ("safety violation", "the safety system stopped the arm and took its power; see the pendant", True),
    9: ("safety fault", "the safety system found an error and took the power; see the pendant", True),
    12: ("safeguard stop", _GUARD, True),
    13: ("safeguard stop", _GUARD, True),
}


def word(table: dict[int, str], number: int) -> str:
    """A mode in the maker's word; the number where it has none here."""
    return table.get(number, f"mode {number}")


def fault(safety: int) -> Fault | None:
    """What a safety mode means for the arm; None where it may move.

    `clearable` says that `recover` may be tried; it looks anew at whether the button is still pressed.
    """
    if safety in NORMAL:
        return None
    name, text, clearable = _FAULTS.get(
        safety, ("controller error", "the safety system is in a mode in which the arm does not move", False)
    )
    return Fault(name, text, f"safety mode {safety} {word(SAFETY, safety)}", clearable)


def link(text: str) -> RobotFault:
    """The error of a lost, silent or unreachable controller."""
    return RobotFault(Fault("link", text))


def refused(text: str, code: str = "") -> RobotFault:
    """The error of a controller that will not."""
    return RobotFault(Fault("refused", text, code))


def not_ready(text: str, code: str = "") -> RobotFault:
    """The error of an arm that takes no target now."""
    return RobotFault(Fault("not ready", text, code))
