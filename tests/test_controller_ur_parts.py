"""The simulated Universal Robots controller: its parts, each alone."""

import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_robot.controllers import ur_wire as wire
from real_robot.controllers.journal import read
from real_robot.controllers.ur import Config
from real_robot.controllers.ur_arm import HOME, SPEEDS, Arm, matrix, six
from real_robot.controllers.ur_commands import complete, offset
from real_robot.controllers.ur_controller import Controller
from real_robot.controllers.ur_fields import field
from real_robot.controllers.ur_gripper import Gripper
from real_robot.controllers.ur_links import Link, Links
from real_robot.controllers.ur_session import Owners, Session

PROGRAM = "def rtde_control():\n  read_input_integer_reg(0)\n  reg_offset_int = # int\n0\nend\n"


# the wire ------------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 9))
def test_frames_come_out_whole_however_the_stream_is_cut(payloads: list[bytes], cut: int) -> None:
    stream = b"".join(wire.frame(wire.DATA, p) for p in payloads)
    buffer, found = bytearray(), []
    for i in range(0, len(stream), cut):
        buffer += stream[i : i + cut]
        found += [payload for _, payload in wire.frames(buffer)]
    assert found == payloads
    assert not buffer


@given(
    st.floats(allow_nan=False),
    st.lists(st.floats(allow_nan=False), min_size=6, max_size=6),
    st.integers(-(2**31), 2**31 - 1),
)
def test_a_recipe_gives_back_what_it_packed(number: float, vector: list[float], whole: int) -> None:
    recipe = wire.Recipe(3, ("a", "b", "c"), ("DOUBLE", "VECTOR6D", "INT32"))
    [(letter, payload)] = wire.frames(bytearray(recipe.pack([number, vector, whole])))
    assert letter == wire.DATA
    assert payload[0] == 3
    assert recipe.unpack(payload) == {"a": number, "b": tuple(vector), "c": whole}


def test_a_frame_shorter_than_its_own_head_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 bytes; this one says 2"):
        list(wire.frames(bytearray(struct.pack(">HB", 2, 85))))


def test_data_shorter_than_its_recipe_is_refused_and_a_surplus_is_not_looked_at() -> None:
    assert wire.Recipe(1, ("a",), ("UINT8",)).unpack(b"\1\7\7\7") == {"a": 7}
    with pytest.raises(ValueError, match="recipe 1 is 9 bytes; this data has 3"):
        wire.Recipe(1, ("a",), ("DOUBLE",)).unpack(b"\1\0\0")


@pytest.mark.parametrize(
    ("name", "version", "there"),
    [
        ("ft_raw_wrench", (3, 15), False), ("ft_raw_wrench", (5, 8), False), ("ft_raw_wrench", (5, 9), True),
        ("payload_inertia", (3, 15), True), ("payload_inertia", (5, 10), False),
        ("actual_current_as_torque", (5, 12), False), ("actual_current_as_torque", (5, 23), True),
        ("actual_q", (3, 15), True), ("no_such_field", (5, 23), False),
    ],
)  # fmt: skip
def test_a_version_has_only_its_own_fields(name: str, version: wire.Version, there: bool) -> None:
    assert (wire.kinds([name], wire.OUTPUTS, version) != ["NOT_FOUND"]) is there


def test_every_output_field_packs_as_its_type() -> None:
    controller = Controller()
    types = wire.kinds(wire.OUTPUTS, wire.OUTPUTS, (5, 23))
    recipe = wire.Recipe(1, tuple(wire.OUTPUTS), tuple(types))
    assert recipe.pack([field(n)(controller) for n in wire.OUTPUTS])


def session(owners: Owners, sent: list[bytes], version: wire.Version = (5, 12)) -> Session:
    said: list[dict] = []
    return Session(
        version, 500, owners, send=sent.append, write=lambda _: None, say=lambda e, **f: said.append({"event": e, **f})
    )


def test_a_register_of_one_client_is_in_use_for_another_until_the_first_is_gone() -> None:
    owners, answers = Owners(), list[bytes]()
    first, second = session(owners, answers), session(owners, answers)
    ask = wire.frame(wire.INPUTS_SETUP, b"input_int_register_0,input_double_register_0")
    for each in (first, second, second):
        each.hear(ask)
        first.end() if each is second else None
    assert [a[3:] for a in answers] == [b"\1INT32,DOUBLE", b"\0IN_USE,IN_USE", b"\1INT32,DOUBLE"]


def test_a_stream_at_a_tenth_of_the_rate_sends_every_tenth_tick() -> None:
    answers: list[bytes] = []
    client = session(Owners(), answers)
    client.hear(wire.frame(wire.OUTPUTS_SETUP, struct.pack(">d", 50.0) + b"timestamp,"))
    assert not client.due(10)
    client.hear(wire.frame(wire.START))
    assert [tick for tick in range(1, 31) if client.due(tick)] == [10, 20, 30]
    assert answers[0][3:] == b"\1DOUBLE"


