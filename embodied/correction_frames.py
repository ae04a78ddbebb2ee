"""Directions that were spoken of, as vectors of the base's frame and of the frame in which a manner's offset is."""

import re
from collections.abc import Sequence
from math import cos, hypot, sin

from embodied.correction_references import Spoken, only
from embodied.correction_words import Unclear
from embodied.corrections import Moment
from embodied.situations import Entity, Point

TO_TARGET = ("place", "hang", "hand over")
"""Verbs whose offset is in the frame of the target."""

WAYS = re.compile(
    r"\b(?:"
    r"(?:to |on )?my (?P<my>left|right)(?: hand)?(?: side)?"
    r"|(?:to |on )?its (?P<its>left|right)(?: side)?"
    r"|(?:to |on )?(?:the |your )?(?P<side>left|right)(?: hand)?(?: side)?(?: of you)?"
    r"|(?:(?:closer|nearer) (?:to )?|toward |in the direction of )@(?P<to>\d+)"
    r"|(?:further )?(?:away |off )from @(?P<off>\d+)|further from @(?P<far>\d+)"
    r"|(?P<to_me>(?:(?:closer|nearer) (?:to )?|toward |in the direction of )(?:me|us)\b|my way|in my direction)"
    r"|(?P<off_me>(?:further )?(?:away )?from (?:me|us)\b)"
    r"|(?P<to_you>(?:(?:closer|nearer) (?:to )?|toward )(?:you|yourself|the robot|your base)\b)"
    r"|(?P<off_you>(?:further )?(?:away )?from (?:you|yourself|the robot|your base)\b)"
    r"|(?P<along>along (?:\$\d+|it|its length|its axis|@\d+))"
    r"|(?P<into>deeper(?: in| into| inside)?(?: it| thing)?|further in(?:to|side)?(?: it| thing)?|into (?:it|thing))"
    r"|(?:to the )?(?P<forward>forward|ahead|front)\b"
    r"|(?P<back>back)\b(?! (?:to|into|in|on|home|where))"
    r"|(?:straight )?(?P<up>up)\b|(?:straight )?(?P<down>down)\b"
    r")"
)  # fmt: skip

RELATIVE = ("to", "off", "far", "to_me", "off_me", "to_you", "off_you", "along")
"""Of its groups, those that name a thing or somebody."""


def where(act_verb: str | None, thing: Entity, target: Entity | None) -> Entity:
    """The thing in whose frame an offset is."""
    return target if act_verb in TO_TARGET and target is not None else thing


def vector(  # noqa: PLR0911 # one for each kind of direction
    match: re.Match[str], moment: Moment, heard: Sequence[tuple[Spoken, ...]], frame: Entity
) -> Point:
    """The unit vector, in the base's frame, of a direction from where the offset is."""
    facing = moment.around.facing
    kind = next(name for name, value in match.groupdict().items() if value is not None)
    value = match[kind]
    if kind == "side":
        return (0.0, 1.0 if value == "left" else -1.0, 0.0)
    if kind == "my":
        sign = 1.0 if value == "left" else -1.0
        return (-sign * sin(facing), sign * cos(facing), 0.0)
    if kind == "its":
        return frame.to_base(0.0, 1.0 if value == "left" else -1.0, 0.0)
    if kind in ("to", "off", "far"):
        goal = only(heard[int(value)][0], moment)
        x, y = unit(goal.position[0] - frame.position[0], goal.position[1] - frame.position[1], goal.name)
        return (x, y, 0.0) if kind == "to" else (-x, -y, 0.0)
    if kind in ("to_me", "off_me"):
        someone = next((t for word in ("person", "head", "hand") for t in moment.around if t.kind == word), None)
        x, y = -cos(facing), -sin(facing)
        if someone is not None and someone.name != frame.name:
            x, y = unit(someone.position[0] - frame.position[0], someone.position[1] - frame.position[1], "you")
        return (x, y, 0.0) if kind == "to_me" else (-x, -y, 0.0)
    if kind == "along":
        return frame.to_base(1.0, 0.0, 0.0)
    if kind == "into":
        verb = moment.act.verb if moment.act else ""
        return frame.to_base(-1.0, 0.0, 0.0) if verb == "hang" else (0.0, 0.0, -1.0)
    return {
        "to_you": (-1.0, 0.0, 0.0), "off_you": (1.0, 0.0, 0.0), "forward": (1.0, 0.0, 0.0), "back": (-1.0, 0.0, 0.0),
        "up": (0.0, 0.0, 1.0), "down": (0.0, 0.0, -1.0),
    }[kind]  # fmt: skip


def unit(x: float, y: float, name: str) -> tuple[float, float]:
    """A direction on the table; Unclear where two things are in one place."""
    size = hypot(x, y)
    if size < 1e-3:
        raise Unclear(
            f"I am at the {name} already; which way do you mean?", ("a bit to the left", "a bit to the right")
        )
    return x / size, y / size
