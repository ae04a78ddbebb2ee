"""The state of the household and its kinematics: what is held follows the hand, what lies in a drawer the drawer.

There is no dynamics: nothing slides, falls or swings but as it is written here, so that the same acts lead to the
same bits, and a snapshot is plain data.
"""

from dataclasses import dataclass, replace
from math import atan2, cos, hypot, pi, sin

from embodied.plugins import find
from embodied.situations import Entity, Surroundings
from envs.household.footprints import Rect
from envs.household.scene import Scene
from envs.household.things import FLOOR, HOOK_FORWARD, HOOK_HEIGHT, KINDS, TABLE, TRAVEL, Kind, Part, Point
from envs.household.trace import Lying, Recorder, Tip, Trace

HOME = Tip(0.3, 0.0, 0.4)
"""Where the tip waits."""

LOW, HIGH = (0.05, -0.7, 0.0), (0.75, 0.7, 0.68)
REACH = 0.88
"""Where the tip may be: within a box [m, base], and so far from the base's axis."""

DRAWER = "drawer"

AJAR = 0.03
"""A drawer that is open further [m] is called open."""


def wrapped(angle: float) -> float:
    """The same angle between -pi and pi; one that is there already stays as it is."""
    return angle if -pi <= angle <= pi else atan2(sin(angle), cos(angle))


def turned(yaw: float, x: float, y: float) -> tuple[float, float]:
    """A vector, turned about the vertical."""
    c, s = cos(yaw), sin(yaw)
    return c * x - s * y, s * x + c * y


@dataclass(frozen=True)
class Hold:
    """What is held, by which part, and how: `along` is from the tip to the thing's foot and `turn` from the hand's yaw
    to the thing's, in the hand's frame; `tilt` is that of the hand with which the thing stands upright."""

    name: str
    part: str
    along: Point
    turn: float
    tilt: float


@dataclass(frozen=True)
class Snapshot:
    """A whole moment, as plain data."""

    scene: Scene
    task: str
    user: str
    lying: tuple[tuple[str, Lying], ...]
    extension: float
    tip: Tip
    hold: Hold | None
    gripping: str
    time: float
    trace: Trace


