"""A household that can be taken back: the hand returns on its own way, and undoes what it did on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import UInt8

from embodied.correction_footage import Footage
from embodied.situations import Surroundings
from embodied.skills import At, Cause, Step, Stop
from envs.household.body import Body
from envs.household.environment import Household
from envs.household.filming import footage
from envs.household.scene import SceneSpec, Wanted
from envs.household.tasks import tasks
from envs.household.trace import TICK, Lying, Tick, Tip
from envs.household.world import Hold
from envs.tabletop.camera import Camera

MIXED = SceneSpec(
    things=(
        Wanted(kind="mug", attributes=("red",)),
        Wanted(kind="mug", attributes=("blue", "full")),
        Wanted(kind="glass"),
        Wanted(kind="tray"),
        Wanted(kind="drawer"),
        Wanted(kind="spoon"),
    ),
    person="right",
    distractors=0,
)
"""What the console sets on the table where no task is named."""


@dataclass(frozen=True)
class Frame:
    """All that a hand can change."""

    lying: Mapping[str, Lying]
    extension: float
    tip: Tip
    hold: Hold | None
    gripping: str


class Rewinding(Body):
    """The body of a household, which remembers its way. See `embodied.course.Body`."""

    def __init__(self, household: Household) -> None:
        super().__init__(household.world)
        self.household = household
        self.film: list[Frame] = []

    @property
    def seconds(self) -> float:
        """Simulated since the table was set."""
        return self.world.time

    def close_up(self, name: str) -> UInt8[np.ndarray, "128 128 3"] | None:
        """A picture of one thing from its front and above; needs the extra "sim"."""
        if name not in self.world.things:
            return None
        thing = self.world.at(name)
        camera = Camera((thing.x + 0.3, thing.y, thing.z + 0.3), (thing.x, thing.y, thing.z + 0.04), 35)
        return self.household.picture(camera, 128)

    def footage(self) -> Footage:
        """How the hand moved since the table was set."""
        return footage(self.world.recorder.trace())

    def surroundings(self) -> Surroundings:
        """Everything there is now."""
        return self.world.surroundings()

    def frame(self) -> Frame:
        """As it is now."""
        world = self.world
        return Frame(dict(world.lying), world.extension, world.tip, world.hold, world.gripping)

    def perform(self, step: Step, at: At, stop: Stop) -> tuple[Cause, str, At, float]:
        """Carry out a step, and remember the way."""

        def filmed() -> bool:
            self.film.append(self.frame())
            return stop()

        return super().perform(step, at, filmed)

    def mark(self) -> tuple[int, int]:
        """How long the film is by now, and how many acts there were."""
        return len(self.film), len(self.world.recorder.acts)

    def back(self, mark: tuple[int, int], stop: Stop) -> bool:
        """Run the film backwards as far as the mark; false if that was stopped, on the way.

        The acts that are undone count no longer; the way back is in the trace, as ticks of no act.
        """
        world = self.world
        frames, acts = mark
        for number, done in enumerate(world.recorder.acts):
            if number >= acts and done.ok:
                world.recorder.acts[number] = replace(done, ok=False)
        while len(self.film) > frames:
            if stop():
                return False
            frame = self.film.pop()
            world.lying = dict(frame.lying)
            world.extension, world.tip = frame.extension, frame.tip
            world.hold, world.gripping = frame.hold, frame.gripping
            world.time = round(world.time + TICK, 6)
            thing = world.at(world.held) if world.held else None
            world.recorder.ticks.append(Tick(-1, world.time, world.tip, world.held, thing, False))
        return True


def body(task: str, split: str, seed: int) -> Rewinding:
    """For the console: the scene of a household task, a mixed one if none is named."""
    spec = tasks().probe(task).scene if task else MIXED
    return Rewinding(Household(spec, seed, split, task=task))
