"""The latched state machine: what leads where, and what no command gets around."""

import numpy as np
import pytest
from arms import Bench

from real_robot.governing import ORDERS, STREAMING
from real_robot.robot import Fault, Mode, Reason, Stop

SIDE = np.array([0.03, 0, 0, 0, 0, 0])


def going(**changes):
    """An arm on its way."""
    bench = Bench(**changes).armed()
    bench.now += 5.0  # the ramp is over
    bench.muted = True
    bench.governor.last = bench.now
    bench.muted = False
    bench.tick()
    bench.stream(SIDE, 5)
    assert bench.governor.mode is Mode.RUNNING
    assert np.abs(bench.qd).max() > 0.1
    return bench


def seconds_to_rest(bench, most=1.0):
    begun = bench.now
    while np.abs(bench.qd).max() > 1e-3:
        bench.tick()
        assert bench.now - begun < most
    return bench.now - begun


def test_it_connects_arms_and_runs_and_nothing_moves_before_a_command():
    bench = Bench()
    assert bench.governor.mode is Mode.DISCONNECTED
    bench.armed()
    assert bench.governor.mode is Mode.ARMED
    assert bench.orders == ["connect", "ready"]
    bench.tick(50)
    assert all(np.array_equal(q, bench.robot.home_q) for q in bench.targets)
    assert bench.command(SIDE) == ()
    assert bench.governor.mode is Mode.RUNNING


@pytest.mark.parametrize("do", sorted(ORDERS))
def test_no_order_is_obeyed_where_it_makes_no_sense_and_none_raises(do):
    for bench in (Bench(), Bench().armed(), going()):
        before = bench.governor.mode
        answer = bench.governor.order(do, bench.now)
        assert isinstance(answer, str)
        assert bench.governor.mode is before or not answer
        bench.tick(3)


def test_an_unknown_order_is_refused_by_name():
    assert "no order 'dance'; there are connect" in Bench().governor.order("dance", 0.0)


def test_a_command_that_does_not_come_is_a_hold_and_the_next_goes_on():
    bench = going()
    bench.tick(1)
    assert seconds_to_rest(bench) < 0.15
    bench.tick(20)
    assert bench.governor.mode is Mode.HOLDING
    assert Reason.NO_COMMAND in bench.governor.told()
    assert bench.command(SIDE) == ()
    bench.tick(10)
    assert bench.governor.mode is Mode.RUNNING


def test_a_long_stall_is_a_latched_stop():
    bench = going()
    bench.tick(round(3.0 / bench.period))
    assert bench.governor.mode is Mode.STOPPED
    assert bench.governor.fault.name == "stall"
    assert bench.orders[-1] == "halt"
    assert bench.command(SIDE) == (Reason.NOT_RUNNING,)


@pytest.mark.parametrize("kind", list(Stop))
def test_a_stop_ends_the_motion_and_beats_every_later_command(kind):
    bench = going()
    assert bench.governor.order("stop", bench.now, kind=kind.value) == ""
    if kind is Stop.ABORT:
        bench.tick()
        assert bench.aborts == 1
        assert bench.governor.mode is Mode.STOPPED
        return
    for _ in range(100):
        assert bench.command(SIDE) != ()
        bench.tick()
    assert bench.governor.mode is (Mode.HOLDING if kind is Stop.HOLD else Mode.STOPPED)
    assert np.abs(bench.qd).max() < 1e-3
    assert bench.command(SIDE) == (Reason.NOT_RUNNING,)


def test_a_stop_during_a_hold_still_stops_and_a_hold_during_a_stop_does_not_soften_it():
    bench = going()
    bench.governor.order("stop", bench.now, kind="hold")
    bench.tick(2)
    bench.governor.order("stop", bench.now, kind="stop")
    bench.governor.order("stop", bench.now, kind="hold")
    bench.tick(60)
    assert bench.governor.mode is Mode.STOPPED


def test_a_hold_that_was_asked_for_resumes_only_when_asked():
    bench = going()
    bench.governor.order("stop", bench.now, kind="hold")
    bench.tick(60)
    assert bench.command(SIDE) == (Reason.NOT_RUNNING,)
    bench.tick(round(5.0 / bench.period))
    assert bench.governor.mode is Mode.HOLDING  # no stall while a person holds it
    assert bench.governor.order("resume", bench.now) == ""
    assert bench.command(SIDE) == ()


@pytest.mark.parametrize(("name", "cause"), [
    ("reflex", lambda b: setattr(b, "fault", Fault("reflex", "it was pushed"))),
    ("not ready", lambda b: setattr(b, "ready", False)),
    ("silent", lambda b: setattr(b, "muted", True)),
    ("tracking", lambda b: setattr(b, "q", b.q + 0.5)),
    ("reading", lambda b: setattr(b, "q", b.q * np.nan)),
    ("worker", lambda b: b.governor.worker_lost("exit -9")),
    ("link", lambda b: b.governor.answered(0, b.now, Fault("link", "gone"))),
])  # fmt: skip
def test_a_fault_latches_and_nothing_is_sent_after_it(name, cause):
    bench = going()
    cause(bench)
    begun = bench.now
    while bench.governor.mode is not Mode.FAULT:
        bench.tick()
        assert bench.now - begun < 0.1
    assert bench.governor.fault.name == name
    sent = len(bench.targets)
    bench.fault, bench.ready, bench.muted, bench.q = None, True, False, bench.robot.home_q.copy()
    bench.tick(200)  # whatever was wrong has passed
    assert len(bench.targets) == sent
    assert bench.governor.mode is Mode.FAULT
    assert bench.command(SIDE) == (Reason.NOT_RUNNING,)
    assert bench.governor.order("arm", bench.now) != ""
    assert bench.aborts == (name in ("silent", "tracking", "reading"))


