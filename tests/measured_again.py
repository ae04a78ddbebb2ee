"""Slow tests that keep time are run again where they fail while a core of this machine slept, and that is told.

A virtual machine is at times not run for tens of milliseconds. What fails then says nothing; what fails three times,
or while the machine was awake, is a failure.
"""

import os
import re

import pytest
from _pytest.runner import runtestprotocol

from real_robot.matrix import Naps

KEEPS_TIME = re.compile(r"test_(\w+_arm|controller_\w+|deploy|record|robot_files)\.py")
TIMES, NAP = 3, 0.02
again: list[str] = []


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs the test itself, where it is one that keeps time."""
    if not (item.get_closest_marker("slow") and KEEPS_TIME.fullmatch(item.path.name)):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for left in reversed(range(TIMES)):
        naps = [Naps(core) for core in sorted(os.sched_getaffinity(0))]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for each in naps:
            each.end()
        slept = max(sum(b - a for a, b in each.taken) for each in naps)
        if not left or slept < NAP or not any(report.failed for report in reports):
            break
        again.append(f"{item.nodeid} failed while a core slept {slept:.2f} s, and was run again")
        item._initrequest()  # type: ignore[attr-defined]  # as pytest-rerunfailures does: fixtures begin anew
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was run again."""
    for line in again:
        terminalreporter.write_line(line)
