"""Skills on the simulated table: small motions between which it can be stopped, and in which things can go wrong."""

from collections.abc import Callable
from math import atan2, ceil, cos, pi, sin

import numpy as np
from jaxtyping import Float

from embodied import skills
from embodied.plans import surface
from embodied.scenery import Item, View
from embodied.skills import At, Cause, Step, Stop
from envs.tabletop import robot
from envs.tabletop.disturbances import Disturbances
from envs.tabletop.scene import Thing
from envs.tabletop.world import PHYSICS_HZ, SLOW, World

TICK = 6
"""Physics steps of one small motion."""

SECONDS = TICK / PHYSICS_HZ

ABOVE, GRASP, TOUCH = 0.05, 0.003, 0.012
"""Of the tip [m]: over everything while it travels; over a block that it takes; where it feels its way down from."""

SWIFT, PACE, SLIDE = 0.75, 0.5, 0.15
"""Highest speed of the tip high in the air [m/s], on its way down, and while it pushes or pulls."""

SWING = 0.005
"""How far the tip may be from its line while it is on its way [m]."""

CREEP, NEAR, PASSING = 0.004, 0.0015, 0.006
"""Lowered by so much at a time while it feels its way [m], and how exactly it arrives, and passes a corner [m]."""

REACH = 0.718
"""Of the arm, from its shoulder to its wrist [m]."""


Failure = tuple[Cause, str]
Motion = Callable[[], Failure | None]
"""A part of a step; what went wrong, if something did."""


class Stopped(Exception):
    """Somebody said stop, in the middle of a motion."""


