"""Skill programs: plain data that refuses to be wrong, done in order, and continued exactly where they were stopped."""

import json
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from symbolic import SymbolicBody
from tabletop_scenes import MATCHING, PRIMITIVE

from embodied.plans import Move
from embodied.skills import (
    SKILLS,
    STEP,
    At,
    Close,
    Condition,
    Home,
    MoveBy,
    MoveTo,
    Open,
    Pick,
    Place,
    Program,
    Pull,
    Push,
    Rotate,
    Wait,
    execute,
    program,
)
from envs.tabletop.rearrangement import Rearrangement

NAME = st.text(min_size=1, max_size=80)
METRES = st.floats(-2, 2)
FLAT, SPACE = st.tuples(METRES, METRES), st.tuples(METRES, METRES, METRES)
RADIANS = st.floats(-6.28, 6.28)
CONDITION = st.builds(
    Condition,
    predicate=st.sampled_from(["holding", "empty", "clear", "seen", "on"]),
    subject=st.text(max_size=5),
    object=st.text(max_size=5),
)
COMMON = {
    "frame": st.sampled_from(["base", "tool"]),
    "speed": st.floats(0.01, 1),
    "force": st.floats(0.1, 100),
    "before": st.lists(CONDITION, max_size=2).map(tuple),
    "after": st.lists(CONDITION, max_size=2).map(tuple),
}
STEPS = st.one_of(
    st.builds(Pick, object=NAME, **COMMON),
    st.builds(Place, on=NAME, offset=FLAT, yaw=st.none() | RADIANS, object=st.none() | NAME, **COMMON),
    st.builds(Place, at=FLAT, yaw=st.none() | RADIANS, **COMMON),
    st.builds(MoveTo, at=SPACE, yaw=st.none() | RADIANS, **COMMON),
    st.builds(MoveBy, by=SPACE, **COMMON),
    st.builds(Rotate, by=RADIANS, **COMMON),
    st.builds(Push, object=NAME, by=FLAT.filter(any), **COMMON),
    st.builds(Pull, object=NAME, by=FLAT, **COMMON),
    st.builds(Open, **COMMON),
    st.builds(Close, **COMMON),
    st.builds(Wait, seconds=st.floats(0.01, 60), **COMMON),
    st.builds(Home, **COMMON),
)


@st.composite
def programs(draw):
    steps = tuple(draw(st.lists(STEPS, max_size=4)))
    anchor = draw(st.sampled_from([(), 4, 6]))
    if anchor:
        anchor = tuple(draw(st.lists(METRES, min_size=anchor, max_size=anchor)))
    at = At(step=draw(st.integers(0, len(steps))), phase=draw(st.integers(0, 5)), anchor=anchor)
    return Program(steps=steps, at=at, sentence=draw(st.text(max_size=20)))


@given(programs())
def test_a_program_survives_json(given_program):
    again = Program.from_json(given_program.to_json())
    assert again == given_program
    assert again.to_json() == given_program.to_json()


