"""A memory whose writer is killed at any moment has everything that was acknowledged; two writers do no harm."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from lessons_taught import now

from embodied.memory import Memory

KILLS = 24
WRITER = """
import sys
sys.path.insert(0, "tests")
from lessons_taught import Manner, lesson, now
from embodied.memory import Memory

path, name, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Memory(path) as memory:
    print("ready", flush=True)
    for i in range(most):
        text = f"{name} {i}"
        taught = memory.teach(lesson(Manner(force=1 + i % 30), text, kind=text))
        memory.commit(taught.id, now(kind=text))
        if i % 3 == 2:
            memory.forget(taught.id)
            print("forgotten", taught.id, text, flush=True)
        else:
            memory.used([taught.id], now(kind=text), "ok")
            print("active", taught.id, text, flush=True)
"""


def writer(path: Path, name: str, most: int = 10**6) -> subprocess.Popen:
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(path), name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def verified(path: Path, acknowledged: list[str]) -> None:
    """Everything that was acknowledged is there, in its last state, and the file is sound."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with Memory(path) as memory:
        found = {one.id: one for one in memory.lessons("", "pending", "active", "quarantined", "forgotten")}
        for line in acknowledged:
            state, id, text = line.split(maxsplit=2)
            assert (found[int(id)].state, found[int(id)].text) == (state, text)
            if state == "active":
                assert found[int(id)].confirmed == 2
        assert memory.replay() == ()


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path):
    path, chance, acknowledged = tmp_path / "memory.sqlite", random.Random(0), []
    for i in range(KILLS):
        with writer(path, f"writer {i}") as process:
            if i % 4:  # else it is killed while it starts, or makes the file
                assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.4 if i % 4 else 1.5))
            process.send_signal(signal.SIGKILL)
            said, _ = process.communicate()
        acknowledged += [line for line in said.splitlines() if line != "ready"]
        if path.exists():
            verified(path, acknowledged)
    assert len(acknowledged) > KILLS


@pytest.mark.slow
def test_two_writers_of_one_memory_lose_nothing_of_each_other(tmp_path):
    path, count = tmp_path / "memory.sqlite", 60
    processes = [writer(path, name, count) for name in ("ann", "bob")]
    acknowledged = []
    for process in processes:
        said, wrong = process.communicate(timeout=120)
        assert process.returncode == 0, wrong
        acknowledged += said.splitlines()[1:]
    assert len(acknowledged) == 2 * count
    verified(path, acknowledged)
    with Memory(path) as memory:
        assert len(memory.recall(now(kind="ann 0")).ids) == 1
        assert [event.id for event in memory.events(10**6)] == list(range(1, 6 * count + 1))
