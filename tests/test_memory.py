"""The memory: what it keeps and on what evidence, what it recalls and what it asks, and how it is inspected."""

import uuid
from math import pi

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lessons_taught import HANDLE, LEFT, drafted, kept, lesson, now, said, seen, things

from embodied.corrections import Edit, Ref
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.memory_evidence import Flips
from embodied.plugins import Unknown
from embodied.situations import Entity, Surroundings, When
from embodied.skills import Act, At, Program
from embodied.teaching import draft


@pytest.fixture
def memory(tmp_path):
    ticks = iter(range(10**6, 10**9, 86400))
    with Memory(tmp_path / "memory.sqlite", user="ann", clock=lambda: float(next(ticks))) as opened:
        yield opened


def test_a_lesson_is_recalled_once_its_step_succeeded_and_not_before(memory):
    taught = memory.teach(lesson())
    assert (taught.state, memory.recall(now()).ids) == ("pending", ())
    assert memory.commit(taught.id, now()).state == "active"
    found = memory.recall(now("blue mug"))
    assert (found.ids, found.manner) == ((taught.id,), HANDLE)
    with pytest.raises(ValueError, match="is active, not pending; only pending ones are committed"):
        memory.commit(taught.id, now())
    with pytest.raises(ValueError, match="`forget` is for those"):
        memory.drop(taught.id)


def test_a_lesson_that_never_worked_leaves_nothing(memory):
    taught = memory.teach(lesson())
    memory.drop(taught.id)
    assert memory.lessons() == []
    with pytest.raises(Unknown, match="no lesson 1 among 0"):
        memory.show(taught.id)


def test_nothing_is_taught_by_what_changes_nothing(memory):
    with pytest.raises(ValueError, match="changes no manner and no plan"):
        memory.teach(lesson(Manner()))
    assert memory.events() == []


def test_the_same_rule_under_three_instructions_stays_one_and_leaks_into_no_other(memory):
    for task in ("tidy up", "lay the table", "wash up"):
        kept(memory, drafted(at=now(task=task), reach="kind"), now(task=task))
    (only,) = memory.lessons()
    assert (only.confirmed, len(memory)) == (3, 1)
    before = memory.digest()
    for task in ("tidy up", "lay the table", "wash up"):
        assert memory.recall(now(task=task)).ids == (only.id,)
    assert memory.recall(now("spoon", "spoon", task="tidy up")).manner == Manner()
    assert memory.recall(now(verb="place", target="tray", target_kind="tray")).manner == Manner()
    assert memory.digest() == before, "a request writes nothing"


def test_a_request_leaks_into_no_later_one(memory):
    kept(memory, lesson(), seen=seen(1, 0))
    first = memory.recall(now(), seen(1, 0))
    before = memory.digest()
    memory.recall(now("spoon", "spoon"), seen(0, 1))
    memory.why(now())
    memory.recall_plan(Program(), things())
    assert memory.recall(now(), seen(1, 0)) == first
    assert memory.digest() == before


def test_an_unrelated_object_after_a_correction_is_left_alone(memory):
    kept(memory, lesson(LEFT))
    for kind in ("spoon", "drawer", "person", "plate"):
        found = memory.recall(now(f"a {kind}", kind))
        assert (found.apply, found.ask, found.manner) == ((), (), Manner())


def test_a_text_lesson_and_an_image_lesson_live_side_by_side(memory):
    image = kept(memory, lesson(object="red mug", scope="instance"), seen=seen(1, 0, 0))
    text = kept(memory, lesson(Manner(speed=0.1), "slowly", kind=None, scope="everywhere"))
    for looks in (None, seen(1, 0, 0), seen(1, 0, encoder="clip"), seen(1, 0)):
        assert memory.recall(now(), looks).ids == (image.id, text.id)
    assert memory.recall(now(), seen(0, 1, 0)).ids == (text.id,)
    with pytest.raises(ValueError, match=r"vector has shape \(1, 2\); wanted one axis"):
        memory.teach(lesson(), seen=seen([1, 2]))


def test_a_thing_of_another_kind_that_looks_the_same_is_asked_about(memory):
    kept(memory, lesson(), seen=seen(1, 0))
    assert [len(memory.recall(now("jar", "jar"), looks).ask) for looks in (None, seen(0.9, 0.1), seen(0, 1))] == [
        0,
        1,
        0,
    ]


