"""The fault matrix: an arm is made to move against a simulated controller, something goes wrong, and the controller's
own journal says what the arm did then. Every case is a line of `CASES`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from real_robot import evidence
from real_robot.client import GovernedArm
from real_robot.controllers.journal import Seen
from real_robot.link import child_environment
from real_robot.rehearsal import Rehearsal
from real_robot.robot import Mode, RobotFault, Stop
from real_robot.streaming import Stream, swing

SOON = 0.15
"""Within this the arm must stand still [s], and whatever the machine itself slept meanwhile, which is told."""
BEAT = 0.002
STALE = 0.11
"""Within this a link that went silent must be a fault [s]: 100 ms and a tick."""


class Naps:
    """When this machine itself slept: a virtual one does, for tens of milliseconds, and nothing stops an arm then.

    Watches from a thread, which stays on one core where that is named.
    """

    def __init__(self, core: int | None = None) -> None:
        self.taken: list[tuple[float, float]] = []
        self._core = core
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        if self._core is not None:
            os.sched_setaffinity(0, {self._core})  # of this thread alone
        last = time.monotonic()
        while not self._over.is_set():
            time.sleep(BEAT)
            now = time.monotonic()
            if now - last > 5 * BEAT:
                self.taken.append((last, now))
            last = now

    def between(self, since: float, until: float) -> float:
        """Seconds slept between two moments."""
        return sum(max(0.0, min(b, until) - max(a, since)) for a, b in self.taken)

    def end(self) -> None:
        """Watch no longer."""
        self._over.set()
        self._thread.join(1.0)


@dataclass
class Live:
    """One case under way."""

    rehearsal: Rehearsal
    arm: GovernedArm
    stream: Stream
    naps: Naps
    notes: dict[str, Any] = field(default_factory=dict)
    after: list[Callable[[Seen], Mapping[str, Any]]] = field(default_factory=list)
    """What is read off the journal once the controller has ended."""

    def within(self, name: str, since: float, bound: float, until: float = np.inf) -> None:
        """The arm must stand still within `bound` of a moment."""

        def check(seen: Seen) -> Mapping[str, Any]:
            took = evidence.standing_after(seen, since, until)
            slept = self.naps.between(since, since + 2 * bound)
            found = {name: took, f"{name} bound": bound, "speed then": round(evidence.speed_at(seen, since), 3)}
            told = {"the machine slept": round(slept, 3)} if slept else {}
            return found | told | {"ok": took is not None and took <= bound + slept}

        self.after.append(check)

    def silent_after(self, since: float, until: float = np.inf) -> None:
        """No motion command may reach the controller after a moment."""

        def check(seen: Seen) -> Mapping[str, Any]:
            count = evidence.commands_after(seen, since, until)
            return {"commands after": count, "ok": count == 0}

        self.after.append(check)

    def latched(self, since: float, mode: Mode, bound: float) -> None:
        """It must be in a latched mode within so long."""
        until = time.monotonic() + 3.0
        while self.arm.mode is not mode and time.monotonic() < until:
            time.sleep(0.001)
        came = [e["t"] for e in self.arm.events if e.get("mode") == mode.value and e["t"] >= since]
        took = came[0] - since if came else None
        bound += self.naps.between(since, since + 2 * bound)
        self.notes |= {"fault": str(self.arm.fault), "latched after": took, "latched bound": bound}
        self.require(self.arm.mode is mode and (took is None or took <= bound), f"it is {self.arm.mode}")

    def require(self, claim: bool, otherwise: str) -> None:
        """Something that must be so."""
        if not claim:
            self.notes["failed"] = "; ".join(filter(None, [self.notes.get("failed", ""), otherwise]))

    def recovered(self) -> None:
        """Acknowledged, it must arm again, begin where it is, and move."""
        self.stream.end()
        before = time.monotonic()
        self.arm.acknowledge()
        self.require(self.arm.mode is Mode.CONNECTED, f"after acknowledging it is {self.arm.mode}")
        self.arm.arm()
        state = self.arm.read().state
        assert state is not None
        begun = time.monotonic()
        self.after.append(
            lambda seen: {"first step after": (far := evidence.first_step(seen, before)), "ok": far < 0.01}
        )
        self.arm.move_joints(state.q + 0.02)
        self.notes["moved again after"] = round(time.monotonic() - begun, 2)


def _stall(seconds: float) -> Callable[[Live], None]:
    def case(live: Live) -> None:
        live.stream.fast()
        due = live.stream.pause()
        time.sleep(max(0.0, due + seconds - time.monotonic()))
        end = due + max(seconds, SOON)
        if seconds > live.arm.robot.limits.stall_stop:
            live.latched(due, Mode.STOPPED, live.arm.robot.limits.stall_stop + 0.3)
        else:
            time.sleep(max(0.0, end - time.monotonic()))
            live.require(live.arm.mode is Mode.HOLDING, f"it is {live.arm.mode}")
            live.stream.resume()
            live.stream.fast()
        live.within("still after", due, SOON, end)

    return case


def _kill_policy(live: Live) -> None:
    live.stream.end()
    live.arm.close()
    with subprocess.Popen(
        [sys.executable, "-m", "real_robot.streaming"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=child_environment(),
    ) as child:  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(live.arm.robot.model_dump(mode="json")) + "\n")
        child.stdin.flush()
        said = child.stdout.readline()
        live.require(said.startswith("moving"), f"the policy's process said {said!r}")
        pids = json.loads(said.partition(" ")[2]) if said.startswith("moving") else {}
        child.kill()
        at = time.monotonic()
    live.within("still after", at, SOON)
    left = list(pids.values())
    for _ in range(80):
        left = [pid for pid in pids.values() if Path(f"/proc/{pid}").exists()]
        if not left:
            break
        time.sleep(0.1)
    live.require(not left, f"processes {left} outlived it")


def _kill(which: str) -> Callable[[Live], None]:
    def case(live: Live) -> None:
        live.stream.fast()
        os.kill(live.arm.pids[which], signal.SIGKILL)
        at = time.monotonic()
        live.latched(at, Mode.FAULT, 0.3)
        time.sleep(0.5)
        live.within("still after", at, SOON, time.monotonic())
        live.silent_after(at + 0.1, time.monotonic())
        if which == "worker":
            live.recovered()

    return case


STOPS: dict[str, dict[str, Any]] = {
    "ur": {"do": "protective_stop"},
    "xarm": {"do": "error", "code": 31},
    "franka": {"do": "reflex"},
}
"""What each maker's arm does when it bumps into something."""