# the arm -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1.7, 1.7), min_size=6, max_size=6))
def test_a_pose_survives_the_wire(numbers: list[float]) -> None:
    pose = matrix(numbers)
    np.testing.assert_allclose(matrix(six(pose)), pose, atol=1e-7)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, -1, 0), (0.6, 0.8, 0), (-0.48, 0.6, 0.64)])
@pytest.mark.parametrize("short", [0.0, 1e-9, 1e-6, 1e-4, 1e-3])
def test_half_a_turn_survives_the_wire(axis: tuple[float, ...], short: float) -> None:
    pose = matrix([0, 0, 0, *((np.pi - short) * a for a in axis)])
    np.testing.assert_allclose(matrix(six(pose)), pose, atol=1e-7)


@pytest.mark.parametrize("model", SPEEDS)
def test_the_inverse_undoes_the_forward_kinematics(model: str) -> None:
    arm, rng = Arm(model, np.array(HOME)), np.random.default_rng(0)
    arm.tool = matrix([0, 0, 0.1, 0.2, 0, 0])
    for _ in range(10):
        q = np.array(HOME) + rng.uniform(-0.4, 0.4, 6)
        found = arm.inverse(arm.forward(q), np.array(HOME))
        assert found is not None
        np.testing.assert_allclose(arm.forward(found), arm.forward(q), atol=1e-5)


def test_the_arms_jacobian_is_the_chains() -> None:
    arm = Arm("ur10e", np.array(HOME) + 0.1)
    arm.tool = matrix([0.01, 0, 0.1, 0.2, 0, 0])
    np.testing.assert_allclose(arm.jacobian(arm.frames()), arm.chain.jacobian(arm.plant.q, arm.tool), atol=1e-12)


def test_out_of_reach_there_is_no_inverse() -> None:
    assert Arm("ur3e", np.array(HOME)).inverse(matrix([3, 0, 0, 0, 0, 0]), np.array(HOME)) is None


def test_an_arm_does_not_start_outside_its_range() -> None:
    with pytest.raises(ValueError, match=r"joint 2 of a ur5e cannot start at 3\.2 rad"):
        Controller(start=(0, 0, 3.2, 0, 0, 0))


# the rest ------------------------------------------------------------------------------------------------------


def test_the_gripper_moves_only_when_active_and_stops_at_an_object() -> None:
    gripper = Gripper(grip=120.0)
    assert gripper.answer("SET POS 255 SPE 255 FOR 10 GTO 1") == "ack"
    gripper.tick(1.0)
    assert gripper.answer("GET POS") == "POS 0\n"
    assert gripper.answer("SET ACT 1") == "ack"
    for _ in range(1000):
        gripper.tick(0.002)
    assert (gripper.get("STA"), gripper.get("POS"), gripper.get("PRE"), gripper.get("OBJ")) == (3, 120, 255, 2)
    gripper.answer("SET POS 20")
    for _ in range(1000):
        gripper.tick(0.002)
    assert (gripper.get("POS"), gripper.get("OBJ")) == (20, 3)


@pytest.mark.parametrize("line", ["SET POS 300", "SET STA 1", "GET XYZ", "SET POS", ""])
def test_the_gripper_does_not_acknowledge_nonsense(line: str) -> None:
    assert Gripper().answer(line) == "?"


def test_an_address_that_others_can_reach_is_refused() -> None:
    with pytest.raises(ValueError, match=r"192\.168\.0\.1 is not a loopback address; --anywhere"):
        Config(host="192.168.0.1")
    assert Config(host="192.168.0.1", anywhere=True).anywhere


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    greeted: list[Link] = []
    links = Links("127.0.0.1", [0], greeted.append)
    port = next(iter(links._listening)).getsockname()[1]
    try:
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} cannot be opened .* another 127\.x\.y\.z is free"):
            Links("127.0.0.1", [port], greeted.append)
    finally:
        links.close()


@pytest.mark.parametrize(("version", "rate"), [((3, 15), 125), ((5, 12), 500)])
def test_the_journals_rows_are_one_tick_apart(tmp_path: Path, version: wire.Version, rate: int) -> None:
    controller = Controller(version=version, folder=tmp_path)
    controller.upload(PROGRAM)
    for _ in range(rate):
        controller.tick()
    controller.close()
    seen = read(tmp_path)
    assert len(seen.rows) == rate
    np.testing.assert_allclose(np.diff(seen.group("t")[:, 0]), 1 / rate, atol=1e-9)
    assert seen.modes[int(seen.group("mode")[-1, 0])] == "playing"
    assert seen.of("program starts")[0]["register"] == 0
    assert seen.of("end")[0]["commands"] == 0
    assert abs(seen.rows[0, 0] - time.monotonic()) < 60


def test_an_upload_is_whole_at_the_end_of_its_outermost_block() -> None:
    assert not complete("def a():\n  if True:\n  end\n")
    assert not complete("def a():\nen")
    assert complete("def a():\nend\n")
    assert complete("stopj(2)\n")


def test_a_programs_registers_may_be_shifted() -> None:
    assert offset("int", "global reg_offset_int = # int register offset\n24    global x = 1\n") == 24
    assert offset("float", "reg_offset_float = 24") == 24
    assert offset("int", "") == 0
