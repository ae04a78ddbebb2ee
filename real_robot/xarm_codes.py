"""What an xArm's numbers mean, as faults: codes that calls return, errors that the controller latches, states, modes.

Return codes and the words for errors are the vendor's (xarm-python-sdk 1.18.4: x3/code.py, core/config/x_code.py);
our names for them are ours.
"""

from real_robot.robot import Fault

CODES: dict[int, tuple[str, str]] = {
    -1: ("link", "the client is not connected"),
    -2: ("not ready", "the motors are not enabled or the state is not set"),
    -3: ("refused", "the client took exception to a parameter"),
    -6: ("refused", "the pose is outside the client's range"),
    -7: ("refused", "an angle is outside the client's range"),
    -8: ("refused", "an angle is outside the joint's range"),
    -9: ("emergency stop", "the arm was stopped"),
    1: ("controller error", "an error is latched"),
    2: ("controller error", "a warning stands"),
    3: ("link", "no answer came in time"),
    4: ("link", "an answer has a wrong length"),
    5: ("link", "an answer has a wrong number"),
    6: ("link", "an answer is of a wrong protocol"),
    7: ("link", "an answer is to another call"),
    8: ("link", "nothing can be sent"),
    9: ("not ready", "the controller is not ready to move"),
    10: ("refused", "the controller calls it invalid"),
    11: ("refused", "the controller says only that it failed"),
    12: ("refused", "a parameter is wrong"),
    51: ("not ready", "the mode is wrong"),
}
"""Return codes of the client: our name, and words."""
STATES = {1: "in motion", 2: "ready", 3: "paused", 4: "stopped", 5: "reconfigured", 6: "stopping"}
MODES = {
    0: "position", 1: "servo", 2: "joint teaching", 3: "Cartesian teaching", 4: "joint velocity",
    5: "Cartesian velocity", 6: "online joint", 7: "online Cartesian",
}  # fmt: skip
SERVO, RUNNING = 1, (1, 2)
"""The mode, and the states, in which servo targets are taken."""
PRESSED: dict[int, str] = {
    1: "release the emergency stop button on the control box",
    2: "close the emergency stop inputs (EI) of the control box",
    3: "release the emergency stop of the three-state switch",
}
PROTECTIVE = frozenset({22, 31, 35})
"""Self-collision, collision, safety boundary: what other makers call a protective stop."""
BROKEN = frozenset({26, 38, 39, 41, 42, 110})
"""Cleared by the maker or a restart only."""


def returned(code: int, call: str) -> Fault:
    """The fault of a call that returned something other than 0."""
    name, words = CODES.get(code, ("controller error", "a code the adapter does not know"))
    return Fault(name, f"{call}: {words}", str(code))


def failure(error: int, words: str, way: str = "") -> Fault:
    """The fault of a latched error of the controller; `words` and `way` are the vendor's."""
    if error in PRESSED:
        return Fault("emergency stop", f"{words}; {PRESSED[error]}, then acknowledge", f"C{error}")
    name = "protective stop" if error in PROTECTIVE else "controller error"
    return Fault(name, f"{words}. {way}".strip().rstrip("."), f"C{error}", error not in BROKEN)


def standing(state: int, mode: int) -> str:
    """A state and a mode in words."""
    return f"{STATES.get(state, f'state {state}')}, mode {mode} ({MODES.get(mode, 'unknown')})"
