"""Do the real libraries read what is written here, and is what they write read here? `make interop` runs this.

    python benchmarks/interop.py --envs .interop --out benchmarks/results/interop.json

`--envs` holds an environment each for lerobot, robomimic and minari. Every check is named; one that fails makes
the exit status 1.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from embodied import layout
from embodied.dataset import Dataset, create_dataset, load_dataset, open_recorder
from embodied.interop import from_minari, store, to_minari, to_robomimic
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

HERE = Path(__file__).parent
SPEC = Spec(
    {"state": ArraySpec((3,)), "front": ArraySpec((96, 96, 3), "uint8")}, ArraySpec((2,), "float32", -1, 1), 10.0
)
EXTRA = {"progress": ArraySpec(())}
RENAMES = 6
"""More than an append makes, so that the last one is let through."""

KILLED = """
import os, signal, sys
sys.path.insert(0, {here!r})
import interop
path, storage, renames = sys.argv[1], sys.argv[2], int(sys.argv[3])
recorder = interop.open_recorder(path)
real, left = os.replace, iter(range(renames))
def replace(*names):
    if next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*names)
os.replace = replace
recorder.append(interop.episode(9, 12))
"""
ENDLESS = """
import sys
sys.path.insert(0, {here!r})
import interop
recorder = interop.open_recorder(sys.argv[1])
print("recording", flush=True)
while True:
    recorder.append(interop.episode(len(recorder), 12))
