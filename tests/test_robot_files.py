"""Robot files are refused by name before anything is opened; a robot is looked at in a process that may die of it."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import real_robot
from embodied import cli_robots
from real_robot import diagnosing
from real_robot.controllers.journal import read
from real_robot.description import Description, describe, load, loopback
from real_robot.models import MODELS

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """No vendor's adapter is loaded here."""
    for kind in ("ur", "xarm", "franka"):
        monkeypatch.setitem(real_robot.ROBOTS, kind, "standin_arm:StandIn")


def table(**changes: object) -> dict[str, object]:
    """A file's table with some keys changed; a key "limits.jerk" is of that table."""
    found = tomllib.loads(diagnosing.example("ur"))
    for key, value in changes.items():
        place, (*path, last) = found, key.replace("__", ".").split(".")
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def ur(path: Path, behaviour: str = "steady", **changes: str) -> Path:
    """The UR's example with a stand-in's behaviour."""
    text = diagnosing.example("ur")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    vendor = f'\n[vendor]\nbehaviour = "{behaviour}"\nlog = "{path.parent / "log"}"\n'
    return written(path, text + vendor)


@pytest.mark.parametrize("kind", diagnosing.examples())
def test_every_example_is_a_robot_file_of_its_kind(kind, tmp_path):
    found = load(written(tmp_path / "robot.toml", diagnosing.example(kind)))
    assert found.kind == kind
    assert found.rehearsal, "an example never points at hardware"