class Hand:
    """The skills of `embodied.skills` for a world; how many seconds it has moved, and what it dropped."""

    def __init__(self, world: World, trouble: Disturbances, rng: np.random.Generator) -> None:
        self.world, self.trouble, self.rng = world, trouble, rng
        self.names: tuple[str, ...] = ()
        self.things: tuple[Thing, ...] = ()
        self.seconds, self.dropped = 0.0, False
        self.stop: Stop = lambda: False

    def begin(self, things: tuple[Thing, ...], names: tuple[str, ...]) -> None:
        """A new scene: what there is, and what it is called."""
        self.things, self.names = things, names
        self.seconds, self.dropped = 0.0, False

    def view(self) -> View:
        """All things as they are."""
        world, bullet = self.world, self.world.bullet
        items = []
        for name, thing, body in zip(self.names, self.things, world.bodies, strict=True):
            kind, size = ("block", "big") if thing.kind == "big" else (thing.kind, "small")
            position, turn = bullet.getBasePositionAndOrientation(body)
            linear, _ = bullet.getBaseVelocity(body)
            still = max(map(abs, linear)) < 4 * SLOW[0]
            items.append(Item(name, kind, thing.colour, position, size, heading(turn), still))
        held = "" if world.grip is None else self.names[world.grip.thing]
        return View(tuple(items), held)

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]:
        """Carry out a step from one of its phases on; see `embodied.skills.Body`."""
        if isinstance(step, skills.Act):
            return "refused", f"this hand knows blocks and no acts such as '{step}'; pick, place and push them", at, 0.0
        began, self.stop, self.dropped = self.seconds, stop, False
        anchor = at.anchor or self.anchored(step)
        phases = self.phases(step, np.array(anchor))
        if at.phase >= len(phases):
            return "refused", f"a {step.skill} has the phases 0 to {len(phases) - 1}, and no phase {at.phase}", at, 0.0
        if (far := self.beyond(step, np.array(anchor))) is not None:
            return "refused", f"{far} m is out of reach, which is from {self.world.low} to {self.world.high}", at, 0.0
        cause: Cause = ""
        detail, reached = "", at.phase
        try:
            for reached in range(at.phase, len(phases)):
                cause, detail = phases[reached]() or ("", "")
                if cause:
                    break
            self.settle()
            if not cause and self.dropped:
                cause, detail = "dropped", "the block fell on the way"
        except Stopped:
            cause, detail = "stopped", f"in phase {reached} of {len(phases)}"
        self.world.refresh()
        return cause, detail, At(step=at.step, phase=reached, anchor=anchor), round(self.seconds - began, 6)

    def beyond(self, step: Step, anchor: Float[np.ndarray, " n"]) -> tuple[float, ...] | None:
        """Where a step leads [m], if that is more than 2 cm out of reach."""
        match step:
            case skills.Place(at=(_, _)) | skills.MoveTo():
                goal = np.array(step.at)
            case skills.MoveBy():
                goal = anchor[:3] + rotated(step.by, anchor[3] if step.frame == "tool" else 0.0)
            case skills.Push() | skills.Pull() if len(anchor) == 6:
                goal = anchor[4:] + np.array(step.by)
            case _:
                return None
        low, high = self.world.low[: len(goal)] - 0.02, self.world.high[: len(goal)] + 0.02
        return None if (low <= goal).all() and (goal <= high).all() else tuple(goal.round(3).tolist())

    def anchored(self, step: Step) -> tuple[float, ...]:
        """Where the tip and the step's block are now, from which relative motions count."""
        name, view = getattr(step, "object", None) or "", self.view()
        block = view[name].position[:2] if name in view else ()
        return (*self.world.tip().tolist(), self.world.yaw, *block)

    def phases(self, step: Step, anchor: Float[np.ndarray, " n"]) -> list[Motion]:
        """A step as motions, each of which can be begun anew."""
        pace = step.speed
        motions: list[Motion]
        match step:
            case skills.Pick():
                motions = self.picking(step.object, pace)
            case skills.Place():
                motions = self.placing(step, pace)
            case skills.Push():
                motions = self.pushing(step, anchor[4:], pace)
            case skills.Pull():
                motions = self.pulling(step, anchor[4:], pace)
            case skills.MoveTo():
                motions = [lambda: self.arrive(np.array(step.at), step.yaw, pace)]
            case skills.MoveBy():
                goal = anchor[:3] + rotated(step.by, anchor[3] if step.frame == "tool" else 0.0)
                motions = [lambda: self.arrive(goal, None, pace)]
            case skills.Rotate():
                motions = [lambda: self.turn(anchor[3] + step.by)]
            case skills.Open():
                motions = [self.open]
            case skills.Close():
                motions = [self.close]
            case skills.Wait():
                motions = [lambda: self.wait(step.seconds)]
            case skills.Home():
                over = self.high(robot.HOME[:2])
                motions = [lambda: self.go(over, 0.0, pace), lambda: self.go(np.array(robot.HOME), 0.0, pace)]
            case skills.Act():
                raise ValueError(f"this hand has no motions for the act '{step}'")
        return motions

    def picking(self, name: str, pace: float) -> list[Motion]:
        """Over the block, down until the suction holds it, and up."""

        def down() -> Failure | None:
            block = self.view()[name]
            return self.grasp((block.position[0], block.position[1]), block.top, name)

        def over() -> None:
            block = self.view()[name]
            self.cross(block.position[:2], heading_of(block, self.world.yaw), pace)

        return [over, down, lambda: self.lift(pace)]

    def take(self, at: tuple[float, float], top: float, yaw: float) -> Failure:
        """Pick at a point [m] of a surface, the hand turned by `yaw` [rad], whatever lies there; how it went."""
        self.stop, self.dropped = lambda: False, False
        self.cross(at, yaw, SWIFT)
        failure = self.grasp(at, top, "")
        if failure:
            self.up(SWIFT)
        return failure or self.lift(SWIFT) or ("", "")

    def grasp(self, at: tuple[float, float], top: float, name: str) -> Failure | None:
        """Straight down on a surface with the suction on; a miss, or another block than the one named, is told."""
        self.go(np.array([*at, top + TOUCH]), None, PACE)
        for height in np.arange(top + TOUCH, top + GRASP - CREEP, -CREEP):
            self.tick(np.array([*at, max(height, top + GRASP)]))
            if self.world.suck():
                break
        if self.world.grip is None:
            return "missed", f"nothing held at ({at[0]:.3f}, {at[1]:.3f}) m"
        held = self.names[self.world.grip.thing]
        if name and held != name:
            return "wrong object", f"it holds the {held}"
        return None

    def placing(self, step: skills.Place, pace: float) -> list[Motion]:
        """Over the place, down until it touches, let go, and up."""
        off = self.rng.normal(0.0, self.trouble.jitter, 2) if self.trouble.jitter else np.zeros(2)

        def there() -> tuple[float, float]:
            base = step.at or self.view()[step.on or ""].position[:2]
            x, y = (base[i] + (0.0 if step.at else step.offset[i]) + off[i] for i in (0, 1))
            return x, y

        def over() -> Failure | None:
            return self.lost() or self.carry(there(), step.yaw, pace)

        def down() -> Failure | None:
            return self.lost() or self.lower(there())

        def let_go() -> Failure | None:  # no motion, so that a stop leaves no doubt whether it was done
            return self.lost() or self.world.release()

        motions: list[Motion] = [over, down, let_go, lambda: self.wait(0.2), lambda: self.up(pace, there())]
        return motions

    def lost(self) -> Failure | None:
        """What there is to say when the hand is empty that should hold something."""
        if self.world.grip is not None:
            return None
        return ("dropped", "the block fell on the way") if self.dropped else ("missed", "nothing is held")

    def carry(self, there: tuple[float, float], yaw: float | None, pace: float) -> Failure | None:
        """What is held over a point [m], turned to `yaw` [rad] up to a quarter turn."""
        turn = self.hand_yaw(yaw)
        self.cross(self.tip_for(there, turn), turn, pace)
        return self.lost()

    def hand_yaw(self, yaw: float | None) -> float:
        """How the hand must be turned [rad] so that what it holds is turned so."""
        if yaw is None or self.world.grip is None:
            return self.world.yaw
        hangs = heading(self.world.grip.turn)  # of the block in the frame of the tip, which looks down
        best = yaw + hangs
        return best - pi / 2 * round((best - self.world.yaw) / (pi / 2))

    def tip_for(self, there: tuple[float, float], yaw: float) -> tuple[float, float]:
        """Where the tip must be [m] for what it holds to be there."""
        if self.world.grip is None:
            return there
        x, y, _ = self.world.grip.position
        return there[0] - (x * cos(yaw) + y * sin(yaw)), there[1] - (x * sin(yaw) - y * cos(yaw))

    def lower(self, there: tuple[float, float]) -> Failure | None:
        """Down until what is held touches something."""
        view = self.view()
        grip = self.world.grip
        if grip is None:
            return self.lost()
        block = view.items[grip.thing]
        ground = max(
            (i for i in view.items if i.kind == "bowl" and i.away(there) < 0.05), key=lambda i: i.top, default=block
        )
        height = surface(view, ground, block, *there) + block.edge
        x, y = self.tip_for(there, self.world.yaw)
        self.go(np.array([x, y, height + TOUCH]), None, PACE)
        for z in np.arange(height + TOUCH, height - 0.012, -CREEP):
            if self.world.grip is None or self.world.held_touches():
                break
            self.tick(np.array([x, y, z]))
        return self.lost()

    def open(self) -> Failure | None:
        """Let go, and wait until all lies still."""
        self.world.release()
        self.wait(0.2)
        return None

    def close(self) -> Failure | None:
        """Suction on."""
        return None if self.world.suck() else ("missed", "nothing is under the tip")

    def pushing(self, step: skills.Push, start: Float[np.ndarray, " 2"], pace: float) -> list[Motion]:
        """Behind the block, down, along, a little back so that lifting does not knock it on, and up."""
        edge = self.view()[step.object].edge
        by = np.array(step.by)
        ahead = by / max(float(np.hypot(*by)), 1e-9)
        behind = start - (edge / 2 * float(abs(ahead).sum()) + 0.02) * ahead
        end = start + by - (edge / 2 + 0.01) * ahead
        return [
            lambda: self.go(self.high(tuple(behind)), None, pace),
            lambda: self.go(np.array([*behind, edge / 2]), None, pace),
            lambda: self.go(np.array([*end, edge / 2]), None, min(pace, SLIDE)),
            lambda: self.go(np.array([*(end - 0.02 * ahead), edge / 2]), None, min(pace, SLIDE)),
            lambda: self.up(pace),
        ]

    def pulling(self, step: skills.Pull, start: Float[np.ndarray, " 2"], pace: float) -> list[Motion]:
        """Take the block, drag it, let go, and up."""
        goal = (float(start[0]) + step.by[0], float(start[1]) + step.by[1])
        over, down, _ = self.picking(step.object, pace)

        def drag() -> Failure | None:
            x, y = self.tip_for(goal, self.world.yaw)
            self.go(np.array([x, y, self.world.tip()[2]]), None, min(pace, SLIDE))
            return self.lost()

        return [over, down, drag, self.open, lambda: self.up(pace)]

    def high(self, at: tuple[float, ...]) -> Float[np.ndarray, " 3"]:
        """Over a point, higher than everything with what is held, as far as the arm reaches."""
        view = self.view()
        held = view[view.held].edge if view.held else 0.0
        tallest = max((b.top for b in view.blocks if b.name != view.held), default=0.0)
        wrist = float(np.hypot(at[0], at[1])) - robot.WRIST
        limit = (max(REACH**2 - wrist**2, 0.0)) ** 0.5 + robot.SHOULDER - robot.FLANGE - robot.TOOL
        return np.array([at[0], at[1], max(min(tallest + held + ABOVE, limit), 0.1)])

    def lift(self, pace: float) -> Failure | None:
        """Straight up with what is held."""
        self.up(pace)
        return self.lost()

    def cross(self, at: tuple[float, ...], yaw: float | None, pace: float) -> None:
        """Over a point [m], through the air; where no block stands on another, little can be upset meanwhile."""
        self.world.exact(self.world.stacked)
        try:
            self.go(self.high(at), yaw, pace, PASSING)
        finally:
            self.world.exact(True)

    def turn(self, yaw: float) -> None:
        """The tool about the vertical to an angle [rad], the long way round where that is what was said."""
        here, start = self.world.tip(), self.world.yaw
        ticks = max(ceil(abs(yaw - start) / 0.15), 1)
        for share in np.arange(1, ticks + 1) / ticks:
            self.tick(here, start + share * (yaw - start))
        self.tick(here, yaw)
        self.tick(here, yaw)  # what hangs from it lags behind

    def up(self, pace: float, over: tuple[float, float] | None = None) -> None:
        """Straight up, clear of everything; over a point [m] if the tip is as good as there, however it swings."""
        x, y, z = self.world.tip()
        if over is not None and np.hypot(x - over[0], y - over[1]) < SWING:
            x, y = over
        self.go(np.array([x, y, max(z, self.high((x, y))[2])]), None, pace)

    def go(self, target: Float[np.ndarray, " 3"], yaw: float | None, pace: float, near: float = NEAR) -> None:
        """The tip on a straight line to within `near` of a position [m], turned to `yaw` [rad], at `pace` [m/s]."""
        start, turned = self.world.tip(), self.world.yaw
        goal = turned if yaw is None else turned + atan2(sin(yaw - turned), cos(yaw - turned))
        ticks = max(ceil(float(np.linalg.norm(target - start)) / (pace * SECONDS)), ceil(abs(goal - turned) / 0.15), 1)
        for share in np.arange(1, ticks + 1) / ticks:
            self.tick(start + share * (target - start), turned + share * (goal - turned))
        low = np.clip(target, self.world.low, self.world.high)
        for _ in range(6):
            if np.linalg.norm(self.world.tip() - low) < near:
                break
            self.tick(target, goal)

    def arrive(self, target: Float[np.ndarray, " 3"], yaw: float | None, pace: float) -> Failure | None:
        """The tip to a position [m]; a failure where it does not come to within 1.5 cm of it."""
        self.go(target, yaw, pace)
        held = 0.0 if self.world.grip is None else self.world.edge(self.world.grip.thing)
        low = np.array([*self.world.low[:2], max(self.world.low[2], held)])
        tip = self.world.tip()
        off = float(np.linalg.norm(tip - np.clip(target, low, self.world.high)))
        return None if off < 0.015 else ("wrong place", f"the tip came to {tip.round(3).tolist()} m, {off:.3f} m away")

    def tick(self, target: Float[np.ndarray, " 3"], yaw: float | None = None) -> None:
        """One small motion, in which a held block may fall; raises Stopped before it where somebody says so."""
        if self.stop():
            raise Stopped
        self.world.move(target, TICK, self.world.yaw if yaw is None else yaw)
        self.seconds += SECONDS
        held = self.world.grip is not None and self.trouble.drop > 0
        if held and self.rng.random() < 1 - (1 - self.trouble.drop) ** SECONDS:
            self.world.release()
            self.dropped = True

    def wait(self, seconds: float) -> None:
        """Stay [s]."""
        here = self.world.tip()
        for _ in range(max(round(seconds / SECONDS), 1)):
            self.tick(here)

    def settle(self, longest: float = 2.0) -> None:
        """Wait until all blocks lie still, at most so long [s]."""
        for _ in range(round(longest / SECONDS)):
            if self.world.quiet:
                return
            self.wait(SECONDS)


def rotated(by: tuple[float, float, float], yaw: float) -> Float[np.ndarray, " 3"]:
    """A vector of a hand that is turned by `yaw` [rad], in the frame of the base."""
    x, y, z = by
    return np.array([x * cos(yaw) - y * sin(yaw), x * sin(yaw) + y * cos(yaw), z])


def heading(turn: tuple[float, ...]) -> float:
    """Turn about the vertical [rad] of a quaternion xyzw."""
    x, y, z, w = turn
    return atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def heading_of(block: Item, now: float) -> float:
    """How to turn the hand so that it meets a block square, turning as little as possible [rad]."""
    return block.yaw - pi / 2 * round((block.yaw - now) / (pi / 2))
