"""What counts as done: every right end state and none that only looks like one; progress that can fall."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabletop_scenes import (
    ALTERNATE,
    EVEN,
    MATCHING,
    PAIRS,
    PRIMITIVE,
    PYRAMID,
    SAME_COLOUR,
    SIDE,
    SIZES,
    TOWERS,
    TWO_LAYERS,
    block,
    bowl,
    scene,
)

from embodied.goals import Beside, Goal, Inside, Pyramid, Tower
from embodied.scenery import AREAS, SIDES

FOUR = ("red block", "green block", "yellow block", "brown block")
STACK = Goal((Tower((FOUR,) * 4, "red zone"),))
MATCH = Goal((Inside(tuple((f"{c} block", (f"{c} bowl",)) for c in ("red", "blue", "green"))),))
BOWLS = ("red bowl", "blue bowl", "green bowl")
MISMATCH = Goal(
    (Inside(tuple((f"{c} block", tuple(b for b in BOWLS if b != f"{c} bowl")) for c in ("red", "blue", "green"))),)
)
REDS, BLUES = ("red block 1", "red block 2"), ("blue block 1", "blue block 2", "blue block 3")
BY_COLOUR = Goal((Tower((REDS,) * 2, "red zone"), Tower((BLUES,) * 3, "blue zone")))
BIG, SMALL = ("big pink block", "big cyan block"), ("small red block", "small blue block", "small orange block")
IN_ORDER = Goal((Tower((*[BIG] * 2, *[SMALL] * 3), "red zone"),))
WARM = Goal(
    (Tower((("red block", "yellow block"),) * 2, "red zone"),),
    (("green block", "red zone"), ("brown block", "red zone")),
)
TURNS = Goal((Tower((REDS, BLUES[:2]) * 2, "green zone"),))
EVENLY = Goal((Inside(tuple((r, ("red zone",)) for r in REDS)),), tuple((b, "blue zone") for b in BLUES))
ROWS = Goal(
    (
        Pyramid(
            (("red block", "blue block", "green block"), ("yellow block", "cyan block"), ("brown block",)), "red zone"
        ),
    )
)
HIDDEN = Goal((Inside((("red block", ("red bowl",)), ("blue block 1", ("blue bowl",)))),))
PAIR = Goal(tuple(Tower(((f"big {c} block",), (f"small {c} block",)), f"{c} zone") for c in ("red", "blue")))
CORNER = Goal((Inside(tuple((name, ("top left corner",)) for name in FOUR)),))


def towered(view, names, x, y):
    """The blocks on each other, from below, at a point."""
    low = 0.0
    for name in names:
        edge = view[name].edge
        view = view.moved(name, (x, y, low + edge / 2))
        low += edge
    return view


def on(view, names, place):
    """The blocks on each other in the middle of a place."""
    return towered(view, names, *view[place].position[:2])


def laid(view, places):
    """Blocks at points (x, y, z)."""
    for name, point in places.items():
        view = view.moved(name, point)
    return view


def within(view, places):
    """Blocks in the hollows of bowls."""
    return laid(view, {b: (*view[bowl].position[:2], 0.024) for b, bowl in places.items()})


def built(view=PYRAMID, x=0.6, y=0.0, rows=("red blue green", "yellow cyan", "brown")):
    """A pyramid of rows of colours, across, about a point."""
    for i, row in enumerate(rows):
        colours = row.split()
        for j, colour in enumerate(colours):
            view = view.moved(f"{colour} block", (x, y + 0.044 * (j - (len(colours) - 1) / 2), 0.02 + 0.04 * i))
    return view


def reached(goal, view):
    assert goal.progress(view) == 1
    assert goal.holds(view)


def refused(goal, view, least=0.0, most=0.99):
    assert not goal.holds(view)
    assert least <= goal.progress(view) <= most


STACKED = on(TOWERS, FOUR, "red zone")


@pytest.mark.parametrize("order", [FOUR, FOUR[::-1], (*FOUR[2:], *FOUR[:2])])
def test_a_tower_of_anything_may_have_any_order(order):
    reached(STACK, on(TOWERS, order, "red zone"))


def test_a_tower_need_not_stand_in_the_very_middle_nor_be_straight():
    view = STACKED.moved("green block", (0.61, 0.01, 0.06))
    reached(STACK, view)


def test_blocks_side_by_side_in_the_zone_are_no_tower():
    places = {
        name: (0.6 + dx, dy, 0.02)
        for name, (dx, dy) in zip(FOUR, ((-0.03, -0.03), (0.03, -0.03), (-0.03, 0.03), (0.03, 0.03)), strict=True)
    }
    refused(STACK, laid(TOWERS, places), most=0.25)


def test_two_towers_of_two_in_the_zone_are_no_tower_of_four():
    view = towered(towered(TOWERS, FOUR[:2], 0.57, 0.0), FOUR[2:], 0.63, 0.0)
    refused(STACK, view, most=0.5)


def test_half_a_tower_is_half_done():
    assert STACK.progress(on(TOWERS, FOUR[:2], "red zone")) == 0.5


def test_one_block_in_the_zone_and_the_rest_high_in_the_air_is_one_floor():
    places = dict(zip(FOUR, ((0.6, 0, 0.02), (0.6, 0, 0.16), (0.6, 0, 0.2), (0.6, 0, 0.24)), strict=True))
    refused(STACK, laid(TOWERS, places), most=0.25)


@pytest.mark.parametrize("wrong", [-0.02, -0.01, 0.01, 0.02])
def test_a_floor_at_the_wrong_height_is_none(wrong):
    refused(STACK, STACKED.moved("brown block", (0.6, 0.0, 0.14 + wrong)))


def test_a_tower_that_floats_is_none():
    view = laid(TOWERS, {name: (0.6, 0.0, 0.04 + 0.04 * i) for i, name in enumerate(FOUR)})
    assert STACK.progress(view) == 0


def test_blocks_inside_each_other_are_no_tower():
    assert STACK.progress(laid(TOWERS, dict.fromkeys(FOUR, (0.6, 0.0, 0.02)))) == 0.25


def test_a_tower_beside_the_zone_is_none():
    assert STACK.progress(towered(TOWERS, FOUR, 0.6, 0.075)) == 0


def test_a_tower_on_another_zone_is_none():
    assert STACK.progress(on(TOWERS, FOUR, "blue zone")) == 0


def test_a_floor_that_hangs_over_by_more_than_half_is_none():
    refused(STACK, STACKED.moved("brown block", (0.625, 0.0, 0.14)))


def test_a_block_that_is_held_over_its_floor_is_not_put_down():
    refused(STACK, replace(STACKED, held="brown block"), least=0.75)


@pytest.mark.parametrize("name", FOUR)
def test_a_tower_that_still_moves_does_not_stand(name):
    items = tuple(replace(item, still=item.name != name) for item in STACKED.items)
    refused(STACK, replace(STACKED, items=items))


def test_a_tower_that_topples_loses_its_progress():
    fallen = laid(STACKED, {"yellow block": (0.5, 0.05, 0.02), "brown block": (0.5, -0.05, 0.02)})
    assert STACK.progress(fallen) == 0.5 < STACK.progress(STACKED)
    assert STACK.progress(fallen.moved("red block", (0.5, 0.15, 0.02))) == 0


def test_swapped_colours_are_in_nobodys_bowl():
    right = within(MATCHING, {f"{c} block": f"{c} bowl" for c in ("red", "blue", "green")})
    reached(MATCH, right)
    swapped = within(right, {"red block": "blue bowl", "blue block": "red bowl"})
    assert MATCH.progress(swapped) == pytest.approx(1 / 3)


def test_a_block_beside_its_bowl_is_not_in_it():
    view = within(MATCHING, {f"{c} block": f"{c} bowl" for c in ("red", "blue", "green")})
    x, y, _ = view["red bowl"].position
    refused(MATCH, view.moved("red block", (x, y + 0.085, 0.02)))


@pytest.mark.parametrize("high", [0.06, 0.1, 0.3])
def test_a_block_that_floats_over_its_bowl_is_not_in_it(high):
    view = within(MATCHING, {f"{c} block": f"{c} bowl" for c in ("red", "blue", "green")})
    refused(MATCH, view.moved("red block", (*view["red bowl"].position[:2], high)))


def test_a_block_that_is_held_over_its_bowl_is_not_in_it():
    view = within(MATCHING, {f"{c} block": f"{c} bowl" for c in ("red", "blue", "green")})
    refused(MATCH, replace(view, held="red block"))


def test_a_block_in_the_bowl_of_its_own_colour_mismatches_nothing():
    wrong = within(MATCHING, {"red block": "red bowl", "blue block": "green bowl", "green block": "blue bowl"})
    assert MISMATCH.progress(wrong) == pytest.approx(2 / 3)


@pytest.mark.parametrize("spread", ["blue green red", "green red blue", "blue red red", "green red red"])
def test_any_way_of_mismatching_is_right(spread):
    places = {f"{c} block": f"{b} bowl" for c, b in zip(("red", "blue", "green"), spread.split(), strict=True)}
    view = MATCHING
    for name, place in places.items():
        x, y, _ = view[place].position
        low = 0.004 + 0.04 * sum(b.away((x, y)) < 0.01 for b in view.blocks)
        view = view.moved(name, (x, y, low + 0.02))
    reached(MISMATCH, view)


def test_a_bowl_that_no_block_has_the_colour_of_mismatches_too():
    more = scene(block("red", 0.4, 0.2), bowl("red", 0.6, -0.2), bowl("pink", 0.6, 0.2))
    goal = Goal((Inside((("red block", ("pink bowl",)),)),))
    reached(goal, within(more, {"red block": "pink bowl"}))
    refused(goal, within(more, {"red block": "red bowl"}))


def test_blocks_of_the_same_colour_may_change_places():
    for reds in (REDS, REDS[::-1]):
        for blues in (BLUES, BLUES[::-1], (BLUES[1], BLUES[2], BLUES[0])):
            reached(BY_COLOUR, on(on(SAME_COLOUR, reds, "red zone"), blues, "blue zone"))


def test_one_tower_of_two_is_part_of_the_goal():
    assert BY_COLOUR.progress(on(SAME_COLOUR, BLUES, "blue zone")) == pytest.approx(3 / 5)


def test_towers_on_each_others_zones_are_none():
    assert BY_COLOUR.progress(on(on(SAME_COLOUR, REDS, "blue zone"), BLUES, "red zone")) == 0


def test_alternating_begins_with_the_colour_that_was_said():
    right = (REDS[1], BLUES[0], REDS[0], BLUES[1])
    reached(TURNS, on(ALTERNATE, right, "green zone"))
    assert TURNS.progress(on(ALTERNATE, right[::-1], "green zone")) == 0


def test_a_tower_that_alternates_only_at_the_bottom_is_half_one():
    wrong = on(ALTERNATE, (REDS[0], BLUES[0], BLUES[1], REDS[1]), "green zone")
    assert TURNS.progress(wrong) == 0.5


def test_size_order_wants_the_big_blocks_below_the_small_ones():
    reached(IN_ORDER, on(SIZES, (*BIG[::-1], *SMALL[::-1]), "red zone"))
    assert IN_ORDER.progress(on(SIZES, (*SMALL, *BIG), "red zone")) == 0


def test_a_small_block_among_the_big_ones_breaks_the_order():
    mixed = (BIG[0], SMALL[0], BIG[1], *SMALL[1:])
    assert IN_ORDER.progress(on(SIZES, mixed, "red zone")) == pytest.approx(1 / 5)


def test_only_the_big_ones_are_a_part_of_the_size_order():
    assert IN_ORDER.progress(on(SIZES, BIG, "red zone")) == pytest.approx(2 / 5)


def test_the_block_that_was_hidden_is_meant_and_no_other_of_its_colour():
    uncovered = laid(TWO_LAYERS, {"green block": (0.3, 0.3, 0.02), "yellow block": (0.3, -0.3, 0.02)})
    decoy = within(uncovered, {"red block": "red bowl", "blue block 2": "blue bowl"})
    refused(HIDDEN, decoy, most=0.5)
    reached(HIDDEN, within(uncovered, {"red block": "red bowl", "blue block 1": "blue bowl"}))


@pytest.mark.parametrize("where", [(0.3, 0.3, 0.02), (0.64, 0.0, 0.02), (0.35, 0.0, 0.06)])
def test_what_covered_a_hidden_block_may_be_put_anywhere(where):
    view = laid(TWO_LAYERS, {"green block": where, "yellow block": (0.3, -0.3, 0.02)})
    reached(HIDDEN, within(view, {"red block": "red bowl", "blue block 1": "blue bowl"}))


def test_a_tower_put_into_the_bowl_as_a_whole_has_its_lowest_block_there():
    view = within(TWO_LAYERS, {"red block": "red bowl", "blue block 1": "blue bowl"})
    reached(HIDDEN, view.moved("green block", (0.6, 0.2, 0.064)))


def test_the_cover_in_the_bowl_is_not_what_it_covered():
    view = laid(TWO_LAYERS, {"green block": (0.6, 0.2, 0.024), "yellow block": (0.6, -0.2, 0.024)})
    assert HIDDEN.progress(view) == 0


def test_a_block_that_is_not_meant_spoils_the_tower_that_it_lies_on():
    right = on(TOWERS, ("yellow block", "red block"), "red zone")
    reached(WARM, right)
    refused(WARM, right.moved("brown block", (0.6, 0.0, 0.1)), least=0.5)


def test_a_block_that_is_not_meant_spoils_the_tower_that_it_lies_beside():
    refused(WARM, on(TOWERS, ("yellow block", "red block"), "red zone").moved("brown block", (0.64, 0.04, 0.02)))


def test_a_block_that_is_not_meant_is_no_floor():
    refused(WARM, on(TOWERS, ("red block", "brown block", "yellow block"), "red zone"), most=0.5)


def test_a_block_that_is_moved_along_spoils_the_area():
    target = AREAS["top right area"].middle
    goal = Goal((Inside((("red block", ("top right area",)),)),), (("green block", "top right area"),))
    moved = TOWERS.moved("red block", (*target, 0.02))
    reached(goal, moved)
    refused(goal, moved.moved("green block", (target[0], target[1] + 0.06, 0.02)))


def test_a_pyramid_stands_in_rows():
    reached(ROWS, built())
    reached(ROWS, built(rows=("green red blue", "cyan yellow", "brown")))


def test_a_flat_pyramid_is_its_lowest_row():
    view = built()
    for name, y in (("yellow block", -0.1), ("cyan block", 0.1), ("brown block", 0.15)):
        view = view.moved(name, (0.6, y, 0.02))
    assert ROWS.progress(view) == 0.5


@pytest.mark.parametrize(
    "rows", [("red blue yellow", "green cyan", "brown"), ("red blue green", "yellow brown", "cyan")]
)
def test_rows_that_are_exchanged_are_no_pyramid(rows):
    refused(ROWS, built(rows=rows))


def test_a_pyramid_on_its_head_is_none():
    refused(ROWS, built(rows=("brown", "yellow cyan", "red blue green")), most=0.0)


def test_a_pyramid_of_towers_is_none():
    view = towered(built(), ("red block", "yellow block", "brown block"), 0.6, -0.044)
    refused(ROWS, view.moved("cyan block", (0.6, 0.0, 0.06)), most=0.67)


def test_a_pyramid_beside_its_zone_is_none():
    assert ROWS.progress(built(y=0.15)) == 0


def test_a_pyramid_of_which_a_block_stands_outside_of_the_zone_is_not_on_it():
    refused(ROWS, built(y=0.035), most=0.84)  # the third of the lowest row is 1.9 cm beyond the edge


def test_even_blocks_in_the_wrong_zone_and_odd_ones_in_theirs_are_wrong():
    right = laid(EVEN, {REDS[0]: (0.6, 0.23, 0.02), REDS[1]: (0.6, 0.28, 0.02)})
    reached(EVENLY, right)
    swapped = laid(EVEN, {REDS[0]: (0.6, -0.23, 0.02), REDS[1]: (0.6, -0.28, 0.02)})
    assert EVENLY.progress(swapped) == 0
    refused(EVENLY, right.moved("blue block 1", (0.6, -0.25, 0.02)))


def test_blocks_in_a_zone_may_lie_on_each_other():
    reached(EVENLY, on(EVEN, REDS, "red zone"))


@pytest.mark.parametrize("high", [0.06, 0.3])
def test_a_block_that_floats_over_its_zone_is_not_in_it(high):
    refused(EVENLY, laid(EVEN, {REDS[0]: (0.6, 0.23, 0.02), REDS[1]: (0.6, 0.28, high)}))


@pytest.mark.parametrize("high", [0.06, 0.3])
def test_a_block_that_floats_over_its_corner_is_not_there(high):
    x, y = AREAS["top left corner"].middle
    places = {name: (x, y - 0.06 + 0.042 * i, 0.02) for i, name in enumerate(FOUR)}
    reached(CORNER, laid(TOWERS, places))
    refused(CORNER, laid(TOWERS, {**places, FOUR[3]: (x + 0.06, y, high)}))


def test_all_but_one_is_not_all():
    x, y = AREAS["top left corner"].middle
    places = {name: (x, y - 0.06 + 0.042 * i, 0.02) for i, name in enumerate(FOUR[:3])}
    assert CORNER.progress(laid(TOWERS, places)) == 0.75


def test_a_bowl_may_hold_a_pile():
    goal = Goal((Inside(tuple((f"{c} block", ("yellow bowl",)) for c in ("red", "blue", "green"))),))
    x, y, _ = PRIMITIVE["yellow bowl"].position
    pile = laid(PRIMITIVE, {f"{c} block": (x, y, 0.024 + 0.04 * i) for i, c in enumerate(("red", "blue", "green"))})
    reached(goal, pile)
    refused(goal, pile.moved("blue block", (x, y - 0.1, 0.02)), most=0.67)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("put", SIDES)
def test_beside_is_the_side_that_was_said(side, put):
    goal = Goal((Beside("small green block", "small red block", side),))
    x, y, _ = SIDE["small red block"].position
    view = SIDE.moved("small green block", (x + 0.14 * SIDES[put][0], y + 0.14 * SIDES[put][1], 0.02))
    assert goal.holds(view) == (side == put)
    assert goal.progress(view) == float(side == put)


def test_beside_is_on_the_table_and_near_the_point():
    goal = Goal((Beside("small green block", "small red block", "left"),))
    refused(goal, SIDE.moved("small green block", (0.48, 0.16, 0.06)))
    refused(goal, SIDE.moved("small green block", (0.48, 0.05, 0.02)))
    refused(goal, SIDE.moved("small green block", (0.48, 0.24, 0.02)))


def test_a_pair_in_its_zone_has_the_small_one_on_top():
    right = on(
        on(PAIRS, ("big red block", "small red block"), "red zone"), ("big blue block", "small blue block"), "blue zone"
    )
    reached(PAIR, right)
    refused(PAIR, on(right, ("small red block", "big red block"), "red zone"), most=0.5)
    refused(
        PAIR,
        on(
            on(PAIRS, ("big red block", "small blue block"), "red zone"),
            ("big blue block", "small red block"),
            "blue zone",
        ),
    )


def test_a_goal_that_wants_nothing_is_reached():
    reached(Goal(()), TOWERS)
    refused(Goal((), (("red block", "red zone"),)), TOWERS.moved("red block", (0.6, 0.0, 0.02)))


EVERY = {
    "stack": (STACK, TOWERS), "match": (MATCH, MATCHING), "mismatch": (MISMATCH, MATCHING), "even": (EVENLY, EVEN),
    "colours": (BY_COLOUR, SAME_COLOUR), "order": (IN_ORDER, SIZES), "warm": (WARM, TOWERS),
    "turns": (TURNS, ALTERNATE), "pyramid": (ROWS, PYRAMID), "hidden": (HIDDEN, TWO_LAYERS), "pairs": (PAIR, PAIRS),
    "corner": (CORNER, TOWERS.without(["blue zone"])),
    "beside": (Goal((Beside("small green block", "small red block", "left"),)), SIDE),
}  # fmt: skip


@st.composite
def disturbed(draw, view):
    """Some blocks elsewhere, on or in things, or in the air; some held or moving."""
    for name in draw(st.lists(st.sampled_from([b.name for b in view.blocks]), max_size=8)):
        under = draw(st.sampled_from(view.items))
        x, y, _ = under.position
        away = st.floats(-0.07, 0.07)
        z = draw(st.sampled_from([0.02, 0.024, 0.03, 0.06, 0.1, 0.14, under.top + view[name].edge / 2]))
        view = view.moved(name, (x + draw(away), y + draw(away), z))
    if draw(st.booleans()):
        moving = draw(st.sampled_from(view.blocks)).name
        view = replace(view, items=tuple(replace(i, still=i.name != moving) for i in view.items))
    return replace(view, held=draw(st.sampled_from(["", "", view.blocks[0].name])))


@settings(max_examples=100)
@given(name=st.sampled_from(sorted(EVERY)), data=st.data())
def test_progress_is_a_share_and_one_exactly_where_the_goal_is_reached(name, data):
    goal, view = EVERY[name]
    now = data.draw(disturbed(view))
    progress = goal.progress(now)
    assert 0 <= progress <= 1
    assert (progress == 1) == goal.holds(now)
    assert len(goal.facts(now)) == len(goal.facts(view))
    gone = data.draw(st.sets(st.sampled_from(sorted(goal.blocks)), min_size=1))
    assert not goal.holds(now.without(gone))  # what nobody sees is nowhere


NAMES = st.sampled_from(["red block", "big blue block 2", "ü", "a/b"])
FLOORS = st.lists(st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4).map(tuple)
WANTED = st.one_of(
    st.builds(
        Inside,
        st.lists(st.tuples(NAMES, st.lists(NAMES, min_size=1, max_size=3).map(tuple)), min_size=1, max_size=3).map(
            tuple
        ),
    ),
    st.builds(Tower, FLOORS, st.sampled_from(["", "red zone", "middle"])),
    st.builds(Beside, NAMES, NAMES, st.sampled_from(list(SIDES)), st.floats(0.05, 0.3)),
    st.builds(Pyramid, FLOORS, NAMES),
)


@given(st.builds(Goal, st.lists(WANTED, max_size=4).map(tuple), st.lists(st.tuples(NAMES, NAMES)).map(tuple)))
def test_a_goal_survives_json(goal):
    again = Goal.from_json(json.loads(json.dumps(goal.to_json())))
    assert again == goal
    assert hash(again) == hash(goal)


def test_a_want_that_nobody_knows_is_refused():
    with pytest.raises(KeyError, match="no want 'towr'; did you mean 'tower'"):
        Goal.from_json({"wants": [{"kind": "towr", "floors": []}], "outside": []})


def test_a_zone_that_is_not_on_the_table_is_told():
    with pytest.raises(KeyError, match="nothing here is called 'pink zone'"):
        Goal((Tower((FOUR,), "pink zone"),)).progress(TOWERS)


@pytest.mark.parametrize("name", EVERY)
def test_at_the_beginning_nothing_is_done(name):
    goal, view = EVERY[name]
    refused(goal, view, most=0.0)