@pytest.mark.parametrize("model", MODELS)
def test_the_least_file_of_every_model_is_a_robot_with_slow_limits(model):
    arm = MODELS[model]
    found = describe({
        "id": "a", "kind": arm.kind, "model": model, "workspace": {"low": [-1.0, -1.0, 0.0], "high": [1.0, 1.0, 1.0]},
    })  # fmt: skip
    assert (found.joint_speed <= np.minimum(0.8, 0.25 * np.array(arm.speed))).all()
    assert found.limits.tool_speed <= 0.25


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"hots": "10.0.0.2"}, r"no key 'hots'; did you mean 'host'\?"),
        ({"limits.acelleration": 1.0}, r"no key 'limits\.acelleration'; did you mean 'acceleration'\?"),
        ({"zzz": 1}, r"no key 'zzz'; there are id, kind, model,"),
        ({"world.frame": {"xzy": [0, 0, 0]}, "world.env": "x"}, r"no key 'world\.frame\.xzy'; did you mean 'xyz'\?"),
        ({"cameras": [{"name": "a"}, {"name": "b", "widht": 3}]}, r"'cameras\.1\.widht'; did you mean 'width'\?"),
        ({"vendor": {"behavior": "x"}}, r"(no key|vendor).*behavior"),
        ({"kind": "urr"}, r"kind: Input should be 'ur', 'xarm', 'franka' or 'sim' \(it is 'urr'\)"),
        ({"model": "ur6e"}, "no arm 'ur6e' is known here; there are ur3e, ur5e"),
        ({"model": "fr3"}, "model 'fr3' is of kind 'franka', not 'ur'"),
        ({"id": ""}, "id: "),
        ({"id": " ur5e"}, "id: "),
        ({"host": ""}, "host: "),
        ({"home": [0.0, -1.57, 1.57, -1.57, -1.57]}, "home has 5 numbers; ur5e has 6 joints"),
        ({"home": [0.0, -1.57, 1.57, -1.57, -1.57, 9.0]}, r"home \[.*\] leaves the joint ranges"),
        ({"limits.low": [0.0] * 7}, r"limits\.low has 7 numbers; ur5e has 6 joints"),
        ({"limits.joint_speed": [0.5] * 7}, r"limits\.joint_speed has 7 numbers"),
        ({"limits.joint_speed": 4.0}, r"limits\.joint_speed .*4\.0.* is more than rated"),
        ({"limits.joint_speed": 0.0}, r"limits\.joint_speed: Input should be greater than 0 \(it is 0\.0\)$"),
        ({"limits.joint_speed": [0.5, 0.0]}, r"limits\.joint_speed\.1: Input should be greater than 0 \(it is 0\.0\)$"),
        ({"limits.joint_speed": "fast"}, r"limits\.joint_speed: Input should be a valid number \(it is 'fast'\)$"),
        ({"limits.tool_speed": 0}, r"limits\.tool_speed: Input should be greater than 0 \(it is 0\)"),
        ({"limits.tool_speed": "0.2"}, r"limits\.tool_speed: Input should be a valid number \(it is '0\.2'\)"),
        ({"limits.tool_speed": True}, r"limits\.tool_speed: Input should be a valid number \(it is True\)"),
        ({"limits.tool_speed": float("nan")}, r"limits\.tool_speed: Input should be a finite number"),
        ({"limits.jerk": float("inf")}, r"limits\.jerk: Input should be a finite number"),
        ({"limits.joint_margin": float("nan")}, r"limits\.joint_margin: "),
        ({"limits.joint_margin": -0.1}, r"limits\.joint_margin: Input should be greater than or equal to 0"),
        ({"limits.joint_margin": 4.0}, "joint ranges"),
        ({"limits.acceleration": 50.0, "limits.brake_acceleration": 50.0}, r"limits\.acceleration 50 is more"),
        ({"limits.brake_acceleration": 41.0}, r"limits\.brake_acceleration 41 is more than ur5e takes \(40\)"),
        ({"limits.brake_jerk": 2001.0}, r"limits\.brake_jerk 2001 is more than ur5e takes \(2000\)"),
        ({"limits.brake_acceleration": 3.0}, r"limits: braking .* must not be weaker than acceleration and jerk"),
        ({"limits.singular_stop": 10.0}, "singular_stop 10.0 must be above singular_slow 17.0"),
        ({"force.warn": 30.0}, r"force: warn 30\.0 <= hold 20\.0 <= stop 35\.0 must hold"),
        ({"force.stop": 0.0}, r"force\.stop: Input should be greater than 0"),
        ({"workspace": {"low": [0.1, 0.1, 0.1], "high": [0.9, 0.9, 0.9]}}, "excludes home, where the tool is at"),
        ({"workspace.low": [0.1, -0.45, 0.02]}, "workspace: low .* must lie below high"),
        ({"workspace.low": [-0.75, -0.45]}, r"workspace\.low: has 2 numbers, which are too few"),
        ({"workspace.low": [float("nan"), -0.45, 0.0]}, r"workspace\.low\.0: Input should be a finite number"),
        ({"workspace.low": ["-0.7", -0.45, 0.0]}, r"workspace\.low\.0: Input should be a valid number"),
        ({"keepouts": [{"name": "head", "centre": [0, 0, 1], "low": [0, 0, 0]}]}, "keep-out 'head' is a ball"),
        ({"keepouts": [{"name": "head", "low": [0, 0, 1], "high": [1, 1, 0]}]}, "must lie below high"),
        ({"keepouts": [{"name": "head", "centre": [-0.5, 0, 0.4], "radius": 0.3}]}, "'head' holds a part of the arm"),
        ({"keepouts": [{"name": "a", "centre": [3, 0, 0], "radius": 0.3}] * 2}, "two keep-outs have one name, 'a'"),
        ({"tool.mass": 6.0}, r"tool\.mass 6\.0 kg is more than ur5e carries \(5\.0 kg\)"),
        ({"tool.mass": -1.0}, r"tool\.mass: "),
        ({"cameras": [{"name": "a"}, {"name": "a"}]}, "two cameras have one name, 'a'"),
        ({"cameras": [{"name": ""}]}, r"cameras\.0\.name: "),
        ({"cameras": [{"name": "a", "width": 0}]}, r"cameras\.0\.width: Input should be greater than 0"),
        ({"cameras": [{"name": "a", "width": 64.5}]}, r"cameras\.0\.width: Input should be a valid integer"),
        ({"cameras": [{"name": "a", "kind": "files"}]}, "camera 'a' of kind 'files' needs source"),
        ({"cameras": [{"name": "a", "depth": True}]}, "depth is of kind 'realsense' alone, not 'opencv'"),
        ({"cameras": [{"name": "a", "on_flange": True}]}, "camera 'a' on_flange needs pose"),
        ({"cameras": [{"name": "a", "distortion": [0.1, 0.2]}]}, "camera 'a' has 2 distortion numbers"),
        ({"cameras": [{"name": "a", "matrix": [[600, 0, 900], [0, 600, 240], [0, 0, 1]]}]}, "at another size"),
        ({"kind": "sim"}, r'needs \[world\] with env'),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_the_file_the_key_and_the_way_out(changes, match, monkeypatch):
    given_table = table(**changes)
    with pytest.raises(ValueError, match=match) as raised:
        describe(given_table, "robot file left.toml")
    assert str(raised.value).startswith("robot file left.toml: ")
    assert "\n" not in str(raised.value)