"""


def episode(seed: int, steps: int) -> Episode:
    """A square that moves over a plain ground."""
    rng = np.random.default_rng(seed)
    front = np.empty((steps + 1, 96, 96, 3), np.uint8)
    front[:] = np.linspace(60, 180, 96).astype(np.uint8)[None, :, None, None]
    for frame, place in enumerate(np.linspace(8, 70, steps + 1).astype(int)):
        front[frame, 30:50, place : place + 16] = (200, 60, 20 + 10 * (seed % 10))
    return Episode(
        action=rng.uniform(-1, 1, (steps, 2)).astype(np.float32),
        obs={"state": rng.normal(size=(steps + 1, 3)).astype(np.float32), "front": front},
        reward={"recorded": rng.random(steps).astype(np.float32)},
        extra={"progress": np.linspace(0, 1, steps + 1, dtype=np.float32)},
        task=f"task {seed % 2}",
        terminated=seed % 3 == 1,
        truncated=seed % 3 != 1,
    )


EPISODES = [episode(seed, steps) for seed, steps in enumerate((20, 13, 7, 25))]


def record(path: Path, storage: str) -> Path:
    """The data set that the others are given."""
    with create_dataset(path, SPEC, extra=EXTRA, storage=storage) as recorder:
        for one in EPISODES:
            recorder.append(one)
    return path


@dataclass
class Run:
    """Where things are, and what was found so far."""

    envs: Path
    work: Path
    checks: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def check(self, name: str, passed: bool, detail: Any = "") -> None:
        """Note one claim and whether it holds."""
        self.checks.append({"claim": name, "holds": bool(passed), "detail": detail})
        print(f"{'ok  ' if passed else 'FAIL'} {name} {detail}", flush=True)

    def there(self, library: str, *arguments: object) -> dict[str, Any]:
        """Run our script for a library in its environment; what it says."""
        python = self.envs / library / "bin" / "python"
        environment = os.environ | {
            "HF_HOME": str(self.work / "hf"),
            "HF_HUB_OFFLINE": "1",
            "MINARI_DATASETS_PATH": str(self.work / "minari"),
            "OMP_NUM_THREADS": "1",
        }
        command = [str(python), str(HERE / f"with_{library}.py"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        said = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not said:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        about = json.loads(said[-1].removeprefix("RESULT "))
        self.versions[library] = about["version"]
        return about


def compare_with_lerobot(run: Run, root: Path, arrays: Any, about: dict[str, Any], who: str) -> None:
    """What LeRobot read of a data set against what is read here."""
    dataset = load_dataset(root)
    count = len(arrays["frame"])
    frames, position = int((dataset.lengths + 1).sum()), np.stack([arrays["episode"], arrays["frame"]], 1)
    run.check(f"{who}: counts agree", (about["frames"], about["episodes"]) == (frames, len(dataset)), about["frames"])
    state = dataset.low_dim(["state"])["state"]
    run.check(f"{who}: first {count} states match", np.array_equal(arrays["state"], state[:count]))
    mine = dataset.frames("front", position)
    distance = int(np.abs(mine.astype(int) - arrays["front"]).max())
    run.check(f"{who}: first {count} pictures match", distance == 0, f"largest difference {distance} of 255")
    last = position[:, 1] == dataset.lengths[position[:, 0]]
    run.check(f"{who}: the final frames are marked", np.array_equal(~arrays["valid"], last))
    first = dataset.episode(0, images=False)
    repeated = np.concatenate([first.action, first.action[-1:]])
    run.check(f"{who}: actions match", np.array_equal(arrays["action"][: len(repeated)], repeated))
    windows = np.stack([repeated[np.minimum(np.arange(len(repeated)) + d, len(first))] for d in range(3)], 1)
    inside = np.array_equal(arrays["actions"][: len(repeated)], windows)
    padded = np.array_equal(arrays["padded"][:2].any(1), [False, False]) and arrays["padded"][len(first)][1]
    run.check(f"{who}: delta_timestamps give windows of the episode", inside and bool(padded))
    tasks = [dataset.task(int(number)) for number in arrays["episode"]]
    run.check(f"{who}: tasks match", about["tasks"] == tasks and about["last_task"] == dataset.task(len(dataset) - 1))
    run.check(f"{who}: statistics are of the stored frames", np.allclose(about["mean"], state.mean(0), atol=1e-5))
    run.check(f"{who}: one episode can be asked for", about["second_episode"] == dataset.lengths[1] + 1)


def lerobot_reads(run: Run) -> None:
    """Both ways of keeping pictures."""
    roots = [record(run.work / storage, storage) for storage in ("image", "video")]
    about = run.there("lerobot", "load", run.work / "read", *roots)
    for number, root in enumerate(roots):
        with np.load(run.work / f"read.{number}.npz") as arrays:
            compare_with_lerobot(run, root, arrays, about["sets"][str(root)], f"lerobot reads {root.name} storage")


def lerobot_reads_after_kills(run: Run) -> None:
    """A recorder killed before every single rename of an append, and at random moments."""
    rng, roots = np.random.default_rng(0), []
    for storage in ("image", "video"):
        for renames in range(RENAMES):
            roots.append(record(run.work / f"killed-{storage}-{renames}", storage))
            code = KILLED.format(here=str(HERE))
            subprocess.run([sys.executable, "-c", code, str(roots[-1]), storage, str(renames)], check=False)
        for number in range(3):
            roots.append(record(run.work / f"killed-{storage}-at-random-{number}", storage))
            kill_at_random(roots[-1], rng)
    about = run.there("lerobot", "load", run.work / "after", *roots)
    for number, root in enumerate(roots):
        dataset, said = load_dataset(root), about["sets"][str(root)]
        with np.load(run.work / f"after.{number}.npz") as arrays:
            count = len(arrays["frame"])
            same = np.array_equal(arrays["state"], dataset.low_dim(["state"])["state"][:count])
        kept = len(dataset) >= len(EPISODES) and not dataset.problems
        agree = said["episodes"] == len(dataset) and said["frames"] == int((dataset.lengths + 1).sum())
        run.check(f"lerobot reads {root.name}", same and kept and agree, f"{len(dataset)} episodes")


def kill_at_random(root: Path, rng: np.random.Generator) -> None:
    """Start a recorder that appends without end and kill it."""
    code = ENDLESS.format(here=str(HERE))
    with subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(rng.uniform(0, 0.4))
        child.send_signal(signal.SIGKILL)


def lerobot_writes(run: Run) -> None:
    """Episodes of LeRobot's own making: one data file, one film, no final observation; the second ends done."""
    for storage in ("image", "video"):
        root = run.work / f"made-{storage}"
        run.there("lerobot", "make", run.work / f"made-{storage}.npz", root, storage)
        dataset, who = load_dataset(root), f"we read lerobot's {storage} data"
        with np.load(run.work / f"made-{storage}.npz") as arrays:
            read_back(run, dataset, arrays, who)


def read_back(run: Run, dataset: Dataset, arrays: Any, who: str) -> None:
    """What is read here against what LeRobot wrote, and the pictures against what it reads itself."""
    run.check(f"{who}: no problems", not dataset.problems, list(dataset.problems))
    run.check(f"{who}: lengths and endings", dataset.lengths.tolist() == [5, 9, 3] and dataset.flags()[0].tolist()[1])
    run.check(f"{who}: tasks", [dataset.task(i) for i in range(3)] == ["task 0", "task 1", "task 0"])
    farthest = 0
    for number, one in enumerate(dataset):
        rows = arrays["episode"] == number
        for name in ("state", "environment_state"):
            run.check(f"{who}: {name} {number}", np.array_equal(one.obs[name][: rows.sum()], arrays[name][rows]))
        run.check(f"{who}: actions {number}", np.array_equal(one.action, arrays["action"][rows][: len(one)]))
        rewards = arrays["reward"][rows][: len(one)]
        run.check(f"{who}: rewards {number}", np.array_equal(one.reward["recorded"], rewards))
        difference = one.obs["front"][: rows.sum()].astype(int) - arrays["front"][rows]
        farthest = max(farthest, int(np.abs(difference).max()))
    run.check(f"{who}: pictures as lerobot decodes them", farthest == 0, f"largest difference {farthest} of 255")


