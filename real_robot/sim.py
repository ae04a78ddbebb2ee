"""Any gymnasium environment behind the contract of a robot: what a policy meets in simulation, an arm meets it too.

With limits a command of a wrong shape or with a NaN is not sent, and one out of bounds is clipped; without them every
action reaches `env.step` bit for bit. The world stands still while nothing is sent, so that a refused command costs
no time of the episode. A stop is latched here as on an arm.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from jaxtyping import Float64

from embodied.collecting import extras, make, named
from embodied.measures import Measures
from embodied.spec import ArraySpec, Spec
from real_robot.robot import Fault, Mode, Reading, Reason, RobotFault, Sent, Stop

NOTHING = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Acted(Sent):
    """What became of a policy's action: `action` is what was sent of it in its own units, None if nothing was."""

    action: Float64[np.ndarray, " a"] | None = None


class SimRobot:
    """A `Robot` whose world is simulated: one `send` is one `env.step`, `start(seed)` is `env.reset`.

    `Reading.info` is the environment's, with 'reward', 'terminated' and 'truncated' of the step that led there. After
    the end of an episode nothing is sent until the next `start`. `Sent.q` is the action, as there are no joints.
    """

    clocked = False
    """Its time is that of its steps; nobody needs to wait for it."""

    def __init__(self, env: Any, options: Mapping[str, Any] | None = None, *, limits: bool = True) -> None:
        self.env = make(env, options or {}) if isinstance(env, str) else env
        self.limits = limits
        self.spec = spec_of(self.env)
        self.measures = Measures.of(self.env.metadata)
        self.extras: Mapping[str, ArraySpec] = {}
        self._mode, self._why = Mode.CONNECTED, ""
        self._reading: Reading | None = None
        self._sequence, self._last = 0, NOTHING
        try:
            _, info = self.env.reset(seed=0)
            self.extras = extras(self.measures, info)
        except Exception:
            self.env.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def mode(self) -> Mode:
        """`running` in an episode, `armed` after it, `stopped` until somebody acknowledges."""
        return self._mode

    def start(self, seed: int | None = None) -> Reading:
        """Reset the world to a seed; RobotFault after a stop that nobody acknowledged."""
        if self._mode is Mode.DISCONNECTED:
            raise RobotFault(Fault("not ready", "this simulation is closed; make another", clearable=False))
        if self._mode is Mode.STOPPED:
            raise RobotFault(Fault("stopped", f"it was stopped{self._why}; acknowledge() it first"))
        obs, info = self.env.reset(seed=seed)
        self._sequence, self._last, self._mode = 0, NOTHING, Mode.RUNNING
        return self._seen(obs, {**info, "reward": 0.0, "terminated": False, "truncated": False})

    def read(self) -> Reading:
        """The reading after the last action; RobotFault before `start`."""
        if self._reading is None:
            raise RobotFault(Fault("not ready", "no reading before start()"))
        old = self._reading
        return old if old.mode is self._mode else Reading(old.obs, old.stamp, self._mode, None, (), old.info)

    def send(self, action: Float64[np.ndarray, " a"]) -> Acted:
        """One step of the world, unless it is stopped, over, or the action is refused."""
        if self._mode not in (Mode.RUNNING, Mode.HOLDING):
            return self._told(None, Reason.NOT_RUNNING)
        asked = np.asarray(action)
        reasons: tuple[Reason, ...] = ()
        if self.limits:
            if asked.shape != self.spec.action.shape:
                return self._told(None, Reason.SHAPE)
            if not np.isfinite(asked).all():
                return self._told(None, Reason.NOT_FINITE)
            kept = np.clip(asked, self.spec.action.low, self.spec.action.high)
            reasons = () if np.array_equal(kept, asked) else (Reason.SPEED,)
            asked = kept
        if self._mode is Mode.HOLDING:
            self._mode = Mode.RUNNING
        space = self.env.action_space
        given = asked.astype(space.dtype)
        obs, reward, terminated, truncated, info = self.env.step(given)
        if (terminated or truncated) and self._mode is Mode.RUNNING:  # a stop in the meantime stays a stop
            self._mode = Mode.ARMED
        ending = {"reward": float(reward), "terminated": bool(terminated), "truncated": bool(truncated)}
        self._seen(obs, {**info, **ending})
        return self._told(np.clip(given, space.low, space.high), *reasons)  # an environment keeps to its bounds

    def _seen(self, obs: Any, info: Mapping[str, Any]) -> Reading:
        where = "a reset" if not self._sequence else f"step {self._sequence}"
        self.measures.read(info, where)
        self._reading = Reading(named(obs), time.monotonic_ns(), self._mode, None, (), info)
        return self._reading

    def _told(self, sent: np.ndarray | None, *reasons: Reason) -> Acted:
        self._sequence += 1
        action = None if sent is None else sent.astype(np.float64)
        self._last = self._last if action is None else action
        return Acted(self._sequence, self._last, np.nan, reasons, time.monotonic_ns(), action)

    def stop(self, kind: Stop = Stop.STOP, why: str = "") -> None:
        """Nothing moves between steps, so that a hold only says so, and a stop or an abort is latched."""
        if self._mode is Mode.DISCONNECTED or (kind is Stop.HOLD and self._mode is not Mode.RUNNING):
            return
        self._mode, self._why = (Mode.HOLDING if kind is Stop.HOLD else Mode.STOPPED), f" ({why})" if why else ""

    def acknowledge(self) -> None:
        """Let go of a latched stop; an episode that was not over goes on."""
        if self._mode is Mode.STOPPED:
            info = self._reading.info if self._reading else {"terminated": True}
            self._mode = Mode.ARMED if info["terminated"] or info.get("truncated") else Mode.RUNNING

    def close(self) -> None:
        """Close the environment; safe twice."""
        if self._mode is not Mode.DISCONNECTED:
            self._mode = Mode.DISCONNECTED
            self.env.close()


def spec_of(env: Any) -> Spec:
    """What an environment offers, as `embodied collect` writes it into a data set."""
    hz = float(env.metadata.get("render_fps") or 10)
    return getattr(env.unwrapped, "spec_", None) or Spec.from_space(env.observation_space, env.action_space, hz)