def test_an_arm_without_a_workspace_is_refused():
    bare = table()
    del bare["workspace"]
    with pytest.raises(ValueError, match=r"an arm needs \[workspace\] with low and high"):
        describe(bare)


def test_every_mistake_of_a_file_is_told_at_once():
    with pytest.raises(ValueError, match=r"(?s)host.*limits\.jerk"):
        describe(table(**{"host": 3, "limits.jerk": -1.0}))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b'id = "a"\nkind = "u', r"robot file \S*left\.toml is no TOML: .*Unterminated string"),
        (b"\xff\xfe\x00", r"robot file \S*left\.toml is no TOML: .*utf-8"),
        (b"[limits]\njerk = 1\n[limits]\n", r"robot file \S*left\.toml is no TOML: "),
        (b"", r"robot file \S*left\.toml: id: Field required; kind: Field required"),
    ],
)
def test_what_is_no_toml_is_refused_with_the_file(tmp_path, content, match):
    (tmp_path / "left.toml").write_bytes(content)
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "left.toml")


def test_an_example_that_is_cut_anywhere_is_a_robot_or_refused_by_name(tmp_path):
    whole = diagnosing.example("ur").encode()
    for end in range(0, len(whole), 37):
        path = tmp_path / "cut.toml"
        path.write_bytes(whole[:end])
        told = ""
        try:
            load(path)
        except ValueError as error:
            told = str(error)
        assert not told or "cut.toml" in told


def test_a_file_that_is_missing_and_a_folder_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(ValueError, match=r"no robot file \S*left\.toml; `embodied robots --example ur` prints one"):
        load(tmp_path / "left.toml")
    with pytest.raises(ValueError, match=rf"robot file {tmp_path} cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.34.9.9", True), ("localhost", True), ("::1", True), ("192.168.1.10", False),
     ("127.0.0.1.example.org", False), ("0.0.0.0", False), ("robot", False)],
)  # fmt: skip
def test_only_this_machine_is_a_rehearsal(host, own):
    assert loopback(host) is own
    assert describe(table(host=host)).rehearsal is own


names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
numbers = st.floats(-0.2, 0.2)
three = st.tuples(numbers, numbers, numbers)
part = st.fixed_dictionaries({"xyz": three, "rotation": three})