WRONG = {
    "an unknown skill": ({"skill": "throw", "object": "red block"}, "skill|throw"),
    "no skill": ({"object": "red block"}, "using discriminator 'skill'"),
    "an unknown field": ({"skill": "pick", "object": "red block", "hieght": 0.1}, "hieght"),
    "an empty name": ({"skill": "pick", "object": ""}, "pick.object"),
    "a long name": ({"skill": "pick", "object": "x" * 81}, "pick.object"),
    "no name": ({"skill": "pick"}, "pick.object"),
    "a name that is a number": ({"skill": "pick", "object": 3}, "pick.object"),
    "an empty place": ({"skill": "place", "on": ""}, "place.on"),
    "no place": ({"skill": "place"}, "place needs either on, a thing's name, or at, a point"),
    "two places": ({"skill": "place", "on": "a", "at": [0.5, 0.0]}, "place needs either on, a thing's name, or at"),
    "a far place": ({"skill": "place", "at": [0.5, 2.1]}, "place.at.1"),
    "a place in space": ({"skill": "place", "at": [0.5, 0.1, 0.2]}, "place.at"),
    "a far offset": ({"skill": "place", "on": "a", "offset": [-3, 0]}, "place.offset.0"),
    "no number": ({"skill": "move to", "at": [nan, 0, 0]}, r"move to.at.0"),
    "no end": ({"skill": "move by", "by": [0, inf, 0]}, "move by.by.1"),
    "many turns": ({"skill": "rotate", "by": 7}, "rotate.by"),
    "no turn": ({"skill": "rotate", "by": nan}, "rotate.by"),
    "a push that pushes nowhere": ({"skill": "push", "object": "a", "by": [0, 0]}, "push.by"),
    "no speed": ({"skill": "home", "speed": 0}, "home.speed"),
    "a speed that is no number": ({"skill": "home", "speed": nan}, "home.speed"),
    "too fast": ({"skill": "home", "speed": 1.1}, "home.speed"),
    "too strong": ({"skill": "close", "force": 101}, "close.force"),
    "another frame": ({"skill": "open", "frame": "world"}, "open.frame"),
    "no time": ({"skill": "wait", "seconds": 0}, "wait.seconds"),
    "too long": ({"skill": "wait", "seconds": 61}, "wait.seconds"),
    "an unknown condition": ({"skill": "open", "before": [{"predicate": "near"}]}, "open.before.0.predicate"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_step_is_refused_and_the_field_named(name):
    step, field = WRONG[name]
    with pytest.raises(ValueError, match=f"no skill program: steps.0.*({field})"):
        Program.from_json(json.dumps({"steps": [step]}))
    with pytest.raises(ValidationError, match=field.rpartition(".")[2].strip("*")):
        STEP.validate_python(step)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("not json", "Invalid JSON"),
        ("[]", "object"),
        ('{"steps": {}}', "steps"),
        ('{"stpes": []}', "stpes"),
        ('{"at": {"step": -1}}', "at.step"),
        ('{"at": {"step": 1}}', "it stands at step 1, and has 0"),
        ('{"at": {"phase": -1}}', "at.phase"),
        ('{"at": {"anchor": [NaN, 0, 0, 0]}}', "at.anchor"),
        ('{"at": {"anchor": [Infinity, 0, 0, 0]}}', "at.anchor"),
        ('{"at": {"anchor": [0.5, 0.1]}}', "at.anchor"),
        ('{"sentence": 3}', "sentence"),
    ],
)
def test_a_wrong_program_is_refused_and_the_field_named(text, field):
    with pytest.raises(ValueError, match=f"no skill program: .*{field}"):
        Program.from_json(text)


def test_every_skill_is_read_back_as_itself():
    least = {"object": "a", "by": (0.1, 0.1), "at": (0.5, 0.1), "verb": "pick"}
    for kind in SKILLS:
        given_fields = {k: v for k, v in least.items() if k in kind.model_fields}
        if kind in (MoveTo, MoveBy):
            given_fields = {k: (*v, 0.2) for k, v in given_fields.items()}
        if kind is Rotate:
            given_fields = {"by": 0.3}
        step = kind(**given_fields)
        assert STEP.validate_python(step.model_dump()) == step


def run(given_program, body, **more):
    """Every outcome, and the program as it then stands."""
    stands = [(given_program, None), *execute(given_program, body, **more)]
    return stands[-1][0], [outcome for _, outcome in stands[1:]]


MATCH = [Move(f"{c} block", f"{c} bowl") for c in ("red", "blue", "green")]


def test_a_program_is_done_in_order_and_once():
    body = SymbolicBody(MATCHING)
    left, outcomes = run(program(MATCH), body)
    assert left.finished
    assert all(outcome.ok for outcome in outcomes)
    assert body.done == list(program(MATCH).steps)
    assert run(left, body)[1] == []


def test_execution_stops_at_the_first_failure_and_stands_there():
    body = SymbolicBody(MATCHING, misses=1.0)
    left, (outcome,) = run(program(MATCH), body)
    assert outcome.cause == "missed"
    assert left.at == At(step=0)
    body.misses = 0.0
    left, outcomes = run(left, body)
    assert left.finished
    assert len(outcomes) == 6


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Pick(object="ghost"), "nothing lies on the ghost"),
        (Place(on="blue block", object="red block"), "the hand holds the red block"),
        (Place(on="ghost"), "the ghost is seen"),
        (Push(object="ghost", by=(0.1, 0)), "nothing lies on the ghost"),
        (
            Home(before=(Condition(predicate="on", subject="red block", object="blue block"),)),
            "the red block is on or in",
        ),
        (Wait(before=(Condition(predicate="on", subject="red block", object="ghost"),)), "the red block is on or in"),
    ],
)
def test_what_a_step_needs_is_looked_at_before_and_it_is_refused_without(step, said):
    body = SymbolicBody(PRIMITIVE)
    left, (outcome,) = run(Program(steps=(step,)), body)
    assert outcome.cause == "refused"
    assert f"not so: {said}" in outcome.detail
    assert left == Program(steps=(step,))
    assert body.done == []


