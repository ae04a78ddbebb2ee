"""The safety evidence of one vendor's arm: random commands, a long run, faults, rates, stops; as JSON and HTML.

Everything is measured against a simulated controller with the vendor's real client. It is evidence about this
software, and no certified safety function: the page says so first.
"""

import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from embodied import html
from embodied.html import Block
from real_robot import evidence, matrix
from real_robot.client import GovernedArm
from real_robot.description import Description, describe
from real_robot.link import child_environment
from real_robot.rehearsal import ARMS, Rehearsal
from real_robot.robot import Reason, RobotFault
from real_robot.streaming import Stream, swing
from real_robot.trial import Found, summary, trial
from real_robot.worker import arm_of

STATEMENT = (
    "This is not a certified safety function, and no risk assessment. It was measured against a simulated controller "
    "that is our own reading of the maker's protocol, with the maker's real client library. A software stop is no "
    "emergency stop: keep the red button in reach, and configure the maker's own safety system."
)
CLIENTS = {"ur": ("ur-rtde",), "xarm": ("xarm-python-sdk",), "franka": ("franky-control", "franky-sim")}
TRIES, NAP = 3, 0.02
"""What is timed and fails while a core of this machine itself slept so long [s] in all is measured again, at most so
often; the tries that failed are told beside the last."""
JITTER = 1e-3
"""The governor's 99th percentile may be later than a bare loop's by so much [s]."""


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    commands: int = 1_000_000
    """Random commands on a virtual clock."""
    seconds: float = 600.0
    """Of random commands in real time."""
    rate_seconds: float = 60.0
    stops: int = 40

    def __post_init__(self) -> None:
        if min(self.commands, self.stops) < 1 or min(self.seconds, self.rate_seconds) <= 0:
            raise ValueError(f"an effort of {self} measures nothing; every number must be above zero")


QUICK = Effort(100_000, 30.0, 10.0, 8)
"""Enough for a test run."""


def safety_report(
    kind: str, out: str | Path, effort: Effort | None = None, *, seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:  # fmt: skip
    """Measure everything, write `report.json` and `report.html` under `out`, and give what is in the first."""
    if kind not in ARMS:
        raise ValueError(f"no rehearsal for a robot of kind {kind!r}; there are {', '.join(ARMS)}")
    effort, folder = effort or Effort(), Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    begun, journals = time.time(), folder / "journals"
    found: dict[str, Any] = {"robot": kind, "statement": STATEMENT, "effort": asdict(effort), "seed": seed,
                             "machine": machine(kind)}  # fmt: skip
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "random commands": lambda: random_commands(kind, effort.commands, seed),
        "rates": lambda: rates(kind, journals / "rates", effort.rate_seconds),
        "real time": lambda: real_time(kind, journals / "real-time", effort.seconds, seed),
        "stops": lambda: stop_times(kind, journals / "stops", effort.stops, seed),
    }
    for name, part in parts.items():
        progress(f"{name}: {effort}")
        found[name] = tried(part, TRIES if name in ("rates", "stops") else 1)
    found["faults"] = []
    for name in matrix.CASES:
        progress(name)
        place = journals / name.replace(" ", "-")
        found["faults"].append({"case": name} | tried(lambda n=name, p=place: matrix.run_case(kind, n, p), TRIES))
    found["passed"] = all(each["passed"] for each in [*(found[name] for name in parts), *found["faults"]])
    found["seconds"] = round(time.time() - begun, 1)
    (folder / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(found), encoding="utf-8")
    return found


def machine(kind: str) -> dict[str, Any]:
    """What it was measured on."""
    versions = {}
    for name in ("numpy", "ruckig", *CLIENTS[kind]):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count(), **versions}


def described(kind: str) -> Description:
    """The arm of the rehearsals, with a ball that it must keep out of."""
    table = {"id": f"trial-{kind}", "kind": kind, **ARMS[kind]}
    bare = describe(table)
    at = bare.arm.chain.pose(bare.home_q)[:3, 3] + np.array([0.0, 0.27, 0.0])
    return describe({**table, "keepouts": ({"name": "head", "centre": tuple(at.tolist()), "radius": 0.12},)})


def _part(given: tuple[str, int, int]) -> Found:
    kind, commands, seed = given
    robot = described(kind)
    can = arm_of(robot).capabilities
    return trial(robot, commands, seed=seed, period=1.0 / can.servo_hz, overshoot=can.overshoot)