def test_leaving_a_fault_takes_an_acknowledgement_and_begins_where_the_arm_is():
    bench = going()
    bench.fault = Fault("reflex", "it was pushed")
    bench.tick()
    bench.fault = None
    moved = bench.q + 0.1  # it was carried elsewhere meanwhile
    bench.q, bench.qd = moved, np.zeros(6)
    assert bench.governor.order("acknowledge", bench.now) == ""
    bench.tick(2)
    assert bench.orders[-1] == "recover"
    assert bench.governor.mode is Mode.CONNECTED
    bench.tick(2)
    assert bench.governor.order("arm", bench.now) == ""
    bench.targets.clear()
    bench.tick(5)
    assert all(np.array_equal(q, moved) for q in bench.targets)
    assert len(bench.targets) >= 3


def test_a_fault_that_cannot_be_cleared_stays():
    bench = going()
    bench.fault = Fault("reflex", "it was pushed")
    bench.tick()
    bench.refuse["recover"] = Fault("emergency stop", "the button is pressed")
    bench.governor.order("acknowledge", bench.now)
    bench.tick(3)
    assert bench.governor.mode is Mode.FAULT


def test_a_dead_worker_is_replaced_on_acknowledgement():
    bench = going()
    bench.governor.worker_lost("exit -11")
    bench.tick()
    assert bench.governor.order("acknowledge", bench.now) == ""
    acts = bench.governor.tick(bench.now + 0.004)
    assert [act.do for act in acts] == ["spawn", "order"]
    assert bench.governor.mode is Mode.DISCONNECTED


def test_a_push_holds_and_a_hard_push_stops():
    bench = going()
    bench.wrench = np.array([25.0, 0, 0, 0, 0, 0])
    bench.tick(60)
    assert bench.governor.mode is Mode.HOLDING
    assert bench.command(SIDE) == (Reason.FORCE,)
    assert "still there" in bench.governor.order("resume", bench.now)
    bench.wrench = np.zeros(6)
    bench.tick(5)
    assert bench.governor.order("resume", bench.now) == ""
    assert bench.command(SIDE) == ()
    bench.tick(5)
    bench.wrench = np.array([50.0, 0, 0, 0, 0, 0])
    bench.tick(80)
    assert bench.governor.mode is Mode.STOPPED
    assert bench.governor.fault.name == "force"


def test_whoever_commands_dies_and_the_arm_stands():
    bench = going()
    bench.governor.client_lost(bench.now)
    bench.tick()
    assert seconds_to_rest(bench) < 0.15
    bench.tick(3)
    assert bench.governor.mode is Mode.STOPPED
    assert bench.governor.closing


def test_after_arming_it_begins_slowly():
    fresh, warm = Bench().armed(), going()
    fresh.command(SIDE * 2)
    fresh.tick(25)
    assert np.abs(fresh.qd).max() < 0.5 * np.abs(warm.qd).max()


def test_a_share_of_the_speed_is_kept_and_none_outside_of_it_taken():
    bench = going()
    fast = np.abs(bench.qd).max()
    assert bench.governor.order("speed", bench.now, share=0.2) == ""
    bench.stream(SIDE, 5)
    assert np.abs(bench.qd).max() < 0.3 * fast
    for share in (0.0, 2.0, float("nan"), "all"):
        assert "share of the speed" in bench.governor.order("speed", bench.now, share=share)


@pytest.mark.parametrize(("where", "text"), [
    ({"q": np.array([0.0, -1.57, 3.2, -1.57, -1.57, 0.0])}, "joint 3 is at 3.200"),
    ({"q": np.array([0.0, 0.0, 0.0, -1.57, -1.57, 0.0])}, "outside the workspace"),
    ({"qd": np.full(6, 0.2)}, "moving"),
    ({"fault": Fault("protective stop", "C4")}, "protective stop"),
])  # fmt: skip
def test_an_arm_that_stands_badly_is_not_armed(where, text):
    bench = Bench()
    bench.governor.order("connect", bench.now)
    bench.tick(2)
    for name, value in where.items():
        setattr(bench, name, value)
    bench.governor.mode = Mode.CONNECTED
    bench.tick(1)
    refused = bench.governor.order("arm", bench.now)
    assert text in f"{refused}; {bench.governor.fault}"
    bench.tick(5)
    assert bench.governor.mode not in STREAMING
    assert not bench.targets