def test_an_offset_is_returned_in_the_frame_of_the_thing_however_it_is_turned(memory):
    kept(memory, lesson(LEFT))
    turned = Entity("blue mug", "mug", (0.4, 0, 0), yaw=pi / 2)
    offset = memory.recall(now("blue mug")).manner.offset
    assert offset == LEFT.offset
    np.testing.assert_allclose(turned.to_base(*offset), (-0.02, 0, 0), atol=1e-12)


def test_silent_success_counts_and_a_correction_shrinks(memory):
    one = kept(memory, lesson(noticed=frozenset({"full"})), now(attributes={"full"}))
    memory.used([one.id], now("blue mug", attributes={"full"}), "ok")
    memory.used([one.id], now("blue mug"), "overridden")
    after = memory.show(one.id)
    assert (after.applied, after.confirmed, after.overridden) == (3, 2, 1)
    assert after.when.attributes == {"full"}, "it was always full when it was right"
    assert memory.recall(now("blue mug")).ids == ()
    assert memory.recall(now("green mug", attributes={"full"})).ids == (one.id,)


@pytest.mark.parametrize(
    ("right", "wrong", "other"),
    [
        (now(), now("blue mug", attributes={"fragile"}), now("green mug", attributes={"fragile"})),
        (
            now(),
            now("blue mug").model_copy(update={"place": "drawer"}),
            now("red mug").model_copy(update={"place": "rack"}),
        ),
    ],
)
def test_what_tells_wrong_from_right_is_generalised(memory, right, wrong, other):
    one = kept(memory, lesson(), right)
    memory.used([one.id], wrong, "overridden")
    assert memory.recall(other).ids == ()
    assert memory.recall(right).ids == (one.id,)


def test_without_a_word_that_tells_them_apart_one_thing_is_an_exception_and_others_are_asked_about(memory):
    one = kept(memory, lesson())
    memory.used([one.id], now("blue mug"), "overridden")
    assert [e.object for e in memory.show(one.id).exceptions] == ["blue mug"]
    assert memory.recall(now()).ids == (one.id,)
    assert memory.recall(now("blue mug")).ids == ()
    (asked,) = memory.recall(now("green mug")).ask
    assert asked.why == "it was wrong in something much like this"
    memory.used([one.id], now("green mug"), "ok")
    assert memory.recall(now("green mug")).ids == (one.id,), "a yes settles it"


def test_three_overrides_that_outnumber_successes_quarantine(memory):
    one = kept(memory, lesson())
    for colour in ("blue", "green", "black"):
        assert memory.show(one.id).state == "active"
        memory.used([one.id], now(f"{colour} mug"), "overridden")
    assert memory.show(one.id).state == "quarantined"
    assert memory.recall(now()).ids == ()
    assert "quarantined, it was wrong 3 times" in memory.why(now())


def test_a_limit_holds_at_once_and_through_every_override(memory):
    one = memory.teach(lesson(Manner(speed=0.1), "never fast", scope="limit", verb=None, kind=None))
    for _ in range(4):
        memory.used([one.id], now(), "overridden")
    assert memory.recall(now("spoon", "spoon", "place")).manner.speed == 0.1


def test_what_was_overridden_and_taught_again_holds_again(memory):
    one = kept(memory, lesson())
    memory.used([one.id], now("blue mug"), "overridden")
    assert kept(memory, lesson(), now("blue mug")).id == one.id
    assert memory.recall(now("blue mug")).ids == (one.id,)


def test_a_yes_to_a_kind_called_alike_makes_it_one_of_its_own(memory):
    one = kept(memory, lesson())
    assert [v.lesson.id for v in memory.recall(now("cup", "cup")).ask] == [one.id]
    memory.used([one.id], now("cup", "cup"), "ok")
    assert memory.recall(now("green cup", "cup")).ids == (one.id,)
    memory.used([one.id], now("beaker", "beaker"), "overridden")
    found = memory.recall(now("beaker", "beaker"))
    assert (found.ids, found.ask) == ((), ())


def test_what_no_lesson_shaped_is_no_event(memory):
    memory.used([], now(), "ok")
    assert memory.events() == []