def robomimic_reads(run: Run) -> None:
    """A file with a filter key."""
    dataset = load_dataset(run.work / "image")
    path = to_robomimic(dataset, run.work / "ours.hdf5", masks={"train": [0, 2], "valid": [1, 3]})
    about = run.there("robomimic", path, "train", run.work / "robomimic.npz")
    chosen = [dataset[0], dataset[2]]
    with np.load(run.work / "robomimic.npz") as arrays:
        names = {"state": "state", "front": "front"}
        for theirs, ours in names.items():
            mine = np.concatenate([one.obs[ours][:-1] for one in chosen])
            run.check(f"robomimic reads {theirs}", np.array_equal(arrays[theirs][:, 0], mine), len(mine))
        after = np.concatenate([one.obs["state"][1:] for one in chosen])
        run.check("robomimic reads the next states", np.array_equal(arrays["after"][:, 0], after))
        actions = np.concatenate([one.action for one in chosen])
        rewards = np.concatenate([one.reward["recorded"] for one in chosen])
        run.check("robomimic reads actions", np.array_equal(arrays["actions"][:, 0], actions))
        run.check("robomimic reads rewards", np.array_equal(arrays["rewards"][:, 0], rewards))
    run.check("robomimic follows the filter key", about["demos"] == 2, about)


def minari_reads(run: Run) -> None:
    """All arrays, the counts and the bounds of the spaces."""
    dataset = load_dataset(run.work / "image")
    to_minari(dataset, run.work / "minari", "ours/square-v0")
    about = run.there("minari", "load", "ours/square-v0", run.work / "minari.npz")
    counts = (about["episodes"], about["steps"], about["action_high"])
    run.check("minari reads the counts and bounds", counts == (4, int(dataset.lengths.sum()), 1.0), about)
    with np.load(run.work / "minari.npz") as arrays:
        for number, one in enumerate(dataset):
            wanted = {**one.obs, "actions": one.action, "rewards": one.reward["recorded"], **one.extra}
            same = all(np.array_equal(arrays[f"{number}/{name}"], array) for name, array in wanted.items())
            ends = bool(arrays[f"{number}/terminations"][-1]), bool(arrays[f"{number}/truncations"][-1])
            run.check(f"minari reads episode {number}", same and ends == (one.terminated, one.truncated))


def minari_writes(run: Run) -> None:
    """Nested observations and JPEG pictures."""
    run.there("minari", "make", "theirs/grey-v0", run.work / "theirs.npz")
    episodes = list(from_minari(run.work / "minari" / "theirs" / "grey-v0"))
    dataset = store(episodes, run.work / "from-minari", hz=10, task="go")
    with np.load(run.work / "theirs.npz") as arrays:
        for number, one in enumerate(dataset):
            rewards = arrays[f"{number}/rewards"].astype(np.float32)
            wanted = {"robot.joints": one.obs["robot.joints"], "front": one.obs["front"], "actions": one.action}
            same = all(np.array_equal(arrays[f"{number}/{name}"], array) for name, array in wanted.items())
            run.check(f"we read minari's episode {number}", same and np.array_equal(rewards, one.reward["recorded"]))
    run.check("we read minari's endings", [one.terminated for one in episodes] == [False, True])


STEPS: tuple[Callable[[Run], None], ...] = (
    lerobot_reads,
    lerobot_reads_after_kills,
    lerobot_writes,
    robomimic_reads,
    minari_reads,
    minari_writes,
)


def main() -> int:
    """Run every step; write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "interop.json")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        run = Run(options.envs.absolute(), Path(work))
        for step in STEPS:
            try:
                step(run)
            except (RuntimeError, ValueError, OSError, KeyError) as error:
                run.check(f"{step.__name__} runs", False, str(error))
    held = sum(check["holds"] for check in run.checks)
    result = {
        "held": held,
        "failed": len(run.checks) - held,
        "versions": run.versions | {name: version(name) for name in ("numpy", "pyarrow", "av", "h5py")},
        "python": platform.python_version(),
        "layout": layout.VERSION,
        "seconds": round(time.monotonic() - started, 1),
        "checks": run.checks,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{held} of {len(run.checks)} claims hold; {options.out}")
    return int(held < len(run.checks))


__all__ = ["episode", "open_recorder"]

if __name__ == "__main__":
    sys.exit(main())
