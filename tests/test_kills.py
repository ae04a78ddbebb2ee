"""SIGKILL in any stage at any moment, then the same command again: it continues, and loses and repeats nothing."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from embodied.columns import attach_columns
from embodied.dataset import load_dataset
from embodied.results import read_summary

pytest.importorskip("pybullet")
pytest.importorskip("d3rlpy")

KILLS = 100
PROGRAM = """
import sys
from pathlib import Path
from embodied.pipeline import run
from embodied.presets import SMOKE
from embodied.store import Store

log, real = Path(sys.argv[2]), Store.commit

def counted(self, teacher, answers, money):
    found = real(self, teacher, answers, money)
    with log.open("a") as file:
        file.write("".join(key + chr(10) for key in answers))
    return found

Store.commit = counted
run(SMOKE, sys.argv[1], workers=1)
"""


def started(folder: Path, log: Path) -> subprocess.Popen:
    """The smoke preset in a process group of its own, so that a kill takes all of it."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(folder), str(log)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=subprocess.PIPE, start_new_session=True, env=os.environ)


def killed(process: subprocess.Popen, after: float) -> bool:
    """Whether it was still running when it was killed."""
    try:
        _, said = process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    assert process.returncode == 0, said.decode()
    return False


def readable(folder: Path) -> int:
    """Episodes in the data set, each of which can be read."""
    if not (folder / "data" / "meta" / "info.json").exists():
        return 0
    data = load_dataset(folder / "data")
    assert data.problems == ()
    return sum(len(episode) > 0 for episode in data)


@pytest.mark.slow
def test_a_run_killed_a_hundred_times_ends_like_one_that_was_not(tmp_path):
    undisturbed = tmp_path / "undisturbed"
    begun = time.monotonic()
    assert not killed(started(undisturbed, tmp_path / "undisturbed.log"), 600)
    longest = time.monotonic() - begun
    with ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(torment, tmp_path / str(seed), longest, seed) for seed in (0, 1)]
    expected = comparable(undisturbed)
    for folder, log in [pair for half in halves for pair in half.result()]:
        assert comparable(folder) == expected
        asked = log.read_text().splitlines() if log.exists() else []
        assert len(asked) == len(set(asked)), "an answered question was asked twice"


def torment(under: Path, longest: float, seed: int) -> list[tuple[Path, Path]]:
    """Runs killed fifty times in all, begun again until each is finished; their folders and logs of answers."""
    chance, kills, finished = random.Random(seed), 0, []
    under.mkdir()
    while kills < KILLS // 2:
        folder, log = under / f"run-{len(finished)}", under / f"run-{len(finished)}.log"
        episodes, patience = 0, longest / 2
        while killed(started(folder, log), chance.uniform(0.5, patience)):
            kills += 1
            patience *= 1.05  # no stage is so slow that the run could never pass it
            now = readable(folder)
            assert now >= episodes, "an episode that was committed is gone"
            episodes = now
            if (store := folder / "feedback.sqlite").exists():
                with closing(sqlite3.connect(store)) as opened:
                    assert opened.execute("pragma integrity_check").fetchone() == ("ok",)
        finished.append((folder, log))
    return finished


def comparable(folder: Path) -> str:
    """What a run found, without the time it took."""
    found = read_summary(folder)
    for labels in found["labels"]:
        labels.pop("counts")
    return json.dumps(found, sort_keys=True)


@pytest.mark.slow
def test_a_reward_column_is_seen_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "run"
    assert not killed(started(folder, tmp_path / "log"), 600)
    data = load_dataset(folder / "data")
    code = (
        "import sys; from embodied import steps; from pathlib import Path\n"
        f"steps.relabel({str(folder / 'data')!r}, {str(folder / 'reward')!r}, sys.argv[1], folder=Path(sys.argv[2]))"
    )
    chance = random.Random(1)
    for i in range(8):
        columns = tmp_path / "columns"
        columns.mkdir(exist_ok=True)
        command = [sys.executable, "-c", code, f"c{i}", str(columns)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(1, 6))
            process.kill()
        for name in set(attach_columns(data, columns).columns) - {"recorded"}:
            assert set(attach_columns(data, columns).column(name)) == set(data.ids.tolist())