def random_commands(kind: str, commands: int, seed: int) -> dict[str, Any]:
    """Random commands through limits and governor on a virtual clock, on every core."""
    parts = max(1, min(os.cpu_count() or 1, commands // 5000))
    jobs = [(kind, -(-commands // parts), seed * 1000 + i) for i in range(parts)]
    with multiprocessing.get_context("spawn").Pool(parts) as pool:
        whole = Found()
        for part in pool.imap(_part, jobs):
            whole = whole.merged(part)
    return {**summary(whole), "passed": not whole.violations and whole.commands >= commands}


def rates(kind: str, folder: Path, seconds: float) -> dict[str, Any]:
    """Targets a second that reach the controller, and the governor's jitter beside a bare loop's of the same time."""
    with Rehearsal(kind, folder) as rehearsal, GovernedArm(rehearsal.robot) as arm:
        arm.start()
        stream = Stream(arm, swing(rehearsal.robot.home_q)).start()
        stream.fast()
        period = arm.timing()["period"]
        bare = subprocess.Popen(
            [sys.executable, "-m", "real_robot.bare", str(period), str(seconds)], stdout=subprocess.PIPE, text=True,
            env=child_environment(),
        )  # fmt: skip
        naps, begun = matrix.Naps(), time.monotonic()
        told, _ = bare.communicate()
        ended, timing = time.monotonic(), arm.timing()
        naps.end()
        stream.end()
        failed = "" if stream.error is None else str(stream.error)
    rate = evidence.rate(rehearsal.seen(), begun, ended)
    plain = json.loads(told)
    wanted, slept = 1.0 / period, naps.between(begun, ended)
    awake = 1.0 - slept / (ended - begun)
    return {
        "the machine slept [s]": round(slept, 2),
        "wanted": wanted,
        "targets a second": round(rate, 2), "seconds": round(ended - begun, 1), "governor": timing,
        "bare loop": plain, "failed": failed,
        "passed": not failed
        and rate > 0.98 * awake * wanted
        and timing["p99"] <= plain["p99"] + JITTER,
    }  # fmt: skip


def real_time(kind: str, folder: Path, seconds: float, seed: int) -> dict[str, Any]:
    """Random commands, most of them wrong, to the arm itself; the controller's journal says what was kept."""
    rng, reasons, ends = np.random.default_rng(seed), dict[str, int](), dict[str, int]()
    robot, naps = described(kind), matrix.Naps()
    balls = [k.model_dump() for k in robot.keepouts]
    with Rehearsal(kind, folder, keepouts=balls) as rehearsal, GovernedArm(rehearsal.robot) as arm:
        arm.start()
        until, count, aim = time.monotonic() + seconds, 0, rehearsal.robot.home_q
        while time.monotonic() < until:
            if rng.random() < 0.02:
                aim = rng.uniform(*rehearsal.robot.range)
            try:
                sent = arm.send_joints(_wild(rng, arm, aim), float(rng.choice([np.nan, 0.0, 0.03])), _due(rng))
            except RobotFault as error:
                ends[error.fault.name] = ends.get(error.fault.name, 0) + 1
                again(arm)
                continue
            count += 1
            for reason in sent.reasons:
                reasons[reason.value] = reasons.get(reason.value, 0) + 1
            time.sleep(float(rng.choice([0.0, 0.0, 0.005, 0.02, 0.05, 0.15])))
    naps.end()
    seen = rehearsal.seen()
    kept = evidence.limits_kept(seen, rehearsal.robot, naps.taken)
    counted = float(evidence.awake_at(seen, naps.taken).mean())
    fine = not any(k.violations for k in kept.values()) and Reason.NOT_FINITE in reasons and counted > 0.5
    return {
        "commands": count,
        "reasons": reasons,
        "faults": ends,
        "limits": {k: asdict(v) for k, v in kept.items()},
        "share of the rows whose speeds count": round(counted, 4),
        "the machine slept [s]": round(sum(b - a for a, b in naps.taken), 2),
        "passed": fine,
    }


def _wild(rng: np.random.Generator, arm: GovernedArm, aim: np.ndarray) -> np.ndarray:
    now = np.asarray(arm.status.get("q") or arm.robot.home_q)
    goal = now + np.clip(aim - now, -0.15, 0.15)
    kind = rng.integers(20)
    if kind == 0:
        goal[rng.integers(len(goal))] = rng.choice([np.nan, np.inf])
    elif kind == 1:
        goal = rng.uniform(-7, 7, len(goal))
    elif kind < 6:
        goal = now + rng.normal(0, rng.choice([0.01, 0.1, 0.5]), len(goal))
    return goal


def _due(rng: np.random.Generator) -> float:
    return float(rng.choice([0.1, 0.1, 0.05, 0.0, -1.0, np.nan, 0.3]))


def again(arm: GovernedArm) -> None:
    """A person acknowledges, brings the arm back to where it may be, and goes on."""
    arm.acknowledge()
    arm.arm()


def stop_times(kind: str, folder: Path, count: int, seed: int) -> dict[str, Any]:
    """How long stops take, all over a motion."""
    found = matrix.stops(kind, folder, count, seed)
    took = [t for t in found["seconds"] if t is not None]
    quantiles = {f"p{p}": round(float(np.percentile(took, p)), 4) for p in (0, 50, 90, 100)} if took else {}
    within = [t is not None and t <= matrix.SOON + nap for t, nap in zip(found["seconds"], found["slept"], strict=True)]
    return {**found, **quantiles, "within": f"{sum(within)} of {count} in {matrix.SOON:g} s", "passed": all(within)}


def tried(part: Callable[[], dict[str, Any]], times: int = 1) -> dict[str, Any]:
    """What a part gives; one that cannot be measured has failed, and says why."""
    failed: list[dict[str, Any]] = []
    while True:
        naps = [matrix.Naps(core) for core in sorted(os.sched_getaffinity(0))]
        try:
            found = part()
        except (RobotFault, RuntimeError, ValueError, OSError, TimeoutError) as error:
            found = {"passed": False, "failed": f"{type(error).__name__}: {error}"}
        for each in naps:
            each.end()
        slept = max(sum(b - a for a, b in each.taken) for each in naps)
        if found["passed"] or slept < NAP or len(failed) + 1 >= times:
            return {**found, "failed tries": failed} if failed else found
        failed.append({**found, "a core slept [s]": round(slept, 3)})


def page(found: Mapping[str, Any]) -> str:
    """The report as one self-contained page."""
    faults = found["faults"]
    passed = sum(each["passed"] for each in faults)
    blocks: list[Block | str] = [
        html.note(STATEMENT, "warning"),
        html.figures([
            ("result", "passed" if found["passed"] else "FAILED"),
            ("random commands", found["random commands"].get("commands", 0)),
            ("their violations", sum(found["random commands"].get("violations", {"not measured": 1}).values())),
            ("cases passed", f"{passed} of {len(faults)}"),
        ]),
        html.heading("What goes wrong, and what the arm does"),
        html.table(
            ("case", "passed", "latched [s]", "still [s]", "commands after", "first step after [rad]", "told"),
            [_row(each) for each in faults],
        ),
        html.heading("Limits, in the controller's journal"),
        html.table(
            ("limit", "most", "allowed", "unit", "violations"),
            [(n, round(k["most"], 4), k["limit"], k["unit"], k["violations"])
             for n, k in found["real time"].get("limits", {}).items()],
        ),
        html.facts({
            name: found["real time"].get(name, "not measured")
            for name in ("share of the rows whose speeds count", "the machine slept [s]")
        }),
        html.paragraph("Speeds and accelerations do not count where the controller was not run; all else does."),
        html.heading("Rates and jitter"),
        html.facts({k: v for k, v in found["rates"].items() if not isinstance(v, dict)}),
        html.table(
            ("loop", "p50 [ms]", "p90 [ms]", "p99 [ms]", "most [ms]"),
            [(name, *(round(1e3 * found["rates"][name][p], 3) for p in ("p50", "p90", "p99", "max")))
             for name in ("governor", "bare loop") if name in found["rates"]],
        ),
        html.heading("From a stop to standing still"),
        html.facts({k: v for k, v in found["stops"].items() if not isinstance(v, list)}),
        html.heading("Random commands on a virtual clock"),
        html.facts({k: json.dumps(v) if isinstance(v, dict) else v for k, v in found["random commands"].items()}),
        html.heading("Measured on"),
        html.facts({**found["machine"], "seconds": found["seconds"]}),
    ]  # fmt: skip
    return html.page(f"Safety evidence: {found['robot']}", blocks, subtitle=time.strftime("%Y-%m-%d"))


def _row(each: Mapping[str, Any]) -> tuple[Any, ...]:
    still = next((v for k, v in each.items() if k.startswith("still") and not k.endswith("bound")), None)

    def shown(value: Any) -> Any:
        return "" if value is None else round(value, 4) if isinstance(value, float) else value

    nap = f" (the machine slept {each['the machine slept']} s then)" if "the machine slept" in each else ""
    tries = (
        f" (failed {len(each['failed tries'])} times before, while the machine slept)" if "failed tries" in each else ""
    )
    told = (each.get("failed") or each.get("fault") or "") + nap + tries
    return (
        each["case"], "yes" if each["passed"] else "NO", shown(each.get("latched after")), shown(still),
        shown(each.get("commands after")), shown(each.get("first step after")), told,
    )  # fmt: skip
