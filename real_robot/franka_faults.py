"""What a Franka and its client (franky-control 2.0.0) complain of, as faults of ours.

The client throws half of its errors at a later call than the one that failed, and some as plain RuntimeError; which
words mean what was measured against the simulated controller.
"""

import ast
from typing import Any

from real_robot.robot import Fault, RobotFault

RELEASE = "release the user stop at the arm (pull the red button, or unlock the joints in Desk), then acknowledge"
BUSY = "another program may be connected: an FR3 takes one at a time"
PREEMPTED = "preempted"
NOT_READY = "not ready"
UNKNOWN = ("controller error", "", True)
KINDS = {
    "NetworkException": ("link", "", True),
    "ProtocolException": ("link", "", True),
    "IncompatibleVersionException": (
        "version",
        "; franky-control 2.0.0 speaks protocol 10 of the FR3: install the release for this arm's system image",
        False,
    ),
    "RealtimeException": (NOT_READY, "; say realtime = 'ignore' in [vendor] to do without", True),
    "CommandException": ("refused", "", True),
}
"""The client's exceptions by name: ours, the way out, and whether recovering can clear it."""


def flags(errors: Any) -> tuple[str, ...]:
    """The names that a client's `Errors` has up."""
    said = str(errors)
    return () if said == "[]" else tuple(str(name) for name in ast.literal_eval(said))


def reflex(names: tuple[str, ...]) -> Fault:
    """The arm stopped itself, for the reasons of these names."""
    return Fault("reflex", "the arm stopped itself: " + ", ".join(n.replace("_", " ") for n in names), ",".join(names))


def emergency() -> Fault:
    """The user stop is pressed."""
    return Fault("emergency stop", f"the user stop is pressed; {RELEASE}", "user_stopped")


def of_state(state: Any) -> Fault | None:
    """What a state says is wrong."""
    mode, names = state.robot_mode.name, flags(state.current_errors)
    if mode == "UserStopped":
        return emergency()
    return reflex(names or ("reflex",)) if names or mode == "Reflex" else None


def of_error(error: BaseException) -> Fault:
    """What an exception of the client means."""
    kind, text = type(error).__name__, " ".join(str(error).removeprefix("libfranka: ").split())
    if "User Stop" in text or "User stopped" in text:
        return emergency()
    if "preempted" in text:
        return Fault(PREEMPTED, "the motion was stopped", kind)
    if "by reflex" in text or "aborted" in text:
        start, end = text.find("["), text.find("]")
        return reflex(tuple(ast.literal_eval(text[start : end + 1]))) if 0 <= start < end else reflex((text,))
    name, way, clearable = KINDS.get("NetworkException" if text == "Net Exception" else kind, UNKNOWN)
    return Fault(name, f"{text or kind}{way}", kind, clearable)


def told(error: BaseException) -> RobotFault:
    """The same as what is raised."""
    return RobotFault(of_error(error))
