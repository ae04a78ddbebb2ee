"""The same things without the robot: a second world that is only looked at."""

from collections.abc import Sequence

from envs.tabletop.client import Client
from envs.tabletop.shapes import SHAPES, table
from envs.tabletop.world import World, painted


class Bare:
    """Things stand where those of a `World` stand, and nothing moves: the world itself does not notice."""

    def __init__(self, kinds: Sequence[str], *, wide: bool = False) -> None:
        self.bullet = Client()
        table(self.bullet, wide)
        self.bodies = tuple(SHAPES[kind](self.bullet) for kind in kinds)
        self.shades: dict[int, tuple[float, ...]] = {}

    def follow(self, world: World) -> Client:
        """Put everything where it is there, in its colour; what may now be drawn."""
        copies = dict(zip(world.pool, self.bodies, strict=True))
        for other, body in copies.items():
            self.bullet.resetBasePositionAndOrientation(body, *world.bullet.getBasePositionAndOrientation(other))
        if self.shades != world.shades:
            painted(self.bullet, {copies[body]: shade for body, shade in world.shades.items()})
            self.shades = world.shades
        return self.bullet

    def close(self) -> None:
        """Give the client back."""
        self.bullet.close()