@st.composite
def tables(draw: st.DrawFn) -> dict[str, object]:
    """Valid robot files."""
    name = draw(st.sampled_from(sorted(MODELS)))
    arm = MODELS[name]
    n, share = arm.chain.joints, draw(st.floats(0.05, 0.9))
    speed = draw(st.sampled_from([share * min(arm.speed), [share * each for each in arm.speed], None]))
    limits = {"acceleration": share * arm.acceleration / 2, "jerk": share * arm.jerk / 2, "tool_speed": share}
    limits |= {"brake_acceleration": share * arm.acceleration, "brake_jerk": share * arm.jerk}
    if speed is not None:
        limits["joint_speed"] = speed
    found = {
        "id": draw(names), "kind": arm.kind, "model": name, "limits": limits, "mount": draw(part),
        "tool": draw(part) | {"mass": draw(st.floats(0, 3)), "centre": draw(three)},
        "workspace": {"low": (-2.0, -2.0, -2.0), "high": (2.0, 2.0, 2.0)},
        "keepouts": [
            {"name": each, "centre": (5.0, 0.0, draw(numbers)), "radius": draw(st.floats(0.01, 1))}
            for each in draw(st.lists(names, unique=True, max_size=2))
        ],
        "cameras": [
            {"name": each, "source": draw(st.one_of(st.integers(0, 9), names)), "fps": draw(st.floats(1, 99)),
             "pose": draw(st.none() | part)}
            for each in draw(st.lists(names, unique=True, max_size=2))
        ],
    }  # fmt: skip
    if draw(st.booleans()):
        found["home"] = [each + draw(st.floats(-0.05, 0.05)) for each in arm.home[:n]]
    if draw(st.booleans()):
        found["world"] = {"env": draw(names), "options": {"size": draw(st.integers(1, 99))}, "frame": draw(part)}
    return found


@settings(max_examples=60)
@given(tables())
def test_a_description_survives_its_json(given_table):
    found = describe(given_table)
    again = Description.model_validate_json(found.model_dump_json())
    assert again == found
    assert hash(again) == hash(found)
    assert again != found.model_copy(update={"id": found.id + "x"})
    assert describe(diagnosing.json_of(found)) == found
    np.testing.assert_array_equal(again.joint_speed, found.joint_speed)


def checks(found: dict[str, object], name: str) -> list[tuple[str, str]]:
    return [(each["level"], each["text"]) for each in found["checks"] if each["name"] == name]  # type: ignore[index]


def test_a_file_alone_opens_nothing(tmp_path):
    found = diagnosing.diagnose(ur(tmp_path / "left.toml", "crashes"))
    assert found["ok"]
    assert found["id"] == "ur5e-left"
    assert not (tmp_path / "log").exists()


def test_connecting_shows_checks_state_and_age_and_moves_nothing(tmp_path):
    found = diagnosing.diagnose(ur(tmp_path / "left.toml"), connect=True)
    assert found["ok"], found
    assert checks(found, "remote control") == [("ok", "is looked at")]
    ((level, text),) = checks(found, "pose")
    assert (level, text) == ("ok", "tool at (-0.492, -0.133, 0.328) m, inside the workspace")
    assert found["readings"]["new"] > 20
    assert found["readings"]["age"] < 0.5
    assert found["state"]["wrench"] == [None] * 6
    assert (tmp_path / "log").read_text().split() == ["connect", "close"]
    lines = "\n".join(diagnosing.told(found))
    assert "a rehearsal" in lines
    assert "force (not measured) N; gripper 0.040 m; takes targets; NORMAL" in lines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("behaviour", "name", "match"),
    [
        ("refuses", "remote control", "is looked at"),
        ("absent", "connection", "link: no answer from 127.0.0.1 [111]"),
        ("crashes", "arm", "ended by SIGSEGV while connecting"),
        ("crashes reading", "arm", "ended by SIGSEGV while reading"),
        ("breaks", "arm", "AttributeError: a mistake of ours"),
        ("frozen", "readings", "0 new ones"),
        ("faulty", "fault", "protective stop: C157A0 [P]"),
        ("other joints", "pose", "it reads 5 joints; ur5e has 6"),
    ],
)
def test_what_is_wrong_with_a_robot_is_refused_by_name(tmp_path, behaviour, name, match):
    found = diagnosing.diagnose(ur(tmp_path / "left.toml", behaviour), connect=True)
    assert not found["ok"]
    ((level, text),) = checks(found, name)
    assert level == "refuse"
    assert match in text
    if behaviour == "crashes reading":
        assert checks(found, "version") == [("ok", "5.12")], "what was found before the crash is kept"


