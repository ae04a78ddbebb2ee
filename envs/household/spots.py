"""Where a thing ends up: spots on surfaces, hooks and in hands, and the pose of the hand that brings it there."""

from math import atan2, pi

from embodied.manner import Manner
from embodied.plugins import find
from embodied.skills import Act
from envs.household.footprints import Rect, Spot, spiral
from envs.household.things import ABOVE_HOOK, Point
from envs.household.trace import Lying, Tip
from envs.household.world import DRAWER, Hold, World, reachable, turned, wrapped

OPEN = 0.06
"""A drawer that is open less than this [m] takes nothing."""

SNAP = 0.04
"""How far from a hook [m] an offset may lead to hang a thing there."""

BESIDE = 0.006
"""Between things that are put down [m]."""


class Refused(Exception):
    """An act that this body will not begin; the words say why, and what would be possible."""


def tip_for(hold: Hold, lying: Lying) -> Tip:
    """Where the hand must be for the held thing to stand there upright."""
    yaw = wrapped(lying.yaw - hold.turn)
    dx, dy = turned(yaw, hold.along[0], hold.along[1])
    return Tip(lying.x - dx, lying.y - dy, lying.z - hold.along[2], yaw, hold.tilt)


def shifted(lying: Lying, along: float, across: float, up: float = 0.0) -> Lying:
    """So much further along a pose's own axes."""
    dx, dy = turned(lying.yaw, along, across)
    return Lying(lying.x + dx, lying.y + dy, lying.z + up, lying.yaw, lying.tilt, lying.place)


def free(world: World, name: str, lying: Lying, others: tuple[str, ...]) -> bool:
    """Whether a thing would touch none of the others there."""
    half = world.footprint(name).half
    print_ = Rect(lying.x, lying.y, lying.yaw, half)
    return all(print_.apart(world.footprint(other), BESIDE) for other in others if other != name)


def goal(world: World, act: Act, anchor: tuple[float, ...]) -> Lying:
    """Where the act brings its thing; Refused where it cannot."""
    if act.target not in world.things and act.target != "table":
        raise Refused(f"there is no {act.target!r} to {act.verb} it to; there are {', '.join(sorted(world.things))}")
    if act.target == act.object:
        raise Refused(f"the {act.object} cannot go on itself")
    if act.verb == "hang":
        return hanging(world, act)
    if act.verb == "hand over":
        return handing(world, act, anchor)
    return placing(world, act, anchor)


def placing(world: World, act: Act, anchor: tuple[float, ...]) -> Lying:
    """On or in the target: its middle, or the free spot that is nearest to it; exactly there with an offset."""
    name, target, manner = act.object, act.target or "", act.manner
    if world.kind(target).surface is None or world.kind_name(target) == "hand":
        raise Refused(f"nothing can be placed on the {target}, a {world.kind_name(target)}")
    if world.kind_name(target) == DRAWER and world.extension < OPEN:
        raise Refused(f"the {target} is open by {world.extension:.2f} m; to place something in it, open it first")
    middle, half = world.bed(target)
    yaw = middle.yaw if target != "table" else anchor[3] + (world.hold.turn if world.hold else 0.0)
    yaw = wrapped(yaw + (manner.turn or 0.0))
    others = tuple(n for n in world.on(target) if n != DRAWER)
    if manner.offset is not None:
        u, v, _ = manner.offset
        if abs(u) > half[0] or abs(v) > half[1]:
            raise Refused(
                f"{u:.2f}, {v:.2f} m from its middle is out of the {target}, which reaches to {half[0]:.2f}, "
                f"{half[1]:.2f} m"
            )
        spot = placed(middle, (u, v), yaw)
        if not free(world, name, spot, others):
            raise Refused(f"something stands on the {target} at {u:.2f}, {v:.2f} m from its middle already")
        return spot
    own = Rect(0, 0, yaw - middle.yaw, world.footprint(name).half)
    room = max(half[0] - own.reach(1, 0), 0.0), max(half[1] - own.reach(0, 1), 0.0)
    for shift in spiral(room):
        spot = placed(middle, shift, yaw)
        if free(world, name, spot, others) and reachable((spot.x, spot.y, spot.z)):
            return spot
    raise Refused(f"there is no room left on the {target}; take something from it first")


def placed(middle: Lying, shift: Spot, yaw: float) -> Lying:
    """A spot so far from the middle of a place, and a turn of its own."""
    spot = shifted(middle, *shift)
    return Lying(spot.x, spot.y, spot.z, yaw, 0.0, spot.place)


