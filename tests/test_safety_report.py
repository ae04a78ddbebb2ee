"""The safety report passes for every maker's arm with the real client, and would not if a limit were broken."""

import json
from dataclasses import replace

import numpy as np
import pytest
from arms import robot

from real_robot import evidence, report
from real_robot.controllers.journal import Seen, columns
from real_robot.matrix import CASES
from real_robot.report import QUICK, Effort, page, safety_report


def journal(q, qd, *, t=None, force=None):
    """A journal of an arm that did so, with a command every tick."""
    ticks, joints = q.shape
    t = 0.004 * np.arange(ticks) if t is None else t
    force = np.zeros(ticks) if force is None else force
    rows = np.column_stack([t, np.zeros(ticks), np.arange(ticks), q, qd, q, 0 * q, np.zeros((ticks, 3)), force])
    return Seen(rows, columns(joints), ("x",), ())


def swung(speed=0.1, ticks=500):
    """The first joint goes there and back, never faster than `speed`."""
    home = robot().home_q
    t = 0.004 * np.arange(ticks)
    q, qd = np.tile(home, (ticks, 1)), np.zeros((ticks, 6))
    q[:, 0] += speed / 3 * np.sin(3 * t)
    qd[:, 0] = speed * np.cos(3 * t)
    return q, qd


def broken(seen):
    return {name for name, kept in evidence.limits_kept(seen, robot()).items() if kept.violations}


def test_an_arm_that_keeps_its_limits_is_found_to():
    assert broken(journal(*swung())) == set()


@pytest.mark.parametrize(("what", "change"), [
    ("position", lambda q, qd: q.__setitem__((100, 2), 4.0)),
    ("velocity", lambda q, qd: qd.__setitem__((100, 1), 1.0)),
    ("acceleration", lambda q, qd: qd.__setitem__((slice(100, 200), 5), 0.5)),
    ("tool speed", lambda q, qd: q.__setitem__((slice(None), 0), q[:, 0] * 12)),
    ("box", lambda q, qd: q.__setitem__((slice(None), 1), q[:, 1] + 0.8)),
    ("keep-out head", lambda q, qd: q.__setitem__((slice(None), 0), q[:, 0] - 0.8)),
])  # fmt: skip
def test_an_arm_that_breaks_a_limit_is_found_out(what, change):
    q, qd = swung()
    change(q, qd)
    assert what in broken(journal(q, qd))


def test_an_arm_that_moves_on_under_a_hard_push_is_found_out():
    q, qd = swung()
    force = np.where(np.arange(500) > 100, 50.0, 0.0)
    assert "force" in broken(journal(q, qd, force=force))
    assert "force" not in broken(journal(q, qd, force=np.where(np.arange(500) % 50 < 10, 50.0, 0.0)))


def test_standing_still_counts_only_where_it_lasts():
    q, qd = swung()
    qd[:] = 0.1
    qd[100:110] = 0.0
    qd[200:] = 0.0
    seen = journal(q, qd)
    assert evidence.standing_after(seen, 0.2) == pytest.approx(0.6)
    assert evidence.standing_after(seen, 0.9) == 0.0
    assert evidence.standing_after(seen, 0.2, 0.5) is None
    assert evidence.commands_after(seen, 0.0, 0.4) == 100


def test_an_effort_of_nothing_is_refused():
    with pytest.raises(ValueError, match="measures nothing"):
        Effort(commands=0)
    with pytest.raises(ValueError, match="no rehearsal for a robot of kind 'sim'"):
        safety_report("sim", "x")


def test_a_part_that_cannot_be_measured_has_failed_and_the_page_says_so():
    def part():
        raise RuntimeError("no controller")

    failed = report.tried(part)
    assert failed == {"passed": False, "failed": "RuntimeError: no controller"}
    parts = dict.fromkeys(("random commands", "rates", "real time", "stops"), failed)
    told = page({
        "robot": "ur", "passed": False, "seconds": 1.0, "machine": {}, "faults": [{"case": "mute", **failed}], **parts,
    })  # fmt: skip
    assert "FAILED" in told
    assert "not a certified safety function" in told
    assert "no controller" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["xarm", "ur", "franka"])
def test_an_arm_passes_its_safety_report(tmp_path, kind):
    found = safety_report(kind, tmp_path, replace(QUICK, commands=20_000, stops=4))
    told = {name: found[name] for name in ("random commands", "rates", "real time", "stops")}
    assert [each for each in found["faults"] if not each["passed"]] == []
    assert {name: part for name, part in told.items() if not part["passed"]} == {}
    assert len(found["faults"]) == len(CASES)
    assert json.loads((tmp_path / "report.json").read_text())["passed"]