@pytest.mark.slow
@pytest.mark.parametrize(("behaviour", "step"), [("hangs", "connecting"), ("hangs closing", "closing")])
def test_a_robot_that_hangs_is_ended_at_the_time_limit(tmp_path, behaviour, step):
    begun = time.monotonic()
    found = diagnosing.diagnose(ur(tmp_path / "left.toml", behaviour), connect=True, seconds=10.0)
    assert time.monotonic() - begun < 20
    assert not found["ok"]
    ((_, text),) = checks(found, "arm")
    assert text.startswith(f"took longer than 10 s while {step}")


@pytest.mark.slow
@pytest.mark.parametrize("behaviour", ["chatters", "lingers"])
def test_what_a_library_prints_or_leaves_running_harms_nothing(tmp_path, behaviour):
    begun = time.monotonic()
    assert diagnosing.diagnose(ur(tmp_path / "left.toml", behaviour), connect=True, seconds=60)["ok"]
    assert time.monotonic() - begun < 50


def test_an_arm_outside_of_its_workspace_is_a_warning(tmp_path):
    found = diagnosing.diagnose(ur(tmp_path / "left.toml", "outside"), connect=True)
    assert found["ok"]
    ((level, text),) = checks(found, "pose")
    assert level == "warn"
    assert "outside of the workspace" in text


def test_a_simulated_robot_is_made_and_reset(tmp_path):
    text = 'id = "a"\nkind = "sim"\n[world]\nenv = "{}"\n'
    good = written(tmp_path / "good.toml", text.format("Pendulum-v1"))
    found = diagnosing.diagnose(good, connect=True)
    assert found["ok"], found
    assert checks(found, "environment") == [("ok", "Pendulum-v1: actions Box(-2.0, 2.0, (1,), float32)")]
    bad = diagnosing.diagnose(written(tmp_path / "bad.toml", text.format("Pendulun-v1")), connect=True)
    assert not bad["ok"]
    assert "Pendulun" in checks(bad, "connection")[0][1]


@pytest.mark.slow
def test_cameras_are_looked_at_too(tmp_path):
    from PIL import Image

    (tmp_path / "shots").mkdir()
    for k in range(200):
        Image.new("RGB", (64, 48), (k, 0, 0)).save(tmp_path / "shots" / f"{k}.png")
    text = (
        diagnosing.example("ur")
        + f"""
[[cameras]]
name = "front"
kind = "files"
source = "{tmp_path / "shots"}"
width = 64
height = 48
max_age = 2.0
"""
    )
    found = diagnosing.diagnose(written(tmp_path / "left.toml", text), connect=True)
    assert found["ok"], found
    assert checks(found, "camera front")[0][1].startswith("64 x 48 px, ")
    assert found["skew"] == 0
    wrong = written(tmp_path / "left.toml", text.replace("width = 64", "width = 65"))
    found = diagnosing.diagnose(wrong, connect=True)
    assert "gives 64 x 48 px where the file says 65 x 48" in checks(found, "connection")[0][1]


