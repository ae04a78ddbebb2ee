"""Work over processes: in order, bounded, and gone when whoever asked for it is."""

import os
import subprocess
import sys
import time

import pytest

from embodied.workers import cores, in_order

PROGRAM = """
import os, sys, time
from embodied.workers import in_order
def slow(path):
    open(path, "w").write(str(os.getpid()))
    time.sleep(120)
if __name__ == "__main__":
    list(in_order(slow, sys.argv[1:], 2))
"""


def squared(x):
    return x * x


def failing(x):
    raise ValueError(f"no square of {x}")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    assert list(in_order(squared, range(12), workers)) == [x * x for x in range(12)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_is_the_callers(workers):
    with pytest.raises(ValueError, match="no square of 3"):
        list(in_order(failing, [3], workers))


def test_a_machine_has_a_core():
    assert cores() >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends orphans")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    program, marks = tmp_path / "program.py", [tmp_path / "a", tmp_path / "b"]
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(program), *map(str, marks)]) as process:
        until(lambda: all(m.exists() and m.read_text() for m in marks))
        process.kill()
    workers = [int(m.read_text()) for m in marks]
    until(lambda: not any(alive(pid) for pid in workers))


def until(condition, seconds=60.0):
    """Wait for something that has to come about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # a zombie is not alive
        return stat.read().rpartition(")")[2].split()[0] != "Z"