def _protective(live: Live) -> None:
    live.stream.fast()
    at = time.monotonic()
    live.rehearsal.order(**STOPS[live.rehearsal.kind])
    live.latched(at, Mode.FAULT, 0.1)
    time.sleep(1.0)
    live.within("still after", at, 0.3, time.monotonic())
    live.silent_after(at + 0.1, time.monotonic())
    live.recovered()


def _silence(do: str, **fields: Any) -> Callable[[Live], None]:
    """A link that goes silent. What a delayed link still brings later is the braking that was ordered."""

    def case(live: Live) -> None:
        live.stream.fast()
        at = time.monotonic()
        live.rehearsal.order(do, **fields)
        live.latched(at, Mode.FAULT, STALE)
        time.sleep(0.5)
        live.within("still after", at, 0.1 + SOON, time.monotonic())
        if do != "delay":
            live.silent_after(at + 0.25, time.monotonic())

    return case


def _harmless(do: str, **fields: Any) -> Callable[[Live], None]:
    def case(live: Live) -> None:
        live.stream.fast()
        live.rehearsal.order(do, **fields)
        time.sleep(fields["seconds"] + 0.3)
        live.require(live.arm.mode is Mode.RUNNING, f"it is {live.arm.mode}: {live.arm.fault}")

    return case


def _force(live: Live) -> None:
    live.stream.fast()
    at = time.monotonic()
    live.rehearsal.order("force", newtons=60.0, seconds=1.5, direction=[0.0, 0.0, 1.0])
    live.latched(at, Mode.STOPPED, 2.0)
    levels = [e["level"] for e in live.arm.events if e["event"] == "force"]
    live.notes["levels"] = levels
    live.require(levels[:3] == ["warn", "hold", "stop"], f"levels came as {levels}")
    held = [e["t"] for e in live.arm.events if e.get("level") == "hold"]
    if held:
        live.within("still after the hold", held[0], SOON)


