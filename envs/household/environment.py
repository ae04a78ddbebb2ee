"""The household: a world, its body and its pictures, drawn from a specification and a seed."""

import numpy as np
from jaxtyping import UInt8

from embodied.situations import Surroundings
from envs.household.body import Body
from envs.household.scene import Scene, SceneSpec, scene
from envs.household.trace import Trace
from envs.household.world import Snapshot, World
from envs.tabletop.camera import Camera


class Household:
    """A table in a home that acts are carried out on.

    `reset(seed)` sets scene `seed` of the specification and split; the same acts then lead to the same bits. `body`
    carries out skill programs (`embodied.skills.execute`), `trace()` is what happened since the reset.
    """

    def __init__(self, spec: SceneSpec, seed: int = 0, split: str = "train", *, task: str = "", user: str = "") -> None:
        self.spec_, self.split, self.task, self.user = spec, split, task, user
        self.world = World(scene(spec, split, seed), task, user)
        self.body = Body(self.world)
        self.drawing = None

    def reset(self, seed: int | None = None, *, given: Scene | None = None) -> Surroundings:
        """Set the table anew: that scene, or the one of that seed, or the same as before."""
        if given is None:
            given = self.world.scene if seed is None else scene(self.spec_, self.split, seed)
        self.world.reset(given, self.task, self.user)
        return self.surroundings()

    @property
    def scene(self) -> Scene:
        """How it was at the start."""
        return self.world.scene

    def surroundings(self) -> Surroundings:
        """Everything there is now."""
        return self.world.surroundings()

    def trace(self) -> Trace:
        """What happened since the reset."""
        return self.world.recorder.trace()

    def picture(self, camera: str | Camera = "front", size: int = 256) -> UInt8[np.ndarray, "h w 3"]:
        """What a camera sees now, `size` pixels high and wide; needs the extra "sim"."""
        if self.drawing is None:
            from envs.household.drawing import Drawing

            self.drawing = Drawing()
        return self.drawing.picture(self.world, camera, size)

    def snapshot(self) -> Snapshot:
        """This moment, to return to with `restore` as often as wanted."""
        return self.world.snapshot()

    def restore(self, moment: Snapshot) -> Surroundings:
        """Return to a moment, of this household or another."""
        self.world.restore(moment)
        return self.surroundings()

    def close(self) -> None:
        """Give the renderer back, if there is one; closing twice is harmless."""
        if self.drawing is not None:
            self.drawing.close()
            self.drawing = None
