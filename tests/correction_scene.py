"""A table laid for corrections, the acts that are done there, and corrections in brief for tables of cases."""

from dataclasses import replace

from embodied.corrections import Correction, Moment
from embodied.manner import Manner
from embodied.situations import Entity, Surroundings
from embodied.skills import Act, Program

THINGS = (
    Entity("red mug", "mug", (0.5, 0.1, 0.0), 0, (0.1, 0.1, 0.1), frozenset({"red", "full"}), ("rim", "handle")),
    Entity("blue mug", "mug", (0.5, -0.1, 0.0), 0, (0.1, 0.1, 0.1), frozenset({"blue"}), ("rim", "handle")),
    Entity("tray", "tray", (0.4, -0.3, 0.0), 0, (0.3, 0.2, 0.02)),
    Entity("rack", "rack", (0.6, 0.3, 0.0), 0, (0.2, 0.1, 0.3)),
    Entity("clear glass", "glass", (0.6, 0.0, 0.0), 0, (0.08, 0.08, 0.12), frozenset({"fragile"}), ("rim",)),
    Entity("scissors", "scissors", (0.4, 0.3, 0.0), 0, (0.18, 0.08, 0.02), frozenset({"sharp"}), ("blade", "grip")),
    Entity("knife", "knife", (0.4, 0.35, 0.0), 0, (0.2, 0.02, 0.02), frozenset({"sharp"}), ("blade", "grip")),
    Entity("spoon", "spoon", (0.45, 0.3, 0.0), 0, (0.2, 0.04, 0.02), frozenset(), ("scoop", "grip")),
    Entity("bowl", "bowl", (0.45, 0.2, 0.0), 0, (0.15, 0.15, 0.06), frozenset(), ("rim",)),
    Entity("drawer", "drawer", (0.7, -0.3, 0.1), 0, (0.3, 0.4, 0.1), frozenset(), ("front", "handle")),
    Entity("person's head", "head", (1.1, 0.0, 0.5), 0, (0.2, 0.2, 0.25)),
    Entity("person's hand", "hand", (1.0, 0.1, 0.2), 0, (0.1, 0.1, 0.05)),
    Entity("left arm", "arm", (0.9, 0.3, 0.2), 0, (0.6, 0.1, 0.1), frozenset(), ("hand", "elbow", "shoulder")),
)
ACTS = {
    "pick": Act(verb="pick", object="red mug"),
    "place": Act(verb="place", object="red mug", target="tray"),
    "hang": Act(verb="hang", object="red mug", target="rack"),
    "open": Act(verb="open", object="drawer"),
    "hand": Act(verb="hand over", object="scissors", target="person's hand"),
    "dress": Act(verb="dress", object="left arm"),
}


def moment(doing="pick", *, before=(), manner=None, **turned) -> Moment:
    """A moment of one act ("none": of none); `turned` gives things another yaw ("red_mug=0.5")."""
    things = tuple(replace(t, yaw=turned.get(t.name.replace(" ", "_"), t.yaw)) for t in THINGS)
    act = ACTS.get(doing)
    if act is not None and manner is not None:
        act = act.done(manner)
    return Moment(Surroundings(things), Program(steps=(act,) if act else ()), act, before)


def moved(x=0.0, y=0.0, z=0.0, text="2 cm left") -> Correction:
    """An earlier correction that moved the tip so far."""
    return Correction(text=text, intent="adjust", level="skill", manner=Manner(offset=(x, y, z)))


def brief(c: Correction) -> dict:
    """What a case of the table states."""
    told = {"intent": c.intent}
    if c.manner.said:
        told["manner"] = {
            name: [round(x, 3) for x in value] if name == "offset" else list(value) if name == "clear_of"
            else round(value, 3) if isinstance(value, float) else value
            for name, value in c.manner.said.items()
        }  # fmt: skip
    if c.edits:
        told["edits"] = [
            " ".join(
                filter(None, (e.kind, e.what.name or e.what.kind, (e.other.name or e.other.kind) if e.other else ""))
            )
            for e in c.edits
        ]
    if c.about:
        told["about"] = " ".join(filter(None, (*sorted(c.about.attributes), c.about.name or c.about.kind)))
    told |= {name: value for name in ("verb", "reach") if (value := getattr(c, name))}
    if c.history != "none" and c.intent in ("adjust", "edit"):
        told["history"] = c.history
    return told
