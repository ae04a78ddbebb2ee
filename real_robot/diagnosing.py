"""What robots there are, whether a robot's file is right, and whether the robot it describes answers.

A robot is connected to in a process of its own with a time limit, since a vendor's library may hang or crash; nothing
moves. What was found before such an end is kept and told.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import real_robot
from embodied import plugins
from real_robot.controllers import CONTROLLERS
from real_robot.description import Description, load
from real_robot.models import MODELS
from real_robot.robot import Check

LIBRARIES = {"ur": ("rtde_control", "ur"), "xarm": ("xarm", "xarm"), "franka": ("franky", "franka")}
"""kind -> the vendor's library, and the extra that brings it."""
SIMULATED = {"franka": ("franky_sim", "rehearse")}
"""kind -> the same of its simulated controller, where that needs one."""
CAMERA_LIBRARIES = {"opencv": ("cv2", "cameras"), "realsense": ("pyrealsense2", "realsense")}
SECONDS = 30.0
STALE = 5
"""Fewer new readings than this in half a second are no stream."""


def overview() -> list[dict[str, Any]]:
    """Every kind of robot and camera: its models, whether its library is there, how it is rehearsed."""
    found: list[dict[str, Any]] = [
        {
            "kind": kind,
            "models": [name for name, model in MODELS.items() if model.kind == kind],
            "library": _library(LIBRARIES.get(kind)),
            "rehearse": f"embodied sim-controller {kind}" if kind in CONTROLLERS else "",
            "simulated": _library(SIMULATED.get(kind)),
        }
        for kind in real_robot.ROBOTS
    ]
    found.append({"kind": "sim", "models": [], "library": _library(None), "rehearse": "", "simulated": _library(None)})
    cameras = ("opencv", "realsense", "files")
    return found + [{"kind": f"camera {kind}", "library": _library(CAMERA_LIBRARIES.get(kind))} for kind in cameras]


def _library(known: tuple[str, str] | None) -> dict[str, Any]:
    if known is None:
        return {"name": "", "installed": True, "install": ""}
    name, extra = known
    there = find_spec(name) is not None
    return {"name": name, "installed": there, "install": "" if there else f"pip install 'embodied-feedback[{extra}]'"}


def examples() -> tuple[str, ...]:
    """The kinds that there is an example file of."""
    return (*real_robot.ROBOTS, "sim")


def example(kind: str) -> str:
    """A robot file to begin with; ValueError names the kinds."""
    if kind not in examples():
        raise plugins.unknown("example of a robot file", kind, examples())
    return resources.files("real_robot").joinpath("examples", f"{kind}.toml").read_text(encoding="utf-8")


def diagnose(path: Path, *, connect: bool = False, seconds: float = SECONDS) -> dict[str, Any]:
    """What can be said of a robot file, and with `connect` of the robot and its cameras; nothing moves.

    "ok" is false where the file is wrong, a check refuses, the arm is in a fault or silent, or the process that
    connected ended badly or took longer than `seconds` [s].
    """
    try:
        description = load(path)
    except (ValueError, ImportError) as error:
        return {"file": str(path), "ok": False, "checks": [asdict(Check("file", "refuse", str(error)))]}
    found = {
        "file": str(path), "id": description.id, "kind": description.kind, "model": description.model,
        "host": description.host if description.kind != "sim" else "", "rehearsal": description.rehearsal,
        "cameras": [camera.name for camera in description.cameras],
    }  # fmt: skip
    checks = [Check("file", "ok", "every key is known, and nothing contradicts")]
    if connect:
        looks = ["world" if description.kind == "sim" else "arm", *(["cameras"] if description.cameras else [])]
        for look in looks:
            answer, end = ask(description, look, seconds)
            checks += [*judged(answer), *end]
            found |= {key: answer[key] for key in ("capabilities", "state", "readings", "skew") if key in answer}
    return {**found, "ok": all(each.level != "refuse" for each in checks), "checks": [asdict(each) for each in checks]}


def ask(description: Description, look: str, seconds: float) -> tuple[dict[str, Any], list[Check]]:
    """What a process of its own found, by key, and how it ended where that was badly."""
    order = {"look": look, "seconds": seconds, "robots": real_robot.ROBOTS, "description": json_of(description)}
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "real_robot.connecting"], text=True, start_new_session=True, errors="replace",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    late = False
    try:
        out, err = process.communicate(json.dumps(order) + "\n", seconds)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)  # its own session's
        out, err = process.communicate()
    except BaseException:  # Ctrl-C, which does not reach that session
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    answer: dict[str, Any] = {}
    for line in out.splitlines(keepends=True):
        if line.endswith("}\n"):  # not one that its end cut off
            answer |= json.loads(line)
    return answer, _end(look, answer, late, process.returncode, seconds, err)


