"""What can be ordered of a simulated xArm through its door: broken links, errors, forces, emergency stops."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from real_robot.controllers.faults import Handler
from real_robot.controllers.xarm_control import Controller
from real_robot.controllers.xarm_links import Links
from real_robot.controllers.xarm_safety import NAMES


class Orders:
    """The handlers, and the force that is on its way."""

    def __init__(self, control: Controller, links: Links, note: Callable[..., None]) -> None:
        self.control, self.links, self.note = control, links, note
        self._push: tuple[float, float, float, np.ndarray] | None = None

    def table(self) -> dict[str, Handler]:
        """Orders by name, each noted."""
        orders: dict[str, Handler] = {
            "mute": self.mute, "deaf": self.deaf, "delay": self.delay, "jitter": self.jitter,
            "duplicate": self.duplicate, "refuse": self.refuse, "lose": self.lose, "close": self.close,
            "reset": self.reset, "half_open": self.half_open, "error": self.error, "warn": self.warn,
            "protective_stop": self.protective_stop, "estop": self.estop, "force": self.force,
            "object": self.object, "state": self.state,
        }  # fmt: skip
        return {name: self._noted(name, order) for name, order in orders.items()}

    def _noted(self, name: str, order: Handler) -> Handler:
        def call(**fields: Any) -> dict[str, Any] | None:
            if name != "state":
                self.note("ordered", order=name, **fields)
            return order(**fields)

        return call

    def push(self, now: float) -> None:
        """Put the ordered force of this moment on the tool."""
        if self._push is None:
            return
        begun, rise, hold, full = self._push
        passed = max(0.0, now - begun)
        over = passed > rise + hold
        self.control.force = np.zeros(3) if over else full * (min(1.0, passed / rise) if rise > 0 else 1.0)
        self._push = None if over else self._push

    def mute(self, seconds: float) -> None:
        """No reports."""
        self.links.faults.muted = time.monotonic() + seconds

    def deaf(self, seconds: float) -> None:
        """No command is read; what is sent meanwhile is done afterwards."""
        self.links.faults.deaf = time.monotonic() + seconds

    def delay(self, seconds: float, by: float) -> None:
        """Everything leaves `by` seconds late."""
        self.links.faults.delayed = (time.monotonic() + seconds, by)

    def jitter(self, seconds: float, by: float) -> None:
        """Everything leaves up to `by` seconds late, in order."""
        self.links.faults.jittered = (time.monotonic() + seconds, by)

    def duplicate(self, seconds: float) -> None:
        """Every frame leaves twice."""
        self.links.faults.doubled = time.monotonic() + seconds

    def refuse(self, seconds: float) -> None:
        """New connections are reset."""
        self.links.faults.refusing = time.monotonic() + seconds

    def lose(self, replies: int = 1) -> None:
        """The next replies are not sent, though what they answer is done."""
        self.links.faults.lost = replies

    def close(self) -> dict[str, Any]:
        """Close all links."""
        return {"closed": self.links.cut()}

    def reset(self) -> dict[str, Any]:
        """Reset all links."""
        return {"closed": self.links.cut(reset=True)}

    def half_open(self) -> None:
        """Say and do nothing any more, for ever; the sockets stay."""
        self.links.faults.dead = True

    def error(self, code: int = 31) -> None:
        """Latch an error of the controller."""
        self.control.safety.fail(code)

    def protective_stop(self) -> None:
        """Error 31, which is what an xArm has instead."""
        self.control.safety.fail(31)

    def warn(self, code: int) -> None:
        """Latch a warning."""
        self.control.safety.warn(code)

    def estop(self, pressed: bool = True, code: int = 1) -> None:
        """Press the button (1), the input (2) or the three-state switch (3), or let go."""
        if code not in (1, 2, 3):
            raise ValueError(f"emergency stops are 1, 2 and 3, not {code}")
        self.control.safety.press(code if pressed else 0)

    def force(
        self, newtons: float, seconds: float, hold: float = 0.0, direction: Sequence[float] = (1.0, 0.0, 0.0)
    ) -> None:
        """A force on the tool that rises for some seconds, is held for some more and lets go; base's axes."""
        along = np.asarray(direction, float)
        if along.shape != (3,) or not np.isfinite([*along, newtons, seconds, hold]).all() or not along.any():
            raise ValueError(f"a force has a direction of three numbers, not {direction}")
        self._push = (time.monotonic(), seconds, hold, newtons * along / np.linalg.norm(along))

    def object(self, pulses: float | None = None) -> None:
        """Something of that width between the gripper's fingers, or nothing."""
        self.control.gripper.object = pulses

    def state(self) -> dict[str, Any]:
        """What it is doing."""
        control, safety = self.control, self.control.safety
        return {
            "t": time.monotonic(), "q": control.plant.q.tolist(), "qd": control.plant.qd.tolist(),
            "target": control.plant.target.tolist(), "doing": NAMES[safety.doing], "mode": safety.mode,
            "state": safety.state, "error": safety.error, "warning": safety.warning, "enabled": safety.enabled,
            "commands": control.moves.commands, "refused": control.moves.refusals,
            "queued": len(control.moves.motion.queue), "tool": control.tool_point.tolist(),
            "force": float(np.linalg.norm(control.force)), "gripper": control.gripper.position,
            "counts": {str(k): v for k, v in control.counts.items()}, "links": len(self.links.links),
        }  # fmt: skip
