"""Specs generate what they check, and say in words what stands between two of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embodied.spec import ArraySpec, Spec

dtypes = st.sampled_from(["float32", "float64", "uint8", "int64", "bool"])
shapes = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@st.composite
def arrays(draw):
    dtype = draw(dtypes)
    if dtype in {"uint8", "bool"}:
        return ArraySpec(draw(shapes), dtype)
    low, width = draw(st.integers(-100, 100)), draw(st.integers(1, 100))
    bounds = draw(st.sampled_from([(low, low + width), (-np.inf, np.inf), (low, np.inf), (-np.inf, low)]))
    return ArraySpec(draw(shapes), dtype, *bounds)


@given(arrays(), st.integers(0, 2**32))
def test_what_is_generated_passes_the_check(spec, seed):
    spec.check(spec.generate(np.random.default_rng(seed)))


@given(arrays())
def test_a_spec_survives_json(spec):
    assert spec.difference(ArraySpec.from_json(spec.to_json())) == ""


def robot(**changes) -> Spec:
    values = {
        "obs": {"joints": ArraySpec((6,), unit="rad"), "front": ArraySpec((8, 8, 3), "uint8")},
        "action": ArraySpec((4,), low=-1, high=1),
        "hz": 10.0,
    }
    return Spec(**(values | changes))


def test_a_spec_stands_in_for_itself_and_survives_json_and_spaces():
    spec = robot()
    assert spec.differences(spec) == []
    assert spec.differences(Spec.from_json(spec.to_json())) == []
    assert spec.differences(Spec.from_space(*spec.to_space(), hz=10.0)) == []


def test_offering_more_is_no_difference():
    assert robot().restricted(("joints",)).differences(robot()) == []


def test_differences_are_said_in_words():
    other = robot(obs={"state": ArraySpec((3,))}, hz=50.0, action=ArraySpec((7,), low=-1, high=1))
    assert robot().differences(other) == [
        "no observation 'joints'; it offers ['state']",
        "no observation 'front'; it offers ['state']",
        "action has shape (7,), wanted (4,)",
        "runs at 50.0 Hz, wanted 10.0",
    ]


def test_units_that_differ_are_a_difference():
    degrees = robot(obs={"joints": ArraySpec((6,), unit="deg"), "front": ArraySpec((8, 8, 3), "uint8")})
    assert robot().differences(degrees) == ["observation 'joints' is in deg, wanted rad"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros(5, np.float32), r"has shape \(5,\), wanted \(6,\)"),
        (np.zeros(6), "has dtype float64, wanted float32"),
        (np.full(6, np.nan, np.float32), "holds NaN"),
    ],
)
def test_a_wrong_observation_is_named(value, message):
    with pytest.raises(ValueError, match=f"observation 'joints' {message}"):
        robot().check({"joints": value, "front": np.zeros((8, 8, 3), np.uint8)})


def test_bounds_are_checked():
    with pytest.raises(ValueError, match=r"leaves its bounds \[-1, 1\]"):
        robot().action.check(np.full(4, 2, np.float32))
    with pytest.raises(ValueError, match="are not an interval"):
        ArraySpec((2,), low=1, high=0)


def test_a_lone_box_is_named_state():
    gymnasium = pytest.importorskip("gymnasium")
    box = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    assert list(Spec.from_space(box, box, 20).obs) == ["state"]
    with pytest.raises(ValueError, match="only a Box of continuous actions"):
        Spec.from_space(box, gymnasium.spaces.Discrete(3), 20)