def json_of(description: Description) -> dict[str, Any]:
    """A description as JSON holds it, which `describe` takes again."""
    return json.loads(description.model_dump_json())


def _end(look: str, answer: dict[str, Any], late: bool, code: int, seconds: float, err: str) -> list[Check]:
    if "ended" in answer:
        return []
    step = answer.get("step", "starting")
    said = " | ".join(line.strip() for line in err.strip().splitlines()[-3:])
    said = f"; it said: {said}" if said else ""
    if late:
        return [Check(look, "refuse", f"took longer than {seconds:g} s while {step}{said}")]
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return [Check(look, "refuse", f"the process that connected ended by {how} while {step}{said}")]


def judged(answer: dict[str, Any]) -> list[Check]:
    """The checks that an answer amounts to."""
    checks = [Check(**each) for each in answer.get("checks", [])]
    if "failed" in answer:
        checks.append(Check("connection", "refuse", answer["failed"]))
    if "pose" in answer:
        checks.append(Check("pose", **answer["pose"]))
    readings, state = answer.get("readings"), answer.get("state")
    if readings is not None:
        level = "ok" if readings["new"] >= STALE else "refuse"
        text = f"{readings['new']} new ones in {readings['seconds']:g} s, the newest {1e3 * readings['age']:.1f} ms old"
        checks.append(Check("readings", level, text))
    if state is not None and state["fault"] is not None:
        checks.append(Check("fault", "refuse", state["fault"]))
    for name, camera in (answer.get("cameras") or {}).items():
        size, hz = " x ".join(map(str, camera["size"])), camera["hz"]
        text = f"{size} px, {hz:.1f} Hz, the newest {1e3 * camera['age']:.0f} ms old"
        checks.append(Check(f"camera {name}", "ok", text + (", with depth" if camera["depth"] else "")))
    return checks


def told(found: dict[str, Any]) -> list[str]:
    """A diagnosis as lines for a person."""
    if "id" not in found:
        return [f"refuse   {found['checks'][0]['text']}"]
    what = f"{found['model'] or 'a simulation'}" + (f" at {found['host']}" if found["host"] else "")
    meant = "a rehearsal" if found["rehearsal"] else "REAL HARDWARE"
    lines = [f"{found['file']}: {found['id']!r}, {what}, {meant}"]
    lines += [f"  {each['level']:<7}{each['name']:<20} {each['text']}" for each in found["checks"]]
    state = found.get("state")
    if state is not None:
        joints = ", ".join(f"{q:.3f}" for q in state["q"])
        force = "not measured" if None in state["wrench"][:3] else ", ".join(f"{x:.1f}" for x in state["wrench"][:3])
        opening = "none" if state["gripper"] is None else f"{state['gripper']:.3f} m"
        ready = "takes targets" if state["ready"] else "takes no targets yet"
        stands = f"joints ({joints}) rad; force ({force}) N; gripper {opening}; {ready}; {state['status']}"
        lines.append(f"  state  {stands.removesuffix('; ')}")
    if "skew" in found:
        lines.append(f"  state  the cameras' newest frames lie {1e3 * found['skew']:.0f} ms apart")
    return lines


def told_overview() -> list[str]:
    """The overview as lines for a person."""
    lines = []
    for each in overview():
        models = ", ".join(each.get("models", [])) or ("any gymnasium id" if each["kind"] == "sim" else "")
        library = each["library"]
        has = "needs nothing" if not library["name"] else f"{library['name']} is installed"
        has = has if library["installed"] else f"without {library['name']}: {library['install']}"
        lines.append(f"{each['kind']:<17} {models:<26} {has}")
        if each.get("rehearse"):
            simulated = each["simulated"]
            lacks = "" if simulated["installed"] else f", which needs {simulated['name']}: {simulated['install']}"
            lines.append(f"{'':<17} rehearse: {each['rehearse']}{lacks}")
    return [*lines, f"a file to begin with: embodied robots --example {'|'.join(examples())}"]


def pointer(kind: str, arguments: tuple[str, ...]) -> list[str]:
    """How a robot's file points at a simulated controller that is started with these arguments."""
    host = "127.0.0.1"
    for i, word in enumerate(arguments):
        if word == "--host":
            host = arguments[i + 1] if i + 1 < len(arguments) else host
        elif word.startswith("--host="):
            host = word.removeprefix("--host=")
    line = f'host = "{host}"' if host != "any" else "host = what the next line says"
    return [
        f'a simulated controller of kind "{kind}", not an arm; in the robot\'s file: kind = "{kind}", {line}',
        f"a file to begin with: embodied robots --example {kind}; then: embodied robots FILE --connect",
    ]
