"""Packets arrive whole and in order, a full socket never blocks, and an end is seen however it came."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_robot import link
from real_robot.link import Channel, packed, pair, state_body, state_of, unpacked
from real_robot.robot import ArmState, Fault

numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(numbers, max_size=20), st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1))
def test_numbers_survive_the_way_bit_for_bit(values, sequence, stamp):
    packet = unpacked(packed(link.GOAL, values, sequence, stamp))
    assert (packet.kind, packet.sequence, packet.stamp) == (link.GOAL, sequence, stamp)
    assert np.array_equal(packet.numbers, np.array(values, np.float64), equal_nan=True)


@given(st.lists(numbers, min_size=1, max_size=7), numbers, st.booleans(), st.text(max_size=30), st.booleans())
def test_a_reading_survives_the_way(q, gripper, ready, status, failed):
    fault = Fault("reflex", status, "7", clearable=False) if failed else None
    state = ArmState(5, gripper, np.array(q), -np.array(q), np.arange(6.0), gripper, ready, fault, status)
    found = state_of(state_body(state), 5)
    assert (found.stamp, found.ready, found.fault, found.status) == (5, ready, fault, status)
    for name in ("q", "qd", "wrench", "gripper", "clock"):
        assert np.array_equal(getattr(found, name), getattr(state, name), equal_nan=True)


@pytest.mark.parametrize("raw", [b"", b"G", b"G" * 16])
def test_a_cut_packet_is_refused(raw):
    with pytest.raises(ValueError, match="cut off"):
        unpacked(raw)


@pytest.mark.parametrize("body", [b"[1, 2]", b"{", b"\xff", b"3"])
def test_a_body_that_is_no_object_is_refused(body):
    with pytest.raises(ValueError, match=r"object is wanted|JSON|Expecting|decode|delimiter"):
        link.Packet(link.ORDER, 0, 0, body).data  # noqa: B018 # reading it is the test


def both():
    ours, theirs = pair()
    return ours, Channel(theirs)


def test_packets_come_in_order_and_the_end_of_a_peer_is_seen():
    ours, theirs = both()
    for i in range(5):
        assert ours.send(link.ORDER, {"n": i}, i)
    ours.close()
    found = theirs.receive()
    assert [packet.data["n"] for packet in found] == [0, 1, 2, 3, 4]
    assert not theirs.receive()
    assert not theirs.open
    assert not theirs.send(link.ORDER, {})
    theirs.close()


def test_a_peer_that_does_not_read_blocks_nobody_and_what_is_dropped_is_counted():
    ours, theirs = both()
    sent = sum(ours.send(link.TARGET, np.zeros(64), i) for i in range(5000))
    assert 0 < sent < 5000
    assert ours.dropped == 5000 - sent
    assert [packet.sequence for packet in theirs.receive(10_000)] == list(range(sent))
    ours.close()
    theirs.close()


def test_what_a_process_says_is_data_and_never_code():
    told = json.loads(link.packed(link.EVENT, {"event": "__import__('os')"})[link.HEAD.size :])
    assert told == {"event": "__import__('os')"}
