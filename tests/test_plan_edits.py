"""What is left of a plan is changed as was said; what was carried out stays, and nothing is left in the hand."""

import pytest
from correction_scene import THINGS
from hypothesis import given
from hypothesis import strategies as st

from embodied.corrections import Edit, Moment, Ref, read
from embodied.plan_edits import apply, grouped
from embodied.situations import Surroundings
from embodied.skills import Act, At, Home, Pick, Place, Program

AROUND = Surroundings(THINGS)


def moves(*names, target="tray"):
    return [
        step for n in names for step in (Act(verb="pick", object=n), Act(verb="place", object=n, target=target))
    ]  # fmt: skip


PLAN = Program(steps=tuple(moves("red mug", "clear glass", "spoon", "blue mug")), sentence="clear the table")


def ref(name):
    kinds = {t.kind for t in THINGS}
    return Ref(kind=name) if name in kinds and name not in {t.name for t in THINGS} else Ref(name=name)


def edit(kind, what, other=None, verb=None):
    return Edit(kind=kind, what=ref(what), other=ref(other) if other else None, verb=verb)


def order(program):
    """Things in the order in which they are picked up, or handled otherwise."""
    return [unit[0].object for unit in grouped(program.steps) if hasattr(unit[0], "object")]


@pytest.mark.parametrize(("change", "wanted"), [
    (edit("first", "spoon"), ["spoon", "red mug", "clear glass", "blue mug"]),
    (edit("last", "clear glass"), ["red mug", "spoon", "blue mug", "clear glass"]),
    (edit("last", "mug"), ["clear glass", "spoon", "red mug", "blue mug"]),
    (edit("first", "mug"), ["red mug", "blue mug", "clear glass", "spoon"]),
    (edit("before", "blue mug", "clear glass"), ["red mug", "blue mug", "clear glass", "spoon"]),
    (edit("before", "red mug", "spoon"), ["red mug", "clear glass", "spoon", "blue mug"]),
    (edit("after", "red mug", "spoon"), ["clear glass", "spoon", "red mug", "blue mug"]),
    (edit("after", "spoon", "red mug"), ["red mug", "clear glass", "spoon", "blue mug"]),
    (edit("skip", "mug"), ["clear glass", "spoon"]),
    (edit("skip", "spoon", "tray"), ["red mug", "clear glass", "blue mug"]),
    (edit("instead", "spoon", "bowl"), ["red mug", "clear glass", "bowl", "blue mug"]),
    (edit("add", "bowl", "tray", "place"), ["red mug", "clear glass", "spoon", "blue mug", "bowl"]),
    (edit("add", "drawer", verb="close"), ["red mug", "clear glass", "spoon", "blue mug", "drawer"]),
])  # fmt: skip
def test_units_are_moved_left_out_exchanged_and_added(change, wanted):
    after = apply([change], PLAN, AROUND)
    assert order(after) == wanted
    assert after.sentence == PLAN.sentence
    assert all(
        a.verb == "pick" and b.object == a.object for a, b in zip(after.steps[::2], after.steps[1::2], strict=False)
    )


def test_another_target_is_set_in_the_step_that_puts_down():
    after = apply([edit("elsewhere", "spoon", "rack")], PLAN, AROUND)
    assert [step.target for step in after.steps if step.object == "spoon"] == [None, "rack"]


def test_a_plan_may_become_longer_than_it_was():
    after = apply([edit("add", "bowl", "tray", "place"), edit("add", "knife", "drawer", "place")], PLAN, AROUND)
    assert len(after.steps) == len(PLAN.steps) + 4


def test_what_is_carried_out_stays():
    begun = PLAN.standing(At(step=4))
    after = apply([edit("first", "blue mug")], begun, AROUND)
    assert after.steps[:4] == PLAN.steps[:4]
    assert order(after)[2:] == ["blue mug", "spoon"]
    assert after.at == At(step=4)
    with pytest.raises(ValueError, match="the clear glass; left are the spoon, the blue mug"):
        apply([edit("last", "clear glass")], begun, AROUND)


