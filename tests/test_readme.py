"""Every command block of the README is run, long ones on a small scale; every example too; every file is on the map."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.strip().splitlines()
]
SMALL = {
    "collect": {"--episodes": "10"},
    "bench": {"--tasks": "B", "--seeds": "1"},
    "demonstrate": {"--episodes": "1"},
    "label": {"--pairs": "100"},
    "rank": {"--rankings": "8"},
    "finetune": {"--config": "steps 10 check_every 5"},
    "fit-reward": {"--config": "members 1 epochs 1"},
    "train-judge": {"--config": "groups 48 epochs 1 test_groups 4"},
    "train": {"--config": "steps 40 log_every 20 checkpoint_every 20"},
    "evaluate": {"--episodes": "2"},
    "run": {"--pairs": "100", "--updates": "40"},
}
"""What makes a command quick; presets become their small ones."""
ELSEWHERE = ("record", "sim-controller", "safety-report")
"""Commands that want a person or never end, which their own tests run; here they say what they are."""


def smaller(line: str) -> list[str]:
    """The command as it is run here."""
    words = shlex.split(
        line.replace("bench corrections --seeds 5", "bench corrections --keepings ours none --rounds 1 --seeds 1")
        .replace(" examples/", f" {ROOT}/examples/")
        .replace("real_robot/examples/", f"{ROOT}/real_robot/examples/")
        .replace("--preset demo", "--preset smoke")
        .replace("--config encoder runs/encoder", "")
        .replace("--person nobody --episodes 100", "--person nobody --episodes 6")
        .replace("--preset dressing", "--preset smoke-dressing")
    )
    if "rapl" in words:
        return [sys.executable, "-m", "embodied.cli", *words[1:], "--config", "encoder", "runs/encoder", "steps", "20"]
    for option, value in ({} if "corrections" in words else SMALL.get(words[1], {})).items():
        if option in words:
            words[words.index(option) + 1] = value
        elif not {"smoke", "smoke-dressing"} & set(words):
            words += [option, *value.split()]
    words = [*words[:2], "--help"] if words[1] in ELSEWHERE else words
    return [sys.executable, "-m", "embodied.cli", *words[1:]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the commands are run, one after the other."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_readme_works(line, folder):
    pytest.importorskip("pybullet")
    assert line.startswith("embodied ")
    done = subprocess.run(smaller(line), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_readme_shows_every_command():
    from embodied.cli import COMMANDS as THERE

    assert {line.split()[1] for line in COMMANDS} == set(THERE)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("feedback_to_policy.py", ["--out", "runs/example", "--episodes", "8", "--pairs", "80", "--updates", "40"]),
        ("own_rule_as_teacher.py", ["--dataset", "runs/data"]),
    ],
)
def test_an_example_works(name, arguments, folder):
    pytest.importorskip("pybullet")
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def test_every_example_is_run():
    tried = {mark.args[1][i][0] for mark in test_an_example_works.pytestmark for i in range(len(mark.args[1]))}
    assert tried == {path.name for path in (ROOT / "examples").glob("*.py")}


def test_every_module_is_on_the_map():
    rows = [row.split("|")[1] for row in README.splitlines() if row.startswith("| `")]
    named = " ".join(rows)
    folders = re.findall(r"`(\w+/(?:\w+/)?)`", named)
    patterns = [re.escape(name).replace(r"\*", r"\w+") for name in re.findall(r"`([\w/*]+\.py)`", named)]
    for path in sorted(
        p.relative_to(ROOT)
        for n in ("embodied", "envs", "policies", "real_robot", "rewards")
        for p in (ROOT / n).rglob("*.py")
    ):
        if path.name == "__init__.py" or any(str(path).startswith(f) for f in folders):
            continue
        here = [p for p in patterns if re.fullmatch(p, str(path)) or re.fullmatch(p, path.name)]
        assert here, f"{path} is not on the README's map"


def test_nothing_names_a_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in listed:
        if not name.startswith("tests/") and name.endswith((".py", ".md", ".toml", ".lock", ".yaml", "file", "run")):
            assert not re.search(r"(?<![\w.])/(?:root|opt|work)/", (ROOT / name).read_text()), name
    assert "://" not in (ROOT / "requirements.lock").read_text()
