"""The plane seen from above, drawn in software."""

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw
from pymunk import Circle, Poly

from envs.planar.world import GOAL, HALF, World

FINE = 3
"""Pictures are drawn so many times as large, and averaged down."""
STRIP, OFF_LIMITS, BODY, FINGERTIP = (170, 214, 160), (96, 140, 226), (70, 74, 82), (104, 110, 120)


def draw(world: World, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """The whole arena, `size` pixels wide."""
    wide = size * FINE
    picture = Image.new("RGB", (wide, wide), world.layout.ground)
    pen = ImageDraw.Draw(picture)

    def seen(x: float, y: float) -> tuple[float, float]:
        return (x + HALF) / (2 * HALF) * wide, (HALF - y) / (2 * HALF) * wide

    pen.rectangle([seen(-HALF, HALF), seen(HALF, GOAL)], fill=STRIP)
    if (zone := world.layout.zone) is not None:
        pen.rectangle([seen(zone[0], zone[3]), seen(zone[2], zone[1])], fill=OFF_LIMITS)
    for body, colour in zip(world.debris, world.layout.colours, strict=True):
        (shape,) = body.shapes
        assert isinstance(shape, Poly)
        pen.polygon([seen(*body.local_to_world(v)) for v in shape.get_vertices()], fill=colour)
    for body, colour in ((world.agent.body, BODY), *((f, FINGERTIP) for f in world.agent.fingers)):
        for shape in body.shapes:
            if isinstance(shape, Poly):
                pen.polygon([seen(*body.local_to_world(v)) for v in shape.get_vertices()], fill=colour)
            elif isinstance(shape, Circle):
                x, y = body.position
                pen.ellipse(
                    [seen(x - shape.radius, y + shape.radius), seen(x + shape.radius, y - shape.radius)], colour
                )
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX), np.uint8).copy()