@pytest.mark.slow
def test_no_process_outlives_an_interrupted_look(tmp_path):
    path = ur(tmp_path / "left.toml", "hangs")
    code = (
        "import real_robot; from pathlib import Path; from real_robot import diagnosing\n"
        "real_robot.ROBOTS['ur'] = 'standin_arm:StandIn'\n"
        f"diagnosing.diagnose(Path({str(path)!r}), connect=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    asking = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while not (tmp_path / "log").exists() and time.monotonic() < until:
        time.sleep(0.02)
    children = Path(f"/proc/{asking.pid}/task/{asking.pid}/children").read_text().split()
    assert len(children) == 1
    asking.send_signal(signal.SIGINT)
    asking.wait(10)
    assert asking.returncode != 0
    assert not Path(f"/proc/{children[0]}").exists()


def test_the_overview_names_kinds_models_and_missing_extras(monkeypatch):
    monkeypatch.setitem(diagnosing.LIBRARIES, "xarm", ("no_such_library", "xarm"))
    found = {each["kind"]: each for each in diagnosing.overview()}
    assert set(found) == {"ur", "xarm", "franka", "sim", "camera opencv", "camera realsense", "camera files"}
    assert found["franka"]["models"] == ["fr3"]
    assert {name for each in found.values() for name in each.get("models", [])} == set(MODELS)
    lines = "\n".join(diagnosing.told_overview())
    assert "without no_such_library: pip install 'embodied-feedback[xarm]'" in lines
    assert "rehearse: embodied sim-controller ur" in lines


def test_the_overview_imports_no_vendors_library():
    code = (
        "import sys; from real_robot import diagnosing; diagnosing.overview()\n"
        "print({'rtde_control', 'xarm', 'franky', 'franky_sim', 'cv2', 'torch'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "set()"


def test_the_command_shows_examples_overview_and_verdicts(tmp_path, capsys):
    cli_robots.Robots(example="franka")()
    assert capsys.readouterr().out == diagnosing.example("franka")
    cli_robots.Robots()()
    assert "camera opencv" in capsys.readouterr().out
    good, bad = ur(tmp_path / "good.toml"), written(tmp_path / "bad.toml", "id = 3\n")
    assert cli_robots.Robots((good,))()["exit"] == 0
    assert "ur5e at 127.0.0.1, a rehearsal" in capsys.readouterr().out
    found = cli_robots.Robots((good, bad), json=True)()
    assert found["exit"] == 1
    assert [each["ok"] for each in found["robots"]] == [True, False]
    assert capsys.readouterr().out == ""
    json.dumps(found)
    cli_robots.Robots((bad,))()
    assert "bad.toml: id: Input should be a valid string" in capsys.readouterr().out


def test_real_hardware_is_called_so(tmp_path):
    lines = diagnosing.told(diagnosing.diagnose(ur(tmp_path / "left.toml", **{"127.0.0.1": "192.168.1.10"})))
    assert lines[0].endswith("ur5e at 192.168.1.10, REAL HARDWARE")


@pytest.mark.parametrize(
    ("command", "match"),
    [
        (cli_robots.Robots(example="urr"), r"no example of a robot file 'urr'; did you mean 'ur'\?"),
        (cli_robots.Robots(connect=True), "--connect needs robot files"),
        (cli_robots.Robots((Path("x"),), seconds=0.0), "--seconds must be above 0"),
        (cli_robots.Robots((Path("x"),), example="ur"), "leave files and --connect out"),
        (cli_robots.SimController("xram"), r"no simulated controller 'xram'; did you mean 'xarm'\?"),
    ],
)
def test_a_mistaken_command_is_told(command, match):
    with pytest.raises(ValueError, match=match):
        command()


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        (["robots", "--json"], ["robots", "--json"]),
        (["sim-controller", "ur", "--host", "127.0.0.2"], ["sim-controller", "ur", "--", "--host", "127.0.0.2"]),
        (["sim-controller", "--json", "ur", "--help"], ["sim-controller", "--json", "ur", "--", "--help"]),
        (["sim-controller", "ur", "--", "-h"], ["sim-controller", "ur", "--", "-h"]),
        (["sim-controller", "--help"], ["sim-controller", "--help"]),
        ([], []),
    ],
)
def test_what_follows_the_kind_of_a_controller_is_its_own(typed, passed):
    assert cli_robots.passed_on(typed) == passed