def test_what_is_in_the_hand_is_put_down_first():
    holding = PLAN.standing(At(step=1, phase=2))
    after = apply([edit("first", "spoon")], holding, AROUND)
    assert [str(step) for step in after.steps[:3]] == [
        "pick the red mug",
        "place the red mug on the tray",
        "pick the spoon",
    ]
    assert after.at == At(step=1, phase=2)
    for kind in ("skip", "last"):
        with pytest.raises(ValueError, match="red mug is in the hand already"):
            apply([edit(kind, "red mug")], holding, AROUND)
    with pytest.raises(ValueError, match="in the hand already"):
        apply([edit("after", "red mug", "spoon")], holding, AROUND)
    with pytest.raises(ValueError, match="in the hand already"):
        apply([edit("before", "spoon", "red mug")], holding, AROUND)
    with pytest.raises(ValueError, match="in the hand already"):
        apply([edit("instead", "red mug", "bowl")], holding, AROUND)
    assert apply([edit("elsewhere", "red mug", "rack")], holding, AROUND).steps[1].target == "rack"
    assert apply([edit("first", "red mug")], holding, AROUND) == holding


def test_another_step_begins_at_its_beginning():
    begun = PLAN.standing(At(step=0, phase=1))
    assert apply([edit("first", "spoon")], begun, AROUND).at == At(step=0)
    assert apply([edit("last", "spoon")], begun, AROUND).at == begun.at


@pytest.mark.parametrize(("change", "says"), [
    (edit("last", "bowl"), "about the bowl; left are the red mug, the clear glass"),
    (edit("last", "vase"), "about the vase"),
    (edit("before", "mug", "spoon"), "the mug may be the red mug, the blue mug; name one"),
    (edit("after", "spoon", "mug"), "the mug may be"),
    (edit("before", "spoon", "spoon"), "cannot come before itself"),
    (edit("before", "spoon"), "needs 'other': before what"),
    (edit("instead", "spoon"), "needs 'other'"),
    (edit("instead", "spoon", "vase"), "no vase here; there is the red mug"),
    (edit("instead", "spoon", "mug"), "the mug may be the red mug, the blue mug"),
    (edit("elsewhere", "spoon", "vase"), "no vase here"),
    (edit("skip", "spoon", "rack"), "about the spoon"),
    (edit("add", "bowl", "tray"), "adding the bowl needs a verb"),
    (edit("add", "bowl", verb="place"), "needs 'other'"),
    (edit("last", "spoon", verb="open"), "about the spoon"),
])  # fmt: skip
def test_a_reference_that_fits_nothing_or_too_much_is_refused(change, says):
    with pytest.raises(ValueError, match=says):
        apply([change], PLAN, AROUND)


def test_what_is_put_nowhere_cannot_go_elsewhere():
    with pytest.raises(ValueError, match="puts the drawer anywhere"):
        apply([edit("elsewhere", "drawer", "tray")], Program(steps=(Act(verb="open", object="drawer"),)), AROUND)


def test_steps_of_other_skills_keep_together_too():
    plan = Program(steps=(Home(), Pick(object="spoon"), Place(object="spoon", on="tray"), *moves("bowl")))
    after = apply([edit("last", "spoon"), edit("elsewhere", "spoon", "rack")], plan, AROUND)
    assert [step.skill for step in after.steps] == ["home", "act", "act", "pick", "place"]
    assert after.steps[-1].on == "rack"


KINDS = st.sampled_from(["first", "last", "skip"])


@given(
    st.lists(st.tuples(KINDS, st.sampled_from(["red mug", "spoon", "mug", "clear glass"])), max_size=4),
    st.integers(0, 8),
)
def test_no_edit_of_order_invents_or_splits_a_step(changes, at):
    program = PLAN.standing(At(step=at))
    try:
        after = apply([edit(*change) for change in changes], program, AROUND)
    except ValueError:
        return
    assert after.steps[:at] == program.steps[:at]
    assert set(map(str, after.steps)) <= set(map(str, program.steps))
    left = after.steps[at + at % 2 :]
    assert all(a.object == b.object for a, b in zip(left[::2], left[1::2], strict=True))


@pytest.mark.parametrize(("said", "wanted"), [
    ("load the glass last", ["red mug", "spoon", "blue mug", "clear glass"]),
    ("put the spoon in before the glass", ["red mug", "spoon", "clear glass", "blue mug"]),
    ("leave the spoon", ["red mug", "clear glass", "blue mug"]),
    ("also bring the bowl", ["red mug", "clear glass", "spoon", "blue mug", "bowl"]),
    ("first the spoon, then the glass", ["red mug", "spoon", "clear glass", "blue mug"]),
])  # fmt: skip
def test_what_was_said_can_be_applied(said, wanted):
    heard = read(said, Moment(AROUND, PLAN, PLAN.steps[1]))
    assert order(apply(heard.edits, PLAN, AROUND)) == wanted
