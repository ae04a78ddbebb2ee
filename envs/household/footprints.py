"""Footprints: turned rectangles of the table, whether they overlap, how far points are from them, and ways around."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import product
from math import cos, hypot, inf, pi, sin

Spot = tuple[float, float]

CORNERS = 8
"""Of the polygon that is drawn around what is kept off."""


@dataclass(frozen=True)
class Rect:
    """A rectangle around (x, y), turned by `yaw` [rad], with half its edges along its own axes [m]."""

    x: float
    y: float
    yaw: float
    half: tuple[float, float]

    def own(self, x: float, y: float) -> Spot:
        """A point of the table in the rectangle's frame."""
        c, s = cos(self.yaw), sin(self.yaw)
        dx, dy = x - self.x, y - self.y
        return c * dx + s * dy, c * dy - s * dx

    def corners(self) -> list[Spot]:
        """Its four corners."""
        c, s = cos(self.yaw), sin(self.yaw)
        own = ((i * self.half[0], j * self.half[1]) for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1)))
        return [(self.x + c * u - s * v, self.y + s * u + c * v) for u, v in own]

    def away(self, x: float, y: float) -> float:
        """How far a point is from it; 0 inside."""
        u, v = self.own(x, y)
        return hypot(max(abs(u) - self.half[0], 0.0), max(abs(v) - self.half[1], 0.0))

    def apart(self, other: "Rect", margin: float = 0.0) -> bool:
        """Whether they keep a distance along one of their axes (the separating axis theorem)."""
        far = hypot(self.x - other.x, self.y - other.y)
        if far > hypot(*self.half) + hypot(*other.half) + 1.5 * margin:
            return True
        return any(
            abs(c * (other.x - one.x) + s * (other.y - one.y)) > one.half[axis] + other.reach(c, s) + margin
            for one, other in ((self, other), (other, self))
            for axis, (c, s) in enumerate(((cos(one.yaw), sin(one.yaw)), (-sin(one.yaw), cos(one.yaw))))
        )

    def reach(self, c: float, s: float) -> float:
        """How far it extends from its middle along a direction."""
        along, across = cos(self.yaw) * c + sin(self.yaw) * s, cos(self.yaw) * s - sin(self.yaw) * c
        return abs(along) * self.half[0] + abs(across) * self.half[1]


def spiral(half: tuple[float, float], step: float = 0.02) -> Iterator[Spot]:
    """Points of a grid within a rectangle, nearest to its middle first."""
    counts = [int(max(extent, 0.0) / step) for extent in half]
    grid = product(*(range(-n, n + 1) for n in counts))
    yield from ((i * step, j * step) for i, j in sorted(grid, key=lambda ij: (ij[0] ** 2 + ij[1] ** 2, ij)))


def passes(a: Spot, b: Spot, centre: Spot) -> float:
    """How near the straight way from a to b comes to a point."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    t = 0.0 if not length else max(0.0, min(1.0, ((centre[0] - a[0]) * dx + (centre[1] - a[1]) * dy) / length))
    return hypot(a[0] + t * dx - centre[0], a[1] + t * dy - centre[1])


def around(
    start: Spot, goal: Spot, circles: Sequence[tuple[Spot, float]], low: Spot, high: Spot
) -> tuple[Spot, ...] | None:
    """The shortest polyline from start to goal that enters no circle (centre, radius) and stays within bounds.

    It goes over corners of octagons around the circles. A circle around the start or the goal itself shrinks to end
    there. Without the start, with the goal; None where there is no way.
    """
    shrunk = [
        (centre, min(radius, *(hypot(p[0] - centre[0], p[1] - centre[1]) - 1e-4 for p in (start, goal))))
        for centre, radius in circles
    ]
    nodes = [start, goal]
    for (x, y), radius in shrunk:
        far = 1.001 * radius / cos(pi / CORNERS)
        corners = ((x + far * cos(2 * pi * k / CORNERS), y + far * sin(2 * pi * k / CORNERS)) for k in range(CORNERS))
        nodes += [p for p in corners if low[0] <= p[0] <= high[0] and low[1] <= p[1] <= high[1]]
    best, before = {0: 0.0}, {0: 0}
    queue = [(0.0, 0)]
    while queue:
        length, here = heappop(queue)
        if here == 1:
            break
        for there, point in enumerate(nodes):
            further = length + hypot(point[0] - nodes[here][0], point[1] - nodes[here][1])
            if further < best.get(there, inf) and all(passes(nodes[here], point, c) >= r for c, r in shrunk):
                best[there], before[there] = further, here
                heappush(queue, (further, there))
    if 1 not in before:
        return None
    way = [1]
    while before[way[-1]]:
        way.append(before[way[-1]])
    return tuple(nodes[i] for i in reversed(way))
