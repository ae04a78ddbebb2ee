"""The joints of a simulated arm: second-order servos that follow a target within the maker's speed and acceleration."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from real_robot.kinematics import Chain


@dataclass(frozen=True)
class Limits:
    """Of each joint: range [rad], speed [rad/s], acceleration [rad/s^2]."""

    low: Float64[np.ndarray, " n"]
    high: Float64[np.ndarray, " n"]
    speed: Float64[np.ndarray, " n"]
    acceleration: Float64[np.ndarray, " n"]


@dataclass
class Plant:
    """State and dynamics; `step` moves it on by dt seconds.

    A target is followed by a critically damped servo of `bandwidth` [rad/s]; what it would need beyond a joint's
    acceleration or speed is cut off, as a real drive's current is. The target's own speed can be smoothed over
    `smoothing` seconds, so that one that comes a tick early or late is no jerk.
    """

    chain: Chain
    limits: Limits
    q: Float64[np.ndarray, " n"]
    bandwidth: float = 60.0
    smoothing: float = 0.0
    qd: np.ndarray = field(init=False)
    qdd: np.ndarray = field(init=False)
    target: np.ndarray = field(init=False)
    _ahead: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.q = np.asarray(self.q, np.float64).copy()
        self.qd, self.qdd, self.target = np.zeros_like(self.q), np.zeros_like(self.q), self.q.copy()
        self._ahead = np.zeros_like(self.q)

    def follow(self, target: np.ndarray, dt: float) -> None:
        """One step towards a position; the target's own motion is fed forward."""
        ahead = np.clip((target - self.target) / dt, -self.limits.speed, self.limits.speed)
        self._ahead = self._ahead + (ahead - self._ahead) * dt / (self.smoothing + dt)
        self.target = np.asarray(target, np.float64).copy()
        w = self.bandwidth
        self._apply(w * w * (self.target - self.q) + 2 * w * (self._ahead - self.qd), dt)

    def drive(self, speed: np.ndarray, acceleration: float, dt: float) -> None:
        """One step towards a velocity with at most so much acceleration."""
        wanted = np.clip((speed - self.qd) / dt, -acceleration, acceleration)
        self._apply(wanted, dt)
        self.target, self._ahead = self.q.copy(), self.qd.copy()

    def brake(self, dt: float, braking: float = 10.0) -> None:
        """One step towards standing still."""
        self.drive(np.zeros_like(self.q), braking, dt)

    def _apply(self, wanted: np.ndarray, dt: float) -> None:
        limit = self.limits
        self.qdd = np.clip(wanted, -limit.acceleration, limit.acceleration)
        speed = np.clip(self.qd + self.qdd * dt, -limit.speed, limit.speed)
        self.qdd = (speed - self.qd) / dt
        self.q = self.q + 0.5 * (self.qd + speed) * dt
        self.qd = speed

    @property
    def still(self) -> bool:
        """Whether no joint moves by more than 1e-3 rad/s."""
        return bool(np.abs(self.qd).max() < 1e-3)

    def beyond(self) -> int | None:
        """The first joint that is outside its range; None if none is."""
        out = np.flatnonzero((self.q < self.limits.low) | (self.q > self.limits.high))
        return int(out[0]) if len(out) else None
