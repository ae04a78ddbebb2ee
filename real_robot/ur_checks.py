"""What is looked at when a Universal Robots arm is connected, and what is said of it.

Looking changes nothing: no program is uploaded and nothing is set. What the vendor's interface does not show, such as
safety planes, is said to be unseen rather than taken for good.
"""

from collections.abc import Callable
from importlib import metadata

import numpy as np

from real_robot.description import Description
from real_robot.kinematics import offset
from real_robot.robot import Check
from real_robot.ur_dashboard import Dashboard
from real_robot.ur_faults import PLAYING, REDUCED, ROBOT, RUNTIME, fault, word
from real_robot.ur_stream import Packet, Stream

KNOWN_CLIENT = "1.6."
WARN, REFUSE = 0.002, 0.02
"""How far [m] the controller's tool may be from ours."""
SAME = 1e-3
"""[m, rad] and [kg]: what is not called a difference."""


def software(dashboard: Dashboard, stream: Stream) -> Check:
    """Which controller this is."""
    said = ".".join(map(str, dashboard.software() or stream.version))
    return Check("controller", "ok", f"PolyScope {said}, serial number {dashboard.ask('get serial number')}")


def client() -> Check:
    """Which version of the vendor's client is installed."""
    try:
        found = metadata.version("ur_rtde")
    except metadata.PackageNotFoundError:
        return Check("client", "refuse", "ur_rtde is not installed: pip install 'embodied-feedback[ur]'")
    tried = found.startswith(KNOWN_CLIENT)
    return Check("client", "ok" if tried else "warn", f"ur_rtde {found}" + ("" if tried else "; tried was 1.6.5"))


def model(dashboard: Dashboard, description: Description) -> Check:
    """Whether the arm is the one of the file."""
    said, wanted = dashboard.ask("get robot model").upper(), description.model.upper()
    if said in (wanted, wanted.removesuffix("E")):
        return Check("model", "ok", said)
    return Check("model", "refuse", f"the controller drives a {said}; the file says {description.model}")


def kinematics(packet: Packet, description: Description) -> Check:
    """How far our flange is from the controller's at the same joints."""
    theirs = offset(packet.pose[:3], packet.pose[3:])
    if packet.tool is not None:
        theirs = theirs @ np.linalg.inv(offset(packet.tool[:3], packet.tool[3:]))
    elif np.any(np.abs(offset((0, 0, 0)) - description.tool.pose) > SAME):
        theirs = theirs @ np.linalg.inv(description.tool.pose)
    ours = description.arm.chain.pose(packet.q)
    apart = float(np.linalg.norm(ours[:3, 3] - theirs[:3, 3]))
    level = "ok" if apart <= WARN else "warn" if apart <= REFUSE else "refuse"
    return Check("kinematics", level, f"our flange is {1000 * apart:.1f} mm from the controller's")


def tool(packet: Packet, description: Description) -> Check:
    """Whether the tool's point is the file's."""
    wanted = description.tool
    if packet.tool is None:
        return Check("tool", "warn", "this controller does not tell its tool's point; arming sets the file's")
    apart = np.abs(offset(packet.tool[:3], packet.tool[3:]) - wanted.pose).max()
    if apart <= SAME:
        return Check("tool", "ok", f"its point is at {list(wanted.xyz)} m of the flange, as in the file")
    there = ", ".join(f"{x:.4f}" for x in packet.tool)
    return Check("tool", "warn", f"the controller has it at ({there}); arming sets the file's, {list(wanted.xyz)} m")


def payload(packet: Packet, description: Description) -> Check:
    """Whether the payload is the file's."""
    wanted = description.tool.mass
    if packet.payload is None:
        return Check("payload", "warn", f"this controller does not tell its payload; arming sets {wanted:g} kg")
    if abs(packet.payload - wanted) <= SAME:
        return Check("payload", "ok", f"{wanted:g} kg, as in the file")
    if wanted == 0:
        said = f"the controller has {packet.payload:g} kg, which stays: the file's tool.mass is 0"
        return Check("payload", "warn", said)
    return Check("payload", "warn", f"the controller has {packet.payload:g} kg; arming sets the file's, {wanted:g} kg")


def standing(packet: Packet) -> Check:
    """How the arm stands, and whose program runs."""
    robot, wrong = word(ROBOT, packet.robot), fault(packet.safety)
    if wrong is not None:
        return Check("state", "warn", str(wrong))
    if packet.safety == REDUCED:
        return Check("state", "ok", f"{robot}; the safety system is in reduced mode, and slower")
    if packet.runtime == PLAYING:
        return Check("state", "warn", f"{robot}; a program runs, which arming ends")
    return Check("state", "ok", f"{robot}, program {word(RUNTIME, packet.runtime)}")


def remote(dashboard: Dashboard, *, rehearsal: bool) -> Check:
    """Whether the pendant lets a client drive."""
    if dashboard.remote:
        return Check("remote control", "ok", "on")
    said = "the pendant is in local control; switch it to remote control, at the top right of its screen"
    return Check("remote control", "warn" if rehearsal else "refuse", said)


def registers(taken: tuple[str, ...], *, upper: bool) -> Check:
    """Whether somebody else writes the client's registers."""
    if not taken:
        return Check("registers", "ok", "upper" if upper else "lower")
    other = "lower" if upper else "upper"
    said = f"{', '.join(taken)} already in use by another client or a fieldbus; end it, or set"
    return Check("registers", "refuse", f'{said} registers = "{other}" in [vendor]')


def limits() -> Check:
    """What cannot be looked at."""
    said = "planes, speeds and forces of the safety configuration cannot be read over this interface; "
    return Check("safety limits", "warn", said + "compare the checksum on the pendant with the one you noted")


def all_of(
    description: Description, dashboard: Dashboard, stream: Stream, taken: tuple[str, ...], *, upper: bool
) -> tuple[Check, ...]:
    """Every check, in the order in which a person would want to read them."""
    packet = stream.newest
    assert packet is not None
    looks: tuple[Callable[[], Check], ...] = (
        lambda: software(dashboard, stream),
        client,
        lambda: model(dashboard, description),
        lambda: kinematics(packet, description),
        lambda: tool(packet, description),
        lambda: payload(packet, description),
        lambda: remote(dashboard, rehearsal=description.rehearsal),
        lambda: standing(packet),
        lambda: registers(taken, upper=upper),
        limits,
    )
    return tuple(look() for look in looks)
