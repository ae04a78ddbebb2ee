"""An act as legs: straight motions and what the hand does between them, each of which can be begun anew.

A leg's goal follows from where the act began (the anchor) and from what does not change during that leg, so that a
leg that was interrupted leads to the very same place when it is continued.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from math import cos, hypot, sin

from embodied.skills import Act
from envs.household.footprints import Spot, around, passes
from envs.household.spots import Refused, free, goal, grip, known_part, placed, shifted, tip_for, within
from envs.household.trace import Lying, Tip
from envs.household.world import DRAWER, HIGH, LOW, Hold, World, reachable, turned, wrapped

KEEP, HEIGHT, TRAVEL = 0.12, 0.12, 0.25
"""[m] What is kept off, how high a thing is carried and the empty hand travels, where nobody said otherwise."""

LEAN = 0.35
"""How far a vessel leans while it is carried carelessly [rad]."""

PULL = 0.08
"""How far a drawer is opened carelessly [m]."""

FORCE = 20.0
"""With which a thing is held carelessly [N]."""

VIAS = 6
"""Legs of a way across; those that it does not need are of no length."""

ASIDE, OVER = 0.08, 0.03
"""What is so near to the way is in it, and so much higher than that it leads [m]."""

PERSON = ("person", "the person", "me")


@dataclass(frozen=True)
class Leg:
    """A straight motion to a goal, or something that the hand does."""

    goal: Callable[[], Tip] | None = None
    does: Callable[[], None] | None = None
    carrying: bool = False
    name: str = ""


def checked(world: World, act: Act, anchor: tuple[float, ...]) -> None:
    """Refused where an act cannot be done from here, before anything moves."""
    if act.object not in world.things:
        raise Refused(f"there is no {act.object!r}; there are {', '.join(sorted(world.things))}")
    if act.verb == "dress":
        raise Refused("this body dresses nobody; it opens, closes, picks, places, hangs and hands over")
    if (act.verb in ("open", "close")) != (world.kind_name(act.object) == DRAWER):
        raise Refused(f"a {world.kind_name(act.object)} is nothing to {act.verb}")
    if act.verb not in ("open", "close") and not world.kind(act.object).movable:
        raise Refused(f"a {world.kind_name(act.object)} is nothing to {act.verb}; it stays where it is")
    known_part(world, act.object, act.manner.part)
    kept_off(world, act)
    if act.verb in ("open", "close", "pick"):
        taking(world, act)
    elif world.held != act.object:
        raise Refused(f"the hand holds {f'the {world.held}' if world.held else 'nothing'}, not the {act.object}")
    for leg in legs(world, act, anchor):
        if leg.name and leg.goal is not None and not reachable(at := leg.goal().point):
            raise Refused(f"{tuple(round(v, 3) for v in at)} m is out of reach for {leg.name}, which is within "
                          f"{LOW} to {HIGH} m")  # fmt: skip


def taking(world: World, act: Act) -> None:
    """Refused where a thing cannot be taken hold of."""
    if world.held:
        raise Refused(f"the hand is full: it holds the {world.held}; put it down first")
    within(world, act.object, act.manner.offset)
    if act.verb == "pick":
        if there := world.on(act.object):
            raise Refused(f"the {there[0]} is on the {act.object}; take it off first")
        place = world.lying[act.object].place
        if place in world.things and world.kind_name(place) == DRAWER:
            tip, _ = grip(world, act.object, act.manner)
            middle, half = world.bed(place)
            if turned(-middle.yaw, tip.x - middle.x, tip.y - middle.y)[0] < -half[0] - 0.02:
                raise Refused(f"the {act.object} lies under the cabinet's top; open the {place} further")
    elif act.manner.distance is not None and act.verb == "open" and act.manner.distance > 0.25:
        raise Refused(f"the {act.object} opens by 0.25 m at most, not {act.manner.distance:.2f} m")


def legs(world: World, act: Act, anchor: tuple[float, ...]) -> list[Leg]:
    """The legs of an act; of the same verb always as many."""
    if act.verb in ("open", "close"):
        return list(sliding(world, act, anchor))
    return list(picking(world, act, anchor) if act.verb == "pick" else bringing(world, act, anchor))


def kept_off(world: World, act: Act) -> tuple[tuple[Spot, float], ...]:
    """Circles that the way keeps out of."""
    circles = []
    for word in act.manner.clear_of or ():
        wanted = "head" if word in PERSON else word
        found = [name for name, thing in world.things.items() if wanted in (name, thing.kind)]
        if not found:
            raise Refused(f"there is no {word!r} to keep off; there are {', '.join(sorted(world.things))}")
        for name in found:
            if name not in (act.object, act.target):
                print_ = world.footprint(name)
                reach = hypot(*world.hold.along[:2]) if world.hold else 0.0
                circles.append(((print_.x, print_.y), max(print_.half) + KEEP + reach))
    return tuple(circles)


def ways(world: World, act: Act, start: Spot, end: Spot) -> tuple[Spot, ...]:
    """Points on the way across, as many as there are legs for it."""
    circles = kept_off(world, act)
    way = around(start, end, circles, (LOW[0], LOW[1]), (HIGH[0], HIGH[1])) if circles else (end,)
    if way is None or len(way) > VIAS:
        raise Refused(
            f"there is no way to {act.verb} the {act.object} that keeps off {', '.join(act.manner.clear_of or ())}"
        )
    return (*way, *[end] * (VIAS - len(way)))


def cleared(world: World, start: Spot, way: tuple[Spot, ...], but: tuple[str | None, ...]) -> float:
    """The lowest height at which nothing on the way is touched [m]."""
    pairs = list(zip((start, *way), way, strict=False))
    height = 0.0
    for name in world.things:
        print_ = world.footprint(name)
        if name not in but and any(passes(a, b, (print_.x, print_.y)) < max(print_.half) + ASIDE for a, b in pairs):
            height = max(height, world.top(name) + OVER)
    return height


def across(world: World, act: Act, start: Spot, end: Callable[[], Tip], carrying: bool) -> Iterator[Leg]:
    """Up, and across to over a goal: with what is held as high and as level as the manner says."""

    @cache
    def way(x: float, y: float) -> tuple[Spot, ...]:
        return ways(world, act, start, (x, y))

    @cache
    def above(x: float, y: float) -> float:
        return cleared(world, start, way(x, y), (act.object, act.target))

    def height() -> tuple[float, float]:
        goal, hold = end(), world.hold
        over = above(goal.x, goal.y)
        if not carrying or hold is None:
            return max(TRAVEL, goal.z, over + OVER), 0.0
        lean = 0.0 if act.manner.upright else act.manner.tilt
        if lean is None:
            lean = LEAN if world.kind(act.object).vessel else 0.0
        foot = max(act.manner.height if act.manner.height is not None else HEIGHT, over)
        return foot - (cos(lean) * hold.along[2] - sin(lean) * hold.along[0]), hold.tilt + lean

    def rise() -> Tip:
        z, tilt = height()
        return Tip(start[0], start[1], z, world.tip.yaw, tilt)

    def via(i: int) -> Tip:
        (z, tilt), goal = height(), end()
        x, y = way(goal.x, goal.y)[i]
        return Tip(x, y, z, goal.yaw, tilt)

    yield Leg(rise, name="rising")
    for i in range(VIAS):
        yield Leg(partial(via, i), carrying=carrying, name="the way")


def picking(world: World, act: Act, anchor: tuple[float, ...]) -> Iterator[Leg]:
    """Over it, down or in, take it, and lift it."""
    name, manner = act.object, act.manner
    here = (anchor[0], anchor[1])
    foot = world.lying[name].z

    def lift() -> Tip:
        hold, tip = world.hold, world.tip
        height = manner.height if manner.height is not None else HEIGHT
        return Tip(tip.x, tip.y, max(height, foot + 0.04) - (hold.along[2] if hold else 0.0), tip.yaw, tip.tilt)

    yield from across(world, act, here, lambda: grip(world, name, manner)[1], False)
    yield Leg(lambda: grip(world, name, manner)[1], name="coming near it")
    yield Leg(lambda: grip(world, name, manner)[0], name="taking it")
    yield Leg(does=lambda: world.grasp(name, manner.part or world.kind(name).parts[0].name), name="grasp")
    yield Leg(lift)


def bringing(world: World, act: Act, anchor: tuple[float, ...]) -> Iterator[Leg]:
    """Take it otherwise if so wanted, carry it across, put it there, let go, and away."""
    name = act.object
    found: dict[Hold | None, Lying] = {}

    def end() -> Lying:
        if world.hold not in found:  # to look for room takes a while
            found[world.hold] = goal(world, act, anchor)
        return found[world.hold]

    def tip(along: float = 0.0, up: float = 0.0) -> Tip:
        lying = end()
        if along and act.target is not None:
            dx, dy = turned(world.at(act.target).yaw, along, 0.0)
            lying = Lying(lying.x + dx, lying.y + dy, lying.z, lying.yaw, 0.0, lying.place)
        return tip_for(holding(world), shifted(lying, 0.0, 0.0, up))

    def away() -> Tip:
        now = world.tip
        thing = world.at(name)
        if act.verb == "hang" and act.target is not None:
            dx, dy = turned(world.at(act.target).yaw, 0.14, 0.0)
            return Tip(thing.x + dx, thing.y + dy, thing.z + 0.1, now.yaw, now.tilt)
        return Tip(now.x, now.y, thing.z + 0.22, now.yaw, now.tilt)

    aside, up = (0.1, 0.03) if act.verb == "hang" else (0.0, 0.04)
    yield from regrasping(world, act, anchor)
    yield from across(world, act, (anchor[0], anchor[1]), partial(tip, aside, up), True)
    yield Leg(partial(tip, aside, up), name="coming near it")
    yield Leg(tip, name="putting it down")
    yield Leg(does=lambda: world.release(end()), name="release")
    yield Leg(away)


def holding(world: World) -> Hold:
    """What is held; it is."""
    assert world.hold is not None
    return world.hold


def regrasping(world: World, act: Act, anchor: tuple[float, ...]) -> Iterator[Leg]:
    """Put it down and take it by the part that the manner names; nothing moves where it is held so already."""
    name, part = act.object, act.manner.part

    def wanted() -> bool:
        return part is not None and not (world.hold is not None and world.hold.part == part)

    def spot() -> Lying:
        hold = holding(world)
        middle = Lying(anchor[0], anchor[1], 0.0)
        yaw = wrapped(anchor[3] + hold.turn)
        others = tuple(n for n in world.on("table") if n != DRAWER)
        steps = (placed(middle, (0.02 * i, 0.02 * j), yaw) for i, j in SQUARE)
        for lying in steps:
            there = Lying(lying.x, lying.y, 0.0, yaw, 0.0, "table")
            if reachable(there.point) and LOW[0] + 0.1 < there.x < 0.62 and free(world, name, there, others):
                return there
        raise Refused(f"there is no room to put the {name} down and take it by its {part}")

    def above() -> Tip:
        return tip_for(holding(world), shifted(spot(), 0.0, 0.0, 0.05)) if wanted() else world.tip

    def down() -> Tip:
        return tip_for(holding(world), spot()) if wanted() else world.tip

    def anew(height: float) -> Tip:
        if not wanted():
            return world.tip
        x, y, z = world.grip_point(name, part or "")
        return Tip(x, y, z + height, world.at(name).yaw, 0.0)

    def let_go() -> None:
        if wanted():
            world.release(spot())

    def take() -> None:
        if wanted():
            world.grasp(name, part or "")

    def back() -> Tip:
        return world.tip if part is None else Tip(anchor[0], anchor[1], anchor[2], anchor[3], holding(world).tilt)

    yield Leg(above, name="putting it down on the way")
    yield Leg(down)
    yield Leg(does=let_go, name="release")
    yield Leg(partial(anew, 0.06))
    yield Leg(partial(anew, 0.0))
    yield Leg(does=take, name="grasp")
    yield Leg(back)


SQUARE = sorted(((i, j) for i in range(-20, 21) for j in range(-20, 21)), key=lambda ij: (ij[0] ** 2 + ij[1] ** 2, ij))
"""Steps from a spot, nearest first."""


def sliding(world: World, act: Act, anchor: tuple[float, ...]) -> Iterator[Leg]:
    """To the drawer's front, take it, pull or push, let go, and away."""
    name, manner = act.object, act.manner
    drawer = world.lying[name]
    axis = turned(drawer.yaw, 1.0, 0.0)
    began = round((anchor[4] - drawer.x) * axis[0] + (anchor[5] - drawer.y) * axis[1], 6)
    if act.verb == "open":
        extension = PULL if manner.distance is None else manner.distance
    else:
        extension = 0.0 if manner.distance is None else max(began - manner.distance, 0.0)
    shut, before = grip(world, name, manner, drawer)

    def at(tip: Tip, far: float) -> Tip:
        return Tip(tip.x + axis[0] * far, tip.y + axis[1] * far, tip.z, tip.yaw, tip.tilt)

    def take() -> None:
        world.gripping = name

    def let_go() -> None:
        world.slide(extension)
        world.gripping = ""

    yield from across(world, act, (anchor[0], anchor[1]), lambda: at(before, began), False)
    yield Leg(lambda: at(before, began), name="coming near it")
    yield Leg(lambda: at(shut, began), name="taking it")
    yield Leg(does=take, name="grasp")
    yield Leg(lambda: at(shut, extension), name="pulling it" if act.verb == "open" else "pushing it")
    yield Leg(does=let_go, name="slide")
    yield Leg(lambda: at(before, extension), name="leaving it")
    yield Leg(lambda: Tip(*at(before, extension).point[:2], TRAVEL, before.yaw, before.tilt))