def _abort(live: Live) -> None:
    live.stream.fast()
    at = time.monotonic()
    live.arm.stop(Stop.ABORT, "rehearsed")
    live.latched(at, Mode.STOPPED, 0.05)
    time.sleep(0.5)
    live.within("still after", at, SOON, time.monotonic())
    live.recovered()


def _blocked(live: Live) -> None:
    live.stream.fast()
    live.rehearsal.order("deaf", seconds=1.0)
    at = time.monotonic()
    live.arm.stop(Stop.STOP, "while the client is stuck")
    time.sleep(1.5)
    live.require(live.arm.mode in (Mode.STOPPED, Mode.FAULT), f"it is {live.arm.mode}")
    live.within("still after", at, SOON + 1.0)


CASES: dict[str, Callable[[Live], None]] = {
    "policy stalls 0.1 s": _stall(0.1),
    "policy stalls 0.5 s": _stall(0.5),
    "policy stalls 5 s": _stall(5.0),
    "kill -9 of the policy": _kill_policy,
    "kill -9 of the governor": _kill("governor"),
    "kill -9 of the worker": _kill("worker"),
    "protective stop": _protective,
    "muted link": _silence("mute", seconds=2.0),
    "half-open link": _silence("half_open"),
    "delayed link": _silence("delay", by=0.3, seconds=1.5),
    "reset link": _silence("reset"),
    "closed link": _silence("close"),
    "duplicated link": _harmless("duplicate", seconds=1.5),
    "jittery link": _harmless("jitter", by=0.02, seconds=1.5),
    "force ramp": _force,
    "abort": _abort,
    "stop while the controller is deaf": _blocked,
}
"""What goes wrong -> the case."""


def run_case(kind: str, name: str, folder: Path, **changes: Any) -> dict[str, Any]:
    """One case against a fresh controller: what was measured, and whether it passed."""
    naps = Naps()
    with Rehearsal(kind, folder, **changes) as rehearsal:
        arm = GovernedArm(rehearsal.robot)
        try:
            arm.start()
            stream = Stream(arm, swing(rehearsal.robot.home_q)).start()
            live = Live(rehearsal, arm, stream, naps)
            try:
                CASES[name](live)
            except (RobotFault, ValueError, TimeoutError, RuntimeError) as error:
                live.require(False, f"{type(error).__name__}: {error}")
            stream.end()
        finally:
            arm.close()
    naps.end()
    seen = rehearsal.seen()
    found, fine = dict(live.notes), "failed" not in live.notes
    for check in live.after:
        result = dict(check(seen))
        fine &= bool(result.pop("ok"))
        found |= result
    kept = evidence.limits_kept(seen, rehearsal.robot, naps.taken)
    broken = {k: v.violations for k, v in kept.items() if v.violations}
    return {"case": name, "passed": bool(fine), **found, "limits broken": broken}


def stops(kind: str, folder: Path, count: int, seed: int = 0) -> dict[str, Any]:
    """Stops at moments all over a motion: how long each took until the arm stood still [s]."""
    rng, moments, naps = np.random.default_rng(seed), [], Naps()
    with Rehearsal(kind, folder) as rehearsal, GovernedArm(rehearsal.robot) as arm:
        arm.start()
        for _ in range(count):
            stream = Stream(arm, swing(rehearsal.robot.home_q)).start()
            time.sleep(float(rng.uniform(0.8, 2.5)))
            at = time.monotonic()
            arm.stop(Stop.STOP, "swept")
            time.sleep(0.4)
            moments.append((at, time.monotonic()))
            stream.end()
            arm.acknowledge()
            arm.arm()
            arm.move_joints(rehearsal.robot.home_q)
    naps.end()
    seen = rehearsal.seen()
    slept = [round(naps.between(at, at + 2 * SOON), 3) for at, _ in moments]
    took = [evidence.standing_after(seen, *moment) for moment in moments]
    speeds = [evidence.speed_at(seen, at) for at, _ in moments]
    return {"stops": count, "seconds": took, "speeds": speeds, "slept": slept}