def test_a_check_that_refuses_keeps_it_from_being_armed():
    bench = Bench()
    bench.governor.order("connect", bench.now)
    (act,) = bench.governor.tick(bench.now)
    bench.governor.answered(act.number, bench.now, checks=[{"name": "fence", "level": "refuse", "text": "none is set"}])
    assert bench.governor.mode is Mode.FAULT
    assert "fence: none is set" in str(bench.governor.fault)


def test_the_gripper_is_asked_once_within_its_opening():
    bench = going()
    assert bench.command(SIDE, opening=0.5) == (Reason.GRIPPER,)
    bench.tick()
    assert bench.orders[-1] == "grip"
    count = len(bench.orders)
    assert bench.command(SIDE, opening=bench.robot.opening) == ()
    bench.tick(3)
    assert len(bench.orders) == count


def test_a_force_during_a_hold_for_want_of_commands_is_not_lost():
    for ticks in (1, 8, 60):
        bench = going()
        bench.tick(6 + ticks)
        bench.wrench = np.array([25.0, 0, 0, 0, 0, 0])
        bench.tick(60)
        assert bench.governor.mode is Mode.HOLDING
        assert bench.command(SIDE) == (Reason.FORCE,)
        bench.wrench = np.zeros(6)
        bench.tick(60)
        assert bench.command(SIDE) == (Reason.FORCE,)  # until a person says so


def arming(bench):
    """Ordered to be armed, the worker still busy with it; gives the number of the order."""
    bench.governor.order("connect", bench.now)
    bench.tick(2)
    assert bench.governor.order("arm", bench.now) == ""
    (act,) = [act for act in bench.governor.tick(bench.now) if act.do == "order"]
    assert act.fields == {"do": "ready"}
    return act.number


@pytest.mark.parametrize("answered_first", [True, False])
def test_a_stop_while_it_is_being_armed_keeps_it_from_being_armed(answered_first):
    bench = Bench()
    number = arming(bench)
    if answered_first:
        bench.governor.answered(number, bench.now)
    bench.governor.order("stop", bench.now)
    if not answered_first:
        bench.governor.answered(number, bench.now)
    bench.tick(20)
    assert bench.governor.mode is Mode.STOPPED
    assert bench.orders[-1] == "halt"
    assert not bench.targets


def test_whoever_commanded_dies_while_it_is_being_armed_and_it_ends_disarmed():
    bench = Bench()
    number = arming(bench)
    bench.governor.client_lost(bench.now)
    bench.governor.answered(number, bench.now)
    bench.tick(20)
    assert bench.governor.mode is Mode.STOPPED
    assert not bench.targets


def test_a_connection_that_failed_is_tried_again_by_a_new_worker_after_an_acknowledgement():
    bench = Bench()
    bench.refuse["connect"] = Fault("link", "nobody answers")
    bench.governor.order("connect", bench.now)
    bench.tick(2)
    assert bench.governor.mode is Mode.FAULT
    bench.refuse.clear()
    assert bench.governor.order("acknowledge", bench.now) == ""
    bench.tick(2)
    assert bench.governor.mode is Mode.CONNECTED


def test_a_link_that_its_client_cannot_mend_gets_a_new_client():
    bench = going()
    bench.governor.answered(0, bench.now, Fault("link", "gone"))
    bench.refuse["recover"] = Fault("link", "this client is lost")
    bench.governor.order("acknowledge", bench.now)
    bench.tick(2)
    assert bench.governor.mode is Mode.FAULT
    assert bench.governor.order("acknowledge", bench.now) == ""
    assert [act.do for act in bench.governor.tick(bench.now + 0.004)] == ["spawn", "order"]


@pytest.mark.parametrize("cause", [
    lambda b: b.governor.worker_lost("exit -11"),
    lambda b: b.governor.answered(0, b.now, Fault("link", "gone")),
    lambda b: b.governor.order("stop", b.now),
])  # fmt: skip
def test_what_was_on_its_way_when_it_latched_does_not_unlatch_it(cause):
    for answered_first in (True, False):
        bench = Bench()
        number = arming(bench)
        if answered_first:
            bench.governor.answered(number, bench.now)
        cause(bench)
        bench.governor.answered(number, bench.now)
        latched = bench.governor.mode
        bench.tick(30)
        assert bench.governor.mode is latched
        assert latched in (Mode.FAULT, Mode.STOPPED)
        assert not bench.targets


def test_a_worker_that_dies_while_connecting_is_a_fault_at_once():
    bench = Bench()
    bench.governor.order("connect", bench.now)
    bench.governor.worker_lost("exit -11")
    assert bench.governor.mode is Mode.FAULT


def test_a_stop_ends_freedrive_too():
    bench = Bench()
    bench.governor.order("connect", bench.now)
    bench.tick(2)
    assert bench.governor.order("freedrive", bench.now, on=True) == ""
    bench.governor.order("stop", bench.now)
    bench.tick(2)
    assert bench.orders[-1] == "halt"
    assert bench.governor.mode is Mode.STOPPED


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_command_that_is_due_at_no_time_is_still_missed(seconds):
    bench = going()
    bench.command(SIDE, seconds)
    bench.tick(round(0.5 / bench.period))
    assert bench.governor.mode is Mode.HOLDING
