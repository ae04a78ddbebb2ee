"""The plane: an arena with walls, debris that friction holds where it is, and one body that pushes."""

from dataclasses import dataclass, field

import numpy as np
import pymunk
from jaxtyping import Float64
from pymunk.constraints import GearJoint, PivotJoint

from envs.planar.embodiments import Agent, Embodiment, build

HALF = 1.1
"""Half the arena's width."""
GOAL = 0.76
"""Debris whose middle is above this has arrived."""
DEBRIS = 0.12
"""Width of a piece of debris."""
HZ, SUBSTEPS = 8.0, 10
DRAG, SPIN = 1.5, 0.1
"""Friction that holds debris in place [force, torque]."""


@dataclass(frozen=True)
class Layout:
    """Where everything begins, and how it looks."""

    agent: tuple[float, float]
    debris: tuple[tuple[float, float], ...]
    zone: tuple[float, float, float, float] | None = None
    """What must be kept out of: low x, low y, high x, high y."""
    colours: tuple[tuple[int, int, int], ...] = ()
    """Of the debris."""
    ground: tuple[int, int, int] = (236, 236, 230)
    heading: float = 0.0


@dataclass(eq=False)
class World:
    """One layout with a body in it, moved by `step`."""

    layout: Layout
    embodiment: Embodiment
    space: pymunk.Space = field(init=False)
    agent: Agent = field(init=False)
    debris: list[pymunk.Body] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.space = pymunk.Space()
        self.space.iterations = 10
        self.space.collision_slop = 0.005
        corners = [(-HALF, -HALF), (HALF, -HALF), (HALF, HALF), (-HALF, HALF)]
        for a, b in zip(corners, [*corners[1:], corners[0]], strict=True):
            wall = pymunk.Segment(self.space.static_body, a, b, 0.02)
            wall.friction = 0.8
            self.space.add(wall)
        for place in self.layout.debris:
            self._piece(place)
        self.agent = build(self.space, self.embodiment, self.layout.agent, self.layout.heading)

    def _piece(self, place: tuple[float, float]) -> None:
        mass = 0.01
        body = pymunk.Body(mass, pymunk.moment_for_box(mass, (DEBRIS, DEBRIS)))
        body.position = place
        shape = pymunk.Poly.create_box(body, (DEBRIS, DEBRIS))
        shape.friction = 0.5
        hold = PivotJoint(self.space.static_body, body, (0, 0), (0, 0))
        hold.max_bias, hold.max_force = 0, DRAG
        still = GearJoint(self.space.static_body, body, 0.0, 1.0)
        still.max_bias, still.max_force = 0, SPIN
        self.space.add(body, shape, hold, still)
        self.debris.append(body)

    def step(self, speed: float, turn: float, close: float = 0.0) -> None:
        """One control period; numbers in [-1, 1]."""
        for _ in range(SUBSTEPS):
            self.agent.steer(speed, turn, close)
            self.space.step(1.0 / HZ / SUBSTEPS)

    def places(self) -> Float64[np.ndarray, "n 2"]:
        """Where the debris is."""
        return np.array([tuple(body.position) for body in self.debris])

    def pose(self) -> Float64[np.ndarray, " 3"]:
        """x, y and heading of the body that pushes; at 0 it looks along +y."""
        return np.array([*self.agent.body.position, self.agent.body.angle])

    def finger(self) -> float:
        """How far the fingers are open, 0 ... 1; 0 where there are none."""
        if not self.agent.fingers:
            return 0.0
        left, right = self.agent.fingers
        return float(np.clip((left.angle - right.angle) / 0.9 + 0.5, 0.0, 1.0))