class World:
    """Things, a drawer that slides, and a hand. `things` are those of the scene, `lying` where each is now."""

    def __init__(self, scene: Scene, task: str = "", user: str = "") -> None:
        self.reset(scene, task, user)

    def reset(self, scene: Scene, task: str = "", user: str = "") -> None:
        """Set the table anew; the hand is empty and at home, nothing has happened. `task` and `user` are kept with
        what happens."""
        self.scene, self.task, self.user = scene, task, user
        self.things = {thing.name: thing for thing in scene.things}
        self.lying = {t.name: Lying(t.x, t.y, t.z, t.yaw, 0.0, t.place) for t in scene.things}
        self.extension = next((t.open for t in scene.things if t.kind == DRAWER), 0.0)
        self.tip, self.hold, self.gripping, self.time = HOME, None, "", 0.0
        self.recorder = Recorder()

    def snapshot(self) -> Snapshot:
        """This moment, to return to as often as wanted."""
        return Snapshot(
            self.scene, self.task, self.user, tuple(self.lying.items()), self.extension, self.tip, self.hold,
            self.gripping, self.time, self.recorder.trace(),
        )  # fmt: skip

    def restore(self, moment: Snapshot) -> None:
        """Return to a moment, of this or of another world: the same acts lead to the same bits."""
        self.reset(moment.scene, moment.task, moment.user)
        self.lying = dict(moment.lying)
        self.extension, self.tip, self.hold = moment.extension, moment.tip, moment.hold
        self.gripping, self.time, self.recorder = moment.gripping, moment.time, Recorder(moment.trace)

    @property
    def held(self) -> str:
        """The name of what is held ("": nothing)."""
        return self.hold.name if self.hold else ""

    def kind(self, name: str) -> Kind:
        """What a thing is; Unknown where there is none of that name."""
        return KINDS["table" if name == "table" else find(self.things, name, "thing").kind]

    def kind_name(self, name: str) -> str:
        """The name of its kind."""
        return "table" if name == "table" else self.things[name].kind

    def scale(self, name: str) -> float:
        """A thing's size as a factor."""
        return 1.0 if name == "table" else self.things[name].scale

    def at(self, name: str) -> Lying:
        """Where a thing is now, whether it stands, lies in the drawer, or is held."""
        if name == "table":
            return Lying(*TABLE, 0.0, place="")
        lying = self.lying[name]
        if self.hold and self.hold.name == name:
            return self.carried(self.hold)
        if self.kind_name(name) == DRAWER or (lying.place in self.things and self.kind_name(lying.place) == DRAWER):
            return self.slid(lying)
        return lying

    def slid(self, lying: Lying) -> Lying:
        """Where something of the drawer is, so far as it is open now."""
        yaw = next(t.yaw for t in self.scene.things if t.kind == DRAWER)
        x, y = turned(yaw, self.extension, 0.0)
        return replace(lying, x=lying.x + x, y=lying.y + y)

    def carried(self, hold: Hold) -> Lying:
        """Where what is held is: it leans with the hand."""
        tip, lean = self.tip, self.tip.tilt - hold.tilt
        x, y, z = hold.along
        x, z = cos(lean) * x + sin(lean) * z, cos(lean) * z - sin(lean) * x
        dx, dy = turned(tip.yaw, x, y)
        return Lying(tip.x + dx, tip.y + dy, tip.z + z, wrapped(tip.yaw + hold.turn), lean, "")

    def part(self, name: str, part: str) -> Part:
        """A part of a thing; Unknown says which it has."""
        return find({one.name: one for one in self.kind(name).parts}, part, f"part of the {name}")

    def grip_point(self, name: str, part: str, offset: Point = (0.0, 0.0, 0.0), lying: Lying | None = None) -> Point:
        """Where a part is [m, base], or so far from it in the thing's frame; of the thing as it is, or elsewhere."""
        lying, scale, at = lying or self.at(name), self.scale(name), self.part(name, part).at
        dx, dy = turned(lying.yaw, at[0] * scale + offset[0], at[1] * scale + offset[1])
        return lying.x + dx, lying.y + dy, lying.z + at[2] * scale + offset[2]

    def footprint(self, name: str) -> Rect:
        """What a thing covers of the table now."""
        lying, scale, size = self.at(name), self.scale(name), self.kind(name).size
        return Rect(lying.x, lying.y, lying.yaw, (size[0] * scale / 2, size[1] * scale / 2))

    def top(self, name: str) -> float:
        """The height of its upper side [m, base]."""
        return self.at(name).z + self.kind(name).size[2] * self.scale(name)

    def bed(self, name: str) -> tuple[Lying, tuple[float, float]]:
        """The middle and turn of where things are put on a thing, and half its extent [m].

        Of a drawer it is the part that is out of its cabinet. KeyError where nothing can be put on it.
        """
        surface, lying, scale = self.kind(name).surface, self.at(name), self.scale(name)
        if surface is None:
            raise KeyError(f"nothing can be put on the {name}; it has no surface")
        half, forward, height = surface.half, 0.0, surface.height
        if self.kind_name(name) == DRAWER:
            inside = max(-half[0], half[0] + 0.01 - self.extension)
            forward, half, height = (half[0] + inside) / 2, ((half[0] - inside) / 2, half[1]), FLOOR
        x, y = turned(lying.yaw, forward, 0.0)
        middle = Lying(lying.x + x, lying.y + y, lying.z + height * scale, lying.yaw, 0.0, name)
        return middle, (half[0] * scale, half[1] * scale)

    def hook(self, name: str, along: float) -> Lying:
        """The end of a hook of a rack, `along` its length."""
        lying = self.at(name)
        x, y = turned(lying.yaw, HOOK_FORWARD, along)
        return Lying(lying.x + x, lying.y + y, lying.z + HOOK_HEIGHT, lying.yaw, 0.0, name)

    def on(self, place: str) -> tuple[str, ...]:
        """What stands on, lies in or hangs from a thing."""
        return tuple(name for name, lying in self.lying.items() if lying.place == place and name != self.held)

    def surroundings(self) -> Surroundings:
        """Everything there is, with the table itself."""
        entities = [self.entity(name) for name in (*self.things, "table")]
        return Surroundings(tuple(entities), self.held)

    def entity(self, name: str) -> Entity:
        """One thing as it is now."""
        lying, kind, scale = self.at(name), self.kind(name), self.scale(name)
        words = frozenset(self.things[name].attributes) if name in self.things else frozenset[str]()
        if self.kind_name(name) == DRAWER and self.extension > AJAR:
            words |= {"open"}
        size = (kind.size[0] * scale, kind.size[1] * scale, kind.size[2] * scale)
        parts = tuple(part.name for part in kind.parts)
        return Entity(name, self.kind_name(name), lying.point, lying.yaw, size, words, parts, lying.place)

    def go(self, tip: Tip) -> None:
        """The hand moves, and with it what it holds or pulls."""
        if self.gripping:
            yaw = self.lying[self.gripping].yaw
            self.slide(self.extension + turned(-yaw, tip.x - self.tip.x, tip.y - self.tip.y)[0])
        self.tip = tip

    def grasp(self, name: str, part: str) -> None:
        """Hold a thing as it stands under the hand now."""
        lying, tip = self.at(name), self.tip
        x, y = turned(-tip.yaw, lying.x - tip.x, lying.y - tip.y)
        self.hold = Hold(name, part, (x, y, lying.z - tip.z), wrapped(lying.yaw - tip.yaw), tip.tilt)

    def release(self, lying: Lying) -> None:
        """Let go of what is held; from now on it is there."""
        assert self.hold is not None
        if lying.place in self.things and self.kind_name(lying.place) == DRAWER:
            x, y = turned(self.at(lying.place).yaw, self.extension, 0.0)
            lying = replace(lying, x=lying.x - x, y=lying.y - y)
        self.lying[self.hold.name] = lying
        self.hold = None

    def slide(self, extension: float) -> None:
        """Move the drawer to so far open [m]."""
        self.extension = min(max(extension, 0.0), TRAVEL)


def reachable(point: Point) -> bool:
    """Whether the tip can be there."""
    return hypot(point[0], point[1]) <= REACH and all(
        low <= value <= high for low, value, high in zip(LOW, point, HIGH, strict=True)
    )