def test_one_question_is_asked_and_its_answer_widens(memory):
    one = kept(memory, drafted())
    assert (one.scope, memory.recall(now("blue mug")).ids) == ("instance", ())
    asked = memory.question(one.id)
    assert asked.text == "Also for other mugs?"
    assert memory.question(one.id) is None
    memory.answer(one.id, asked, True)
    assert memory.recall(now("blue mug")).ids == (one.id,)


def test_a_no_leaves_the_lesson_as_narrow_as_it_was(memory):
    one = kept(memory, drafted())
    memory.answer(one.id, memory.question(one.id), False)
    assert memory.show(one.id).negatives[0].object == "another mug"
    assert memory.recall(now()).ids == (one.id,)
    assert memory.recall(now("blue mug")).ids == ()


def test_an_answer_to_a_question_about_another_lesson_is_refused(memory):
    one, two = kept(memory, drafted()), kept(memory, drafted("slowly", manner=Manner(speed=0.1)))
    with pytest.raises(ValueError, match="was asked about lesson 1, not 2"):
        memory.answer(two.id, memory.question(one.id), True)


def test_a_write_that_turns_an_old_verdict_wrong_is_refused_unless_forced(memory):
    one = kept(memory, lesson())
    before = memory.digest()
    with pytest.raises(
        Flips, match="was right in pick red mug: apply would become ignore; nothing was written"
    ) as refused:
        memory.edit(one.id, when=When(verb="pick", kind="bowl"))
    assert [flip.lesson for flip in refused.value.flips] == [one.id]
    assert memory.digest() == before
    memory.edit(one.id, when=When(verb="pick", kind="bowl"), force=True)
    (wrong,) = memory.replay()
    assert (wrong.good, wrong.would) == (True, "ignore")


def test_a_widening_that_reaches_what_was_wrong_is_refused(memory):
    one = kept(memory, lesson(attributes={"full"}), now(attributes={"full"}))
    memory.used([one.id], now("blue mug"), "overridden")
    assert memory.replay() == ()
    bad = memory.show(one.id).negatives
    memory.edit(one.id, text="always by the handle", exceptions=())
    assert memory.show(one.id).negatives == bad


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"created": 7}, "'created' of a lesson is not edited; there are also, edits"),
        ({"scope": "all"}, "cannot be edited so: scope: Input should be"),
        ({"manner": {"speed": 9}}, r"manner\.speed: Input should be less than or equal to 0\.5"),
        ({"manner": Manner()}, "would change no manner and no plan; forget it instead"),
    ],
)
def test_an_edit_that_makes_no_lesson_is_refused(memory, changes, match):
    one = kept(memory, lesson())
    with pytest.raises(ValueError, match=match):
        memory.edit(one.id, **changes)
    assert memory.show(one.id) == one


def test_why_names_the_lesson_its_words_when_by_whom_and_on_what_evidence(memory):
    kept(memory, lesson(run="r1", step=3))
    kept(
        memory,
        Lesson(text="slowly", when=When(verb="pick", kind="cup"), manner=Manner(speed=0.1), user="bob"),
        now("cup", "cup"),
    )
    text = memory.why(now())
    assert "apply lesson 1 ('by the handle'), 1.00: it was right in just this; taught 1970-01-12" in text
    assert "in r1 step 3 for verb pick, kind mug (kind); right 1 times, wrong 0; it sets part" in text
    assert "ask lesson 2 ('slowly'), 0.65: a mug is like cup" in text
    assert "by bob" in text
    assert memory.why(now("spoon", "spoon", "open")) == "no lesson is about open spoon"


def test_the_correction_is_kept_and_lessons_are_found_by_words(memory):
    correction = said()
    one = memory.teach(draft(correction, now()), correction)
    two = memory.teach(lesson(Manner(speed=0.1), "slower with the glass", kind="glass"))
    assert memory.taught(one.id) == correction
    assert memory.taught(two.id) is None
    assert [found.id for found in memory.lessons("glass slow")] == [two.id, one.id]


def test_users_do_not_hear_each_other_s_lessons(memory, tmp_path):
    kept(memory, drafted(at=now(user="ann"), reach="kind"))
    with Memory(tmp_path / "memory.sqlite", user="bob") as other:
        assert other.recall(now()).ids == ()
        assert len(memory.recall(now()).ids) == 1