def test_a_second_block_is_not_picked_with_a_full_hand():
    _, outcomes = run(Program(steps=(Pick(object="red block"), Pick(object="blue block"))), SymbolicBody(PRIMITIVE))
    assert [o.cause for o in outcomes] == ["", "refused"]
    assert "not so: the hand is empty" in outcomes[1].detail


def test_what_should_hold_afterwards_and_does_not_is_a_wrong_place():
    step = Home(after=(Condition(predicate="on", subject="red block", object="blue block"),))
    left, (outcome,) = run(Program(steps=(step,)), SymbolicBody(PRIMITIVE))
    assert outcome.cause == "wrong place"
    assert left.at.step == 0


@pytest.fixture(scope="module")
def table():
    env = Rearrangement("pick-and-place-primitive", cameras=())
    yield env
    env.close()


PLACED = (0.5, 0.0)


def whole(body, name, target):
    """A program of every skill that moves something, from here."""
    return {
        "pick": (Pick(object=name),),
        "place": (Pick(object=name), Place(on=target)),
        "place at": (Pick(object=name), Place(at=PLACED, yaw=0.5)),
        "push": (Push(object=name, by=(0.03, 0.03)),),
        "pull": (Pull(object=name, by=(-0.03, 0.04)),),
        "rotate": (Pick(object=name), Rotate(by=0.8)),
        "move by": (MoveTo(at=(0.5, 0.05, 0.3)), MoveBy(by=(0.05, -0.1, 0.05)), MoveBy(by=(0.05, 0, 0), frame="tool")),
        "wait": (Wait(seconds=0.4),),
        "open": (Pick(object=name), MoveBy(by=(0, 0, -0.02)), Open()),
        "home": (MoveTo(at=(0.5, 0.2, 0.25), yaw=0.6), Home()),
    }


WHOLE = sorted(whole(None, "a", "b"))


def after(n):
    """A stop that says so when it is asked for the n-th time."""
    asked = iter(range(10**9))
    return lambda: next(asked) == n


def ended(body):
    """The tip and its turn, every block and what is held."""
    view = body.view()
    return np.array([*body.world.tip(), 0.1 * body.world.yaw, *(x for b in view.blocks for x in b.position)]), view.held


@pytest.mark.parametrize("every", [pytest.param(6, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WHOLE)
def test_a_program_stopped_at_any_moment_and_read_back_ends_where_it_would_have(table, name, every):
    table.reset(seed=0)
    item = table.view().blocks[0]
    target = next(i.name for i in table.view().items if i.kind == "bowl")
    given_program = Program(steps=whole(table, item.name, target)[name], sentence=name)
    start = table.snapshot()
    left, outcomes = run(given_program, table)
    assert left.finished, outcomes
    (wanted, held), moves, n = ended(table), table.moves, 0
    while True:
        table.restore(start)
        left, outcomes = run(given_program, table, stop=after(n))
        if left.finished:
            break
        assert outcomes[-1].cause == "stopped"
        left, outcomes = run(Program.from_json(left.to_json()), table)
        assert left.finished, (n, outcomes)
        where, holds = ended(table)
        np.testing.assert_allclose(where, wanted, atol=0.002, err_msg=f"stopped at tick {n}")
        assert holds == held
        assert table.moves == moves
        n += every
    assert n > every


def test_a_program_that_is_stopped_again_and_again_gets_nowhere_and_stays_whole(table):
    table.reset(seed=0)
    block = table.view().blocks[0].name
    left = Program(steps=(Pick(object=block), Place(at=PLACED)))
    for _ in range(5):
        left, outcomes = run(left, table, stop=lambda: True)
        assert (outcomes[-1].cause, left.at.step) == ("stopped", 0)
    assert table.view().held == ""


@pytest.mark.parametrize("at", [At(phase=7), At(phase=4)])
def test_a_phase_that_a_step_does_not_have_is_refused(table, at):
    table.reset(seed=0)
    block = table.view().blocks[0].name
    left, (outcome,) = run(Program(steps=(Pick(object=block),), at=at), table)
    assert outcome.cause == "refused"
    assert "phase" in outcome.detail
    assert not left.finished
