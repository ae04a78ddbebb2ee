"""Four bodies that push: a gripper of two fingers, and sticks held across the direction of travel.

Sizes and limits are X-MAGICAL's (a radius of 0.2 in an arena of 2.2 x 2.2). A body goes forward or back and turns;
the gripper also opens and closes.
"""

from dataclasses import dataclass

import numpy as np
import pymunk
from pymunk import Vec2d
from pymunk.constraints import GearJoint, PivotJoint, RotaryLimitJoint

RADIUS = 0.2
MASS = 1.0
SPEED = 4 * RADIUS
"""At an action of 1 [1/s]."""
TURN = 1.5
"""How far ahead of the body its heading is wanted at an action of 1 [rad]."""
FINGERS = 0.9
"""From closed to open [rad]."""


@dataclass(frozen=True)
class Embodiment:
    """What a body is made of."""

    name: str
    width: float
    """Across the direction of travel."""
    depth: float = 0.5 * RADIUS
    fingers: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        """What each number of an action does."""
        return ("speed", "turn", "close") if self.fingers else ("speed", "turn")

    @property
    def reach(self) -> float:
        """From the middle to the front that pushes."""
        return 1.35 * RADIUS if self.fingers else self.depth / 2

    @property
    def sweep(self) -> float:
        """The radius that it needs to turn on the spot."""
        return 1.75 * RADIUS if self.fingers else float(np.hypot(self.width, self.depth)) / 2

    def shapes(self) -> list[list[tuple[float, float]]]:
        """Corners of what moves as one piece, with the front along +y."""
        if self.fingers:
            return []
        w, d = self.width / 2, self.depth / 2
        return [[(-w, -d), (w, -d), (w, d), (-w, d)]]


EMBODIMENTS = {
    each.name: each
    for each in (
        Embodiment("gripper", 2.2 * RADIUS, 2 * RADIUS, fingers=True),
        Embodiment("shortstick", 1.5 * RADIUS),
        Embodiment("mediumstick", 3 * RADIUS),
        Embodiment("longstick", 8 * RADIUS),
    )
}

FINGER = [(-0.03, 0.0), (0.03, 0.0), (0.03, 0.62 * RADIUS), (-0.03, 0.62 * RADIUS)]
"""Corners of a finger, from its joint."""


@dataclass(frozen=True, eq=False)
class Agent:
    """A body in a world: what is steered, and what follows it."""

    body: pymunk.Body
    steering: pymunk.Body
    fingers: tuple[pymunk.Body, ...]
    motors: tuple[RotaryLimitJoint, ...]
    embodiment: Embodiment

    def steer(self, speed: float, turn: float, close: float = 0.0) -> None:
        """From now on go at such a speed and turn, both in [-1, 1]."""
        self.steering.angle = self.body.angle + turn * TURN
        forward = Vec2d(0, 1).rotated(self.body.angle)
        self.steering.velocity = forward * (speed * SPEED)
        if self.motors:
            spread = 0.5 * (1 - close) * FINGERS
            for side, motor in zip((1, -1), self.motors, strict=True):
                motor.min = motor.max = side * (spread - 0.5 * FINGERS)


def build(space: pymunk.Space, embodiment: Embodiment, at: tuple[float, float], angle: float) -> Agent:
    """Put a body into a world."""
    pieces = embodiment.shapes()
    moment = (
        pymunk.moment_for_circle(MASS, 0, RADIUS)
        if embodiment.fingers
        else sum(pymunk.moment_for_poly(MASS, piece) for piece in pieces)
    )
    body = pymunk.Body(MASS, moment)
    body.position, body.angle = at, angle
    space.add(body)
    made = [pymunk.Poly(body, piece) for piece in pieces] or [pymunk.Circle(body, RADIUS)]
    for shape in made:
        shape.friction = 0.5
        space.add(shape)
    steering = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    steering.position, steering.angle = at, angle
    push = PivotJoint(steering, body, (0, 0), (0, 0))
    push.max_bias, push.max_force = 0, 5.0
    turn = GearJoint(steering, body, 0.0, 1.0)
    turn.error_bias, turn.max_bias, turn.max_force = 0.0, 2.5, 1.0
    space.add(steering, push, turn)
    fingers, motors = _fingers(space, body) if embodiment.fingers else ((), ())
    return Agent(body, steering, fingers, motors, embodiment)


def _fingers(space: pymunk.Space, body: pymunk.Body) -> tuple[tuple[pymunk.Body, ...], tuple[RotaryLimitJoint, ...]]:
    bodies, motors = [], []
    for side in (-1, 1):
        mass = 0.1
        finger = pymunk.Body(mass, pymunk.moment_for_poly(mass, FINGER))
        joint = Vec2d(side * 0.75 * RADIUS, 0.7 * RADIUS)
        finger.position, finger.angle = body.local_to_world(joint), body.angle - side * 0.5 * FINGERS * 0.5
        shape = pymunk.Poly(finger, FINGER)
        shape.friction = 5.0
        shape.filter = pymunk.ShapeFilter(group=1)
        for own in body.shapes:
            own.filter = pymunk.ShapeFilter(group=1)
        hinge = PivotJoint(body, finger, joint, (0, 0))
        hinge.collide_bodies = False
        motor = RotaryLimitJoint(body, finger, 0.0, 0.0)
        motor.max_force = 4.0
        space.add(finger, shape, hinge, motor)
        bodies.append(finger)
        motors.append(motor)
    return tuple(bodies), tuple(motors)
