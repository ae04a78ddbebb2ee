"""Plans reach the goal from wherever things were put, in no more moves than it takes, or say why they cannot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabletop_scenes import MATCHING, PRIMITIVE, PYRAMID, TOWERS, TWO_LAYERS, block, bowl, scene
from test_goals import EVERY, MATCH, MISMATCH, ROWS, STACK, WARM, on, reached

from embodied.goals import Beside, Goal, Inside, Tower
from embodied.plans import Move, Unreachable, moves_needed, next_move, plan
from embodied.scenery import WORKSPACE


def done(view, moves):
    for move in moves:
        view = move.done(view)
    return view


def apart(view):
    """No two blocks are inside each other."""
    blocks = view.blocks
    return not any(
        max(abs(a.position[0] - b.position[0]), abs(a.position[1] - b.position[1])) < 0.4 * (a.edge + b.edge)
        and abs(a.position[2] - b.position[2]) < 0.4 * (a.edge + b.edge)
        for i, a in enumerate(blocks)
        for b in blocks[:i]
    )


@st.composite
def disturbed(draw, view):
    """Blocks elsewhere, as moves could have left them: on the table, on other blocks, in bowls and zones."""
    for name in draw(st.lists(st.sampled_from([b.name for b in view.blocks]), max_size=6)):
        if view.over(view[name]):
            continue
        targets = [i.name for i in view.items if i.name != name and not (i.kind == "block" and view.over(i))]
        if draw(st.booleans()):
            view = Move(name, draw(st.sampled_from(targets))).done(view)
        else:
            (x0, y0), (x1, y1) = WORKSPACE.low, WORKSPACE.high
            at = draw(st.tuples(st.floats(x0 + 0.03, x1 - 0.03), st.floats(y0 + 0.03, y1 - 0.03)))
            if all(i.away(at) > 0.08 for i in view.items if i.name != name):
                view = Move(name, at=at).done(view)
    return view


@settings(max_examples=80)
@given(name=st.sampled_from(sorted(EVERY)), data=st.data())
def test_a_plan_reaches_the_goal_from_anywhere_or_says_that_it_cannot(name, data):
    goal, start = EVERY[name]
    view = data.draw(disturbed(start))
    try:
        moves = plan(goal, view)
    except Unreachable as error:
        assert str(error)  # noqa: PT017 - either way is right
        return
    assert len(moves) >= moves_needed(goal, view)
    for move in moves:
        assert not view.over(view[move.block]), f"{move} takes a block from under another"
        view = move.done(view)
        assert apart(view), move
    reached(goal, view)


@pytest.mark.parametrize("name", EVERY)
def test_from_the_beginning_every_goal_is_reached_in_the_least_moves(name):
    goal, view = EVERY[name]
    moves = plan(goal, view)
    reached(goal, done(view, moves))
    assert len(moves) == moves_needed(goal, view)
    assert plan(goal, done(view, moves)) == ()


def test_what_lies_on_a_block_is_put_aside_first():
    goal = Goal((Inside((("red block", ("red bowl",)),)),))
    assert [m.block for m in plan(goal, TWO_LAYERS)] == ["green block", "red block"]


def test_what_is_in_the_way_of_a_tower_is_put_aside_first():
    view = TOWERS.moved("brown block", (0.6, 0.0, 0.02))
    moves = plan(WARM, view)
    assert moves[0].block == "brown block"
    reached(WARM, done(view, moves))


def test_a_tower_in_the_wrong_order_is_taken_down_and_built_anew():
    goal = Goal((Tower((("red block",), ("green block",), ("yellow block",)), "red zone"),))
    view = on(TOWERS, ("green block", "red block", "yellow block"), "red zone")
    reached(goal, done(view, plan(goal, view)))


def test_blocks_in_each_others_bowls_change_places():
    view = done(MATCHING, [Move("red block", "blue bowl"), Move("blue block", "red bowl")])
    reached(MATCH, done(view, plan(MATCH, view)))


def test_every_block_finds_a_bowl_of_another_colour_of_its_own():
    view = done(MATCHING, plan(MISMATCH, MATCHING))
    where = [[b.name for b in view.blocks if view.inside(b, bowl)] for bowl in ("red bowl", "blue bowl", "green bowl")]
    assert [len(blocks) for blocks in where] == [1, 1, 1]


def test_a_pyramid_with_a_stranger_in_its_place_is_cleared_first():
    view = PYRAMID.moved("brown block", (0.6, 0.0, 0.02))
    moves = plan(ROWS, view)
    reached(ROWS, done(view, moves))


def test_a_goal_with_things_that_are_not_there_is_unreachable():
    with pytest.raises(Unreachable, match="no next one leads to the ghost is not in the red bowl"):
        plan(Goal((Inside((("ghost", ("red bowl",)),)),)), MATCHING)
    with pytest.raises(Unreachable, match="is not left of the ghost"):
        plan(Goal((Beside("red block", "ghost", "left"),)), PRIMITIVE)
    with pytest.raises(Unreachable, match="after 3 moves no next one"):
        plan(STACK, TOWERS.without(["brown block"]))


def test_a_goal_that_contradicts_itself_is_unreachable_and_ends():
    both = Goal((Inside((("red block", ("red bowl",)),)), Inside((("red block", ("blue bowl",)),))))
    with pytest.raises(Unreachable, match="the red block is not in the"):
        plan(both, MATCHING)


def test_a_full_table_has_no_room_and_says_so():
    blocks = [block("red", 0.28 + 0.045 * i, -0.4 + 0.045 * j) for i in range(9) for j in range(19)]
    view = scene(*blocks, block("blue", 0.46, 0.0, low=0.04), bowl("green", 0.9, 0.0))
    under = max(view.blocks, key=lambda b: len(view.over(b)))
    with pytest.raises(Unreachable, match="no room to put the blue block down"):
        plan(Goal((Inside(((under.name, ("green bowl",)),)),)), view)


def test_reached_goals_have_no_next_move():
    view = done(MATCHING, plan(MATCH, MATCHING))
    assert next_move(MATCH, view) is None


@settings(max_examples=30)
@given(data=st.data())
def test_moves_needed_is_no_more_than_any_plan_takes(data):
    view = data.draw(disturbed(TWO_LAYERS))
    names = data.draw(st.sets(st.sampled_from([b.name for b in view.blocks]), min_size=1))
    goal = Goal((Inside(tuple((name, ("red bowl", "blue bowl")) for name in sorted(names))),))
    assert moves_needed(goal, view) <= len(plan(goal, view))
