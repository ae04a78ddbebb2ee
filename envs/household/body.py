"""What carries out acts in the household: small motions at 25 Hz, between each of which it can be stopped."""

from dataclasses import replace
from math import dist

from embodied.manner import Manner
from embodied.scenery import View
from embodied.skills import Act, At, Cause, Home, Open, Step, Stop, Wait
from envs.household.footprints import Rect
from envs.household.routes import FORCE, Leg, checked, legs
from envs.household.spots import Refused, free
from envs.household.trace import TICK, Done, Event, Lying, Tick, Tip
from envs.household.world import HOME, World, turned, wrapped

SPEED, GAIN = 0.25, 1.0
"""Of the tip, where nobody said otherwise [m/s], and how fast it gets there [m/s^2]."""

LEVER = 0.15
"""A turn by one radian takes as long as a way of this length [m]."""


class Stopped(Exception):
    """Somebody said stop."""


class Body:
    """The skills act, wait, home and open for a `World`, as `embodied.skills.Body` has them.

    It moves on straight lines, speeding up and slowing down at 1 m/s^2. Whatever it will not do it refuses before it
    moves. A stop is obeyed at the next tick; continued from the `At` it returns, an act ends as if it had not been
    stopped. Left to itself it is careless: it takes things by their first part, pulls a drawer by its front and by
    8 cm, carries low, straight, and vessels leaning, and puts things in the middle.

    Of `open`, the manner's `distance` is how far the drawer is open afterwards; of `close`, how far it is pushed.
    Of `place`, `offset` and `turn` count from the middle of the target and from its yaw (on the table from the yaw
    that the thing has in the hand); of `hang` from the middle hook; of `hand over` from the palm, with the held end
    away from the person. Where `place`, `hang` or `hand over` name a `part`, the thing is put down and taken by it.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def view(self) -> View:
        """Nothing: what must hold before an act is checked here, and not by conditions."""
        return View(())

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]:
        """Carry out a step from one of its phases on; see `embodied.skills.Body`."""
        world = self.world
        anchor = at.anchor or self.anchored(step)
        began = world.time
        try:
            motions = self.motions(step, anchor, begin=not at.phase)
        except Refused as refusal:
            return "refused", str(refusal), at, 0.0
        if at.phase >= len(motions):
            return "refused", f"{step.skill} has the phases 0 to {len(motions) - 1}, and no phase {at.phase}", at, 0.0
        manner = step.manner if isinstance(step, Act) else Manner()
        speed = min(manner.speed or SPEED, step.speed)
        act = self.noted(step, continued=bool(at.phase))
        cause: Cause = ""
        detail, reached = "", at.phase
        try:
            for reached in range(at.phase, len(motions)):
                leg = motions[reached]
                if leg.goal is not None:
                    self.move(leg.goal(), speed, act, leg.carrying, stop)
                elif leg.does is None:
                    self.tick(act, world.tip, False, stop)
                else:
                    self.do(leg, step, act)
        except Stopped:
            cause, detail = "stopped", f"in phase {reached} of {len(motions)}"
        else:
            if isinstance(step, Act):
                world.recorder.finish()
        return cause, detail, At(step=at.step, phase=reached, anchor=anchor), round(world.time - began, 6)

    def anchored(self, step: Step) -> tuple[float, ...]:
        """Where the hand and the act's thing are now, from which the way counts."""
        world, tip = self.world, self.world.tip
        here = (tip.x, tip.y, tip.z, tip.yaw)
        if not isinstance(step, Act) or step.object not in world.things:
            return here
        thing = world.at(step.object)
        return (*here, thing.x, thing.y)

    def motions(self, step: Step, anchor: tuple[float, ...], begin: bool) -> list[Leg]:
        """A step as legs; Refused where it cannot be begun."""
        world = self.world
        if isinstance(step, Act):
            if len(anchor) != 6:  # the step names nothing that is here
                raise Refused(f"there is no {step.object!r}; there are {', '.join(sorted(world.things))}")
            if begin:
                world.gripping = ""
                checked(world, step, anchor)
            return legs(world, step, anchor)
        if isinstance(step, Wait):
            return [Leg()] * max(1, round(step.seconds / TICK))
        if isinstance(step, Home):
            up = Leg(lambda: replace(world.tip, z=HOME.z, tilt=world.hold.tilt if world.hold else 0.0))
            return [Leg(does=self.unhand, name="slide"), up, Leg(lambda: replace(HOME, tilt=world.tip.tilt))]
        if isinstance(step, Open):
            spot = self.beneath() if world.hold else None
            return [
                Leg(does=lambda: world.release(spot) if spot else self.unhand(), name="release" if spot else "slide")
            ]
        raise Refused(f"this body knows act, wait, home and open, and no {step.skill!r}")

    def unhand(self) -> None:
        """Let go of a drawer's front."""
        self.world.gripping = ""

    def beneath(self) -> Lying:
        """Where what is held comes to rest when the hand opens: on the highest surface under it that has room."""
        world, name = self.world, self.world.held
        thing, place = world.at(name), "table"
        for other in world.things:
            if other != name and world.kind(other).surface is not None:
                middle, half = world.bed(other)
                under = not Rect(middle.x, middle.y, middle.yaw, half).away(thing.x, thing.y)
                if under and thing.z + 1e-6 >= middle.z >= world.bed(place)[0].z:
                    place = other
        middle, _ = world.bed(place)
        spot = Lying(thing.x, thing.y, middle.z, thing.yaw, 0.0, place)
        if not free(world, name, spot, world.on(place)):
            raise Refused(f"something stands on the {place} under the {name}; place it elsewhere")
        return spot

    def noted(self, step: Step, continued: bool) -> int:
        """The index of the act in the trace, a new one unless the last is continued in its manner; -1 of others."""
        if not isinstance(step, Act):
            return -1
        recorder, world = self.world.recorder, self.world
        last = recorder.acts[-1] if recorder.acts else None
        if not (continued and last is not None and last.act == step and not last.ok):
            recorder.acts.append(Done(step, world.surroundings(), world.task, world.user))
        return recorder.act

    def move(self, goal: Tip, speed: float, act: int, carrying: bool, stop: Stop) -> None:
        """Straight to a pose; Stopped at the first tick at which somebody says so."""
        world, pace = self.world, 0.0
        for _ in range(100_000):
            now = world.tip
            turn = wrapped(goal.yaw - now.yaw)
            left = max(dist(now.point, goal.point), LEVER * abs(turn), LEVER * abs(goal.tilt - now.tilt))
            if left == 0.0:
                return
            pace = min(speed, pace + GAIN * TICK, (2 * GAIN * left) ** 0.5)
            share = pace * TICK / left
            there = goal if share >= 1 else Tip(
                *(a + share * (b - a) for a, b in zip(now.point, goal.point, strict=True)),
                yaw=wrapped(now.yaw + share * turn), tilt=now.tilt + share * (goal.tilt - now.tilt),
            )  # fmt: skip
            self.tick(act, there, carrying, stop)
        raise AssertionError(f"no end of the way to {goal}")

    def tick(self, act: int, tip: Tip, carrying: bool, stop: Stop) -> None:
        """One small motion, unless somebody says stop."""
        if stop():
            raise Stopped
        world = self.world
        world.go(tip)
        world.time = round(world.time + TICK, 6)
        thing = world.at(world.held) if world.held else None
        world.recorder.ticks.append(Tick(act, world.time, tip, world.held, thing, carrying))

    def do(self, leg: Leg, step: Step, act: int) -> None:
        """What the hand does between motions, and what is written down about it."""
        assert leg.does is not None
        world, hold = self.world, self.world.hold
        leg.does()
        manner = step.manner if isinstance(step, Act) else Manner()
        if leg.name == "release" and hold is not None and world.hold is None:
            world.recorder.events.append(self.released(hold.name, hold.part, act))
        elif leg.name == "grasp" and isinstance(step, Act) and (world.gripping or world.hold != hold):
            part = world.hold.part if world.hold else manner.part or world.kind(step.object).parts[0].name
            force = min(manner.force or FORCE, step.force)
            world.recorder.events.append(self.grasped(step, part, act, force))
        elif leg.name == "slide" and isinstance(step, Act):
            part = manner.part or world.kind(step.object).parts[0].name
            kind = "opened" if step.verb == "open" else "closed"
            world.recorder.events.append(
                Event(kind, act, world.time, step.object, part, extension=world.extension)
            )  # fmt: skip

    def grasped(self, step: Act, part: str, act: int, force: float) -> Event:
        """That something was taken hold of."""
        world, thing = self.world, self.world.at(step.object)
        x, y, z = world.grip_point(step.object, part)
        tip = world.tip
        dx, dy = turned(-thing.yaw, tip.x - x, tip.y - y)
        sideways = step.verb in ("open", "close") or step.manner.approach == "side"
        return Event(
            "grasped", act, world.time, step.object, part, offset=(dx, dy, tip.z - z), force=force,
            approach="side" if sideways else "above",
        )  # fmt: skip

    def released(self, name: str, part: str, act: int) -> Event:
        """That something was let go of."""
        world, thing = self.world, self.world.at(name)
        frame = world.at(thing.place)
        if world.kind(thing.place).surface is not None:
            frame, _ = world.bed(thing.place)
        dx, dy = turned(-frame.yaw, thing.x - frame.x, thing.y - frame.y)
        turn = wrapped(thing.yaw - frame.yaw)
        return Event("released", act, world.time, name, part, thing.place, (dx, dy, thing.z - frame.z), turn)
