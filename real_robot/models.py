"""What the makers' arms are: chains, ranges, speeds and the sizes of their grippers. Nominal, no safety figures."""

from dataclasses import dataclass
from math import pi

from real_robot.kinematics import Chain, chain

TURN = 2 * pi


@dataclass(frozen=True)
class Model:
    """One arm: joint ranges [rad], rated speeds [rad/s], the most acceleration [rad/s^2] and jerk [rad/s^3] that its
    interface takes, payload [kg] and the opening of its usual gripper [m]."""

    kind: str
    chain: Chain
    low: tuple[float, ...]
    high: tuple[float, ...]
    speed: tuple[float, ...]
    acceleration: float
    jerk: float
    payload: float
    opening: float
    home: tuple[float, ...]


def _ur(name: str, speed: tuple[float, ...], payload: float) -> Model:
    high = (TURN, TURN, pi, TURN, TURN, TURN)
    low = tuple(-x for x in high)
    home = (0.0, -pi / 2, pi / 2, -pi / 2, -pi / 2, 0.0)
    return Model("ur", chain(name), low, high, speed, 40.0, 2000.0, payload, 0.085, home)


MODELS: dict[str, Model] = {
    "ur3e": _ur("ur3e", (pi, pi, pi, TURN, TURN, TURN), 3.0),
    "ur5e": _ur("ur5e", (pi,) * 6, 5.0),
    "ur10e": _ur("ur10e", (2 * pi / 3, 2 * pi / 3, pi, pi, pi, pi), 12.5),
    "ur16e": _ur("ur16e", (2 * pi / 3, 2 * pi / 3, pi, pi, pi, pi), 16.0),
    "xarm6": Model(
        "xarm", chain("xarm6"), (-TURN, -2.059488, -3.92699, -TURN, -1.692969, -TURN),
        (TURN, 2.094395, 0.191986, TURN, pi, TURN), (pi,) * 6, 20.0, 500.0, 5.0, 0.085,
        (0.0, -0.7, -0.8, 0.0, 1.5, 0.0),
    ),
    "xarm7": Model(
        "xarm", chain("xarm7"), (-TURN, -2.059488, -TURN, -0.191986, -TURN, -1.692969, -TURN),
        (TURN, 2.094395, TURN, 3.92699, TURN, pi, TURN), (pi,) * 7, 20.0, 500.0, 3.5, 0.085,
        (0.0, -0.5, 0.0, 1.0, 0.0, 1.5, 0.0),
    ),
    "fr3": Model(
        "franka", chain("fr3"), (-2.7437, -1.7837, -2.9007, -3.0421, -2.8065, 0.5445, -3.0159),
        (2.7437, 1.7837, 2.9007, -0.1518, 2.8065, 4.5169, 3.0159), (2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26),
        10.0, 5000.0, 3.0, 0.08, (0.0, -pi / 4, 0.0, -3 * pi / 4, 0.0, pi / 2, pi / 4),
    ),
}  # fmt: skip
"""Ranges and speeds: vendor sources and data sheets; the UR's and payloads recalled. `acceleration` and `jerk` bound
what a file may ask for: the client's bound (UR; its jerk is our choice), the maker's SDK (xArm), libfranka (FR3)."""


def model(name: str) -> Model:
    """A model; KeyError with the known ones."""
    if name not in MODELS:
        raise KeyError(f"no arm {name!r} is known here; there are {', '.join(MODELS)}")
    return MODELS[name]