def parsed(*typed: str) -> object:
    """As `embodied` does it."""
    import tyro

    commands = {"robots": cli_robots.Robots, cli_robots.SIM_CONTROLLER: cli_robots.SimController}
    return tyro.extras.subcommand_cli_from_dict(commands, args=cli_robots.passed_on(typed))


def test_the_command_lines_are_read_as_they_are_meant(capsys):
    assert parsed("robots") == cli_robots.Robots()
    assert parsed("robots", "a.toml", "b.toml", "--connect") == cli_robots.Robots(
        (Path("a.toml"), Path("b.toml")), True
    )
    assert parsed("robots", "--example", "ur") == cli_robots.Robots(example="ur")
    hosted = cli_robots.SimController("ur", ("--host", "127.0.0.2", "--help"))
    assert parsed("sim-controller", "ur", "--host", "127.0.0.2", "--help") == hosted
    assert parsed("sim-controller", "--json", "xarm") == cli_robots.SimController("xarm", json=True)
    with pytest.raises(SystemExit):
        parsed("sim-controller", "--help")
    assert "Run a simulated controller" in capsys.readouterr().out


def test_a_simulated_controller_runs_in_this_process_and_says_how_to_reach_it():
    code = (
        "import sys; from embodied import cli_robots\n"
        "print(cli_robots.SimController('ur', ('--host', '127.34.7.1', '--with-parent'))())"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdout is not None
    limit = threading.Timer(30, running.kill)
    limit.start()
    try:
        ready = json.loads(running.stdout.readline())
        out, err = running.communicate(timeout=20)
    finally:
        limit.cancel()
        running.kill()
    assert ready["ready"]
    assert ready["host"] == "127.34.7.1"
    assert out.strip() == "{'exit': 0}"
    assert 'kind = "ur", host = "127.34.7.1"' in err


PROGRAM = "import sys; from embodied import cli_robots as c\n"


def free(host: str, port: int) -> bool:
    """Whether this user may listen there."""
    try:
        socket.create_server((host, port)).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "library", "host", "port"),
    [("ur", "rtde_control", "127.34.2.1", 29999), ("xarm", "xarm", "127.34.2.2", 502),
     ("franka", "franky_sim", "127.34.2.3", 1337)],
)  # fmt: skip
def test_the_vendors_own_client_is_checked_against_a_simulated_controller_and_nothing_moves(
    kind, library, host, port, tmp_path
):
    if importlib.util.find_spec(library) is None or not free(host, port):
        pytest.skip(f"needs {library}, and to listen on {host}:{port}")
    words = ("--host", host, "--journal", str(tmp_path / "journal"), "--with-parent")
    program = PROGRAM + f"sys.exit(c.SimController({kind!r}, {words!r})()['exit'])"
    controller = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert controller.stdout is not None
    limit = threading.Timer(150, controller.kill)
    limit.start()
    try:
        assert json.loads(controller.stdout.readline())["ready"]
        path = written(tmp_path / "robot.toml", diagnosing.example(kind).replace("127.0.0.1", host))
        look = (
            "import json; from pathlib import Path\nfound = c.Robots((Path(sys.argv[1]),), True, 60.0, json=True)()\n"
        )
        shown = subprocess.run(
            [sys.executable, "-c", f"{PROGRAM}{look}print(json.dumps(found))", str(path)],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        controller.communicate(timeout=20)  # the end of its standard input ends it
    finally:
        limit.cancel()
        controller.kill()
        controller.wait()
    (found,) = json.loads(shown.stdout)["robots"]
    assert found["ok"], found["checks"]
    assert found["readings"]["new"] >= 10
    assert found["state"]["ready"] is False, "connecting arms nothing"
    seen = read(tmp_path / "journal")
    assert len(seen.rows) > 50
    assert np.ptp(seen.group("q"), axis=0).max() < 1e-6
    assert seen.group("commands").max() == 0