def hanging(world: World, act: Act) -> Lying:
    """On the middle hook, or the free one nearest to it; with an offset on the hook that is there."""
    name, target, manner = act.object, act.target or "", act.manner
    hooks = world.kind(target).hooks
    if not hooks:
        raise Refused(f"the {target} has no hooks; hang it on a rack")
    parts = {part.name for part in world.kind(name).parts}
    if "handle" not in parts:
        raise Refused(f"the {name} has no handle to hang it by")
    taken = {hook for hook in hooks for other in world.on(target) if near_hook(world, target, other, hook)}
    if manner.offset is not None:
        along, out = manner.offset[1], max(abs(manner.offset[0]), abs(manner.offset[2]))
        hook = min(hooks, key=lambda y: abs(y - along))
        if abs(hook - along) > SNAP or out > SNAP:
            there = ", ".join(f"{y:+.2f}" for y in hooks)
            raise Refused(f"there is no hook at offset {manner.offset}; its hooks are at {there} m along the {target}")
        if hook in taken:
            raise Refused(f"something hangs on the hook at {hook:+.2f} m of the {target} already")
    else:
        left = sorted((y for y in hooks if y not in taken), key=abs)
        if not left:
            raise Refused(f"all hooks of the {target} are taken; take something from it first")
        hook = left[0]
    end, scale = world.hook(target, hook), world.scale(name)
    handle = world.part(name, "handle").at
    yaw = wrapped(end.yaw + pi + (manner.turn or 0.0))
    dx, dy = turned(yaw, handle[0] * scale, handle[1] * scale)
    back = turned(end.yaw, -0.03, 0.0)
    return Lying(end.x + back[0] - dx, end.y + back[1] - dy, end.z - ABOVE_HOOK * scale, yaw, 0.0, target)


def near_hook(world: World, rack: str, thing: str, hook: float) -> bool:
    """Whether a thing hangs there."""
    frame = world.at(rack)
    lying = world.at(thing)
    return abs(turned(-frame.yaw, lying.x - frame.x, lying.y - frame.y)[1] - hook) < SNAP


def handing(world: World, act: Act, anchor: tuple[float, ...]) -> Lying:
    """Over the palm; of what has two ends, the one that is not held points to the person."""
    name, target, manner = act.object, act.target or "", act.manner
    if world.kind_name(target) != "hand":
        raise Refused(f"the {target} is no hand; hand it over to the person's hand")
    if world.on(target):
        raise Refused(f"the {target} holds the {world.on(target)[0]} already")
    middle, _ = world.bed(target)
    hold = world.hold
    yaw = anchor[3] + (hold.turn if hold else 0.0)
    if world.kind(name).long and hold is not None:
        x, y, _ = world.part(name, manner.part or hold.part).at
        yaw = middle.yaw - atan2(-y, -x)
    u, v, up = manner.offset or (0.0, 0.0, 0.0)
    spot = shifted(middle, u, v, up)
    return Lying(spot.x, spot.y, spot.z, wrapped(yaw + (manner.turn or 0.0)), 0.0, target)


def grip(world: World, name: str, manner: Manner, lying: Lying | None = None) -> tuple[Tip, Tip]:
    """Where the hand takes a thing, there where it is or elsewhere, and where it comes from just before."""
    lying = lying or world.at(name)
    parts = world.kind(name).parts
    chosen = world.part(name, manner.part or parts[0].name)
    point = world.grip_point(name, chosen.name, manner.offset or (0.0, 0.0, 0.0), lying)
    yaw, tilt = lying.yaw, manner.tilt or 0.0
    drawer = world.kind_name(name) == DRAWER
    if manner.approach == "side" or drawer:
        out = yaw + chosen.out
        dx, dy = turned(out, 0.09, 0.0)
        turn = wrapped(out + pi + (manner.turn or 0.0))
        return Tip(*point, turn, tilt), Tip(point[0] + dx, point[1] + dy, point[2], turn, tilt)
    turn = wrapped(yaw + (manner.turn or 0.0))
    return Tip(*point, turn, tilt), Tip(point[0], point[1], point[2] + 0.06, turn, tilt)


def within(world: World, name: str, offset: Point | None) -> None:
    """Refused where an offset leads the grip past the thing."""
    size = world.entity(name).size
    if offset is not None and any(abs(o) > s / 2 + 0.03 for o, s in zip(offset, size, strict=True)):
        told = ", ".join(f"{o:.2f}" for o in offset)
        raise Refused(f"{told} m from its part is out of reach of the {name}, which measures "
                      f"{', '.join(f'{s:.2f}' for s in size)} m")  # fmt: skip


def known_part(world: World, name: str, part: str | None) -> None:
    """Refused where a thing has no such part."""
    there = {one.name: one for one in world.kind(name).parts}
    if part is None:
        return
    try:
        find(there, part, f"part of the {name}")
    except KeyError as error:
        raise Refused(f"{error}") from error