PLAN = Program(
    steps=(
        Act(verb="pick", object="wine glass"),
        Act(verb="place", object="wine glass", target="tray"),
        Act(verb="pick", object="red mug"),
        Act(verb="place", object="red mug", target="tray"),
    ),
    sentence="load the tray",
)
ROOM = things(("wine glass", "glass", "fragile"), ("red mug", "mug"), ("tray", "tray"))


def planned(memory, edit, text="glasses last", reach=None):
    taught = draft(said(text, Manner(), edits=(edit,), reach=reach), now(task="load the tray"), ROOM)
    return kept(memory, taught, now("wine glass", "glass", task="load the tray"))


def test_a_change_of_plan_holds_for_its_instruction_until_it_is_said_to_hold_always(memory):
    last = Edit(kind="last", what=Ref(kind="glass"))
    once = planned(memory, last)
    assert memory.recall_plan(PLAN, ROOM).edits == (last,)
    assert memory.recall_plan(PLAN, ROOM, task="clear the table").edits == ()
    assert memory.recall(now("wine glass", "glass", task="load the tray")).ids == (), "it is about plans"
    always = planned(memory, last, reach="kind")
    assert always.id != once.id
    found = memory.recall_plan(PLAN, ROOM, task="clear the table")
    assert (found.edits, found.ids) == ((last,), (always.id,))


def test_a_change_of_plan_does_not_reach_other_things_acts_that_are_done_or_what_is_not_there(memory):
    planned(memory, Edit(kind="last", what=Ref(kind="glass")))
    before = planned(memory, Edit(kind="before", what=Ref(kind="mug"), other=Ref(kind="bowl")), "mug before the bowl")
    only_mugs = things(("wine glass", "cup"), ("red mug", "mug"), ("tray", "tray"))
    assert memory.recall_plan(PLAN, only_mugs).edits == ()
    assert memory.recall_plan(PLAN.standing(At(step=2)), ROOM).edits == ()
    ignored = memory.recall_plan(PLAN, ROOM).ignored
    assert [(v.lesson.id, v.why) for v in ignored] == [(before.id, "there is no bowl here")]
    assert memory.recall_plan(PLAN, Surroundings(())).edits == ()


def test_what_is_added_belongs_to_an_instruction(memory):
    more = Edit(kind="add", what=Ref(kind="bowl"), verb="place", other=Ref(kind="tray"))
    planned(memory, more, "also bring the bowl")
    assert memory.recall_plan(PLAN, ROOM).edits == (more,)
    assert memory.recall_plan(PLAN, ROOM, task="wash up").edits == ()


COLOURED = st.sampled_from(["red", "blue", "green"])
STATES = st.frozensets(st.sampled_from(["full", "hot", "fragile"]))
AROUND = st.builds(
    lambda kind, colour, states, place: now(f"{colour} {kind}", kind, attributes=states).model_copy(
        update={"place": place}
    ),
    st.sampled_from(["mug", "cup", "glass"]),
    COLOURED,
    STATES,
    st.sampled_from(["table", "drawer"]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(AROUND, min_size=1, max_size=12), STATES, st.sampled_from([None, "kind", "everywhere"]))
def test_whatever_somebody_wants_the_memory_never_goes_against_what_it_was_told(tmp_path, scenes, wanted, reach):
    wish = When(verb="pick", kind="mug", attributes=wanted)
    first = now(attributes=wanted)
    with Memory(tmp_path / f"{uuid.uuid4().hex}.sqlite", clock=lambda: 0.0) as memory:
        one = kept(memory, drafted(at=first, reach=reach), first)
        if asked := memory.question(one.id):
            answer = wish.holds(asked.now) != (asked.asks == "attribute")
            memory.answer(one.id, asked, answer)
        for scene in scenes:
            found = memory.recall(scene)
            right = "ok" if wish.holds(scene) else "overridden"
            memory.used([verdict.lesson.id for verdict in (*found.apply, *found.ask)], scene, right)
            assert memory.replay() == () or memory.show(one.id).state != "active"
        for scene in scenes:
            assert wish.holds(scene) or not memory.recall(scene).apply, "it was told that this is wrong"
        for _ in range(sum(event.undoes is None for event in memory.events())):
            memory.undo()
        assert memory.lessons("", "pending", "active", "quarantined", "forgotten") == []
