"""The gate: what must hold, what is only like it, and what makes one ask; and which of two lessons wins."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lessons_taught import LEFT, lesson, now, seen

from embodied.conflicts import settle
from embodied.corrections import Edit, Ref
from embodied.gate import CAREFUL, Thresholds, Verdict, calibrated, judge
from embodied.manner import Manner
from embodied.similarity import kinds_alike, lexical
from embodied.situations import When


def decision(*args, **words):
    return judge(*args, **words).decision


def test_the_same_kind_applies_a_kind_called_alike_is_asked_about_and_another_is_ignored():
    taught = lesson()
    assert [decision(taught, now(f"blue {kind}", kind)) for kind in ("mug", "mugs", "cup", "bowl", "rug")] == [
        "apply", "apply", "ask", "ignore", "ignore",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("when", "other"),
    [
        ({}, {"verb": "place", "target": "tray", "target_kind": "tray"}),
        ({"attributes": {"full"}}, {"attributes": {"hot"}}),
        ({"user": "ann"}, {"user": "bob"}),
        ({"robot": "panda"}, {"robot": "ur5"}),
        ({"task": "lay the table"}, {"task": "clear the table"}),
        ({"place": "drawer"}, {}),
        ({"object": "red mug"}, {"object": "blue mug"}),
    ],
)
def test_one_word_that_differs_puts_a_lesson_out(when, other):
    verdict = judge(lesson(**when), now(**other))
    assert (verdict.decision, verdict.score) == ("ignore", 0.0)
    assert verdict.why.startswith("it is for")


def test_another_kind_of_target_puts_an_offset_out_and_the_same_one_does_not():
    taught = lesson(LEFT, verb="place", target_kind="tray")
    at = {"verb": "place", "target": "it", "place": "hand"}
    assert decision(taught, now(target_kind="tray").model_copy(update=at)) == "apply"
    assert decision(taught, now(target_kind="rack").model_copy(update=at)) == "ignore"


def test_a_lesson_for_one_thing_knows_it_by_name_and_by_looks():
    taught = lesson(object="red mug", scope="instance")
    looks = seen(1, 0)
    assert decision(taught, now()) == "apply"
    assert decision(taught, now(), seen=seen(1, 0.1), taught=looks) == "apply"
    assert decision(taught, now(), seen=seen(1, 1.8), taught=looks) == "ask"
    assert decision(taught, now(), seen=seen(0, 1), taught=looks) == "ignore"


def test_pictures_of_two_encoders_or_sizes_are_never_compared():
    taught = lesson(object="red mug", scope="instance")
    assert decision(taught, now(), seen=seen(0, 1, encoder="clip"), taught=seen(1, 0)) == "apply"
    assert decision(taught, now(), seen=seen(0, 1, 0), taught=seen(1, 0)) == "apply"


def test_another_kind_that_looks_the_same_is_asked_about_and_never_more():
    verdict = judge(lesson(), now("jar", "jar"), seen=seen(1, 0), taught=seen(1, 0))
    assert (verdict.decision, verdict.why) == ("ask", "this jar looks like a mug")


def test_what_was_for_now_applies_in_that_run_only():
    taught = lesson(scope="now", run="r1")
    assert [decision(taught, now(), run=run) for run in ("r1", "r2", "")] == ["apply", "ignore", "ignore"]


def test_an_exception_and_an_identical_negative_put_it_out():
    assert decision(lesson(exceptions=(When(attributes=frozenset({"hot"})),)), now(attributes={"hot"})) == "ignore"
    bad = now(task="another instruction", attributes={"hot"})
    assert decision(lesson(negatives=(bad,)), now(attributes={"hot"})) == "ignore"


def test_near_a_negative_it_asks_until_positives_outnumber_it():
    bad, good = now("blue mug"), [now(f"{colour} mug") for colour in ("red", "green", "black")]
    new = now("white mug")
    assert decision(lesson(negatives=(bad,), positives=(good[0],)), new) == "ask"
    assert decision(lesson(negatives=(bad,), positives=tuple(good)), new) == "apply"


def test_a_negative_that_a_condition_explains_says_nothing_of_what_lies_inside():
    bad = now("blue mug")
    taught = lesson(attributes={"full"}, negatives=(bad,))
    assert decision(taught, now("white mug", attributes={"full"})) == "apply"


def test_what_was_noticed_and_lacks_is_asked_about_until_it_was_right_without():
    taught = lesson(noticed=frozenset({"full"}))
    assert decision(taught, now(attributes={"full"})) == "apply"
    assert decision(taught, now()) == "ask"
    assert decision(taught.model_copy(update={"positives": (now("blue mug"),)}), now()) == "apply"


def test_lengths_taught_on_a_thing_of_another_size_are_asked_about():
    small, large = now().model_copy(update={"size": 0.04}), now("large mug").model_copy(update={"size": 0.21})
    taught = lesson(LEFT, size=0.1)
    assert [decision(taught, at) for at in (now(), small, large)] == ["apply", "ask", "ask"]
    assert decision(lesson(size=0.1), large) == "apply", "a part is no length"
    assert decision(taught.model_copy(update={"positives": (large,)}), small) == "ask"


def test_a_limit_holds_where_its_condition_does_and_nowhere_else():
    limit = lesson(Manner(speed=0.1), scope="limit", negatives=())
    assert [decision(limit, at) for at in (now(), now("cup", "cup"))] == ["apply", "ignore"]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60), st.floats(0.05, 0.5))
def test_calibration_is_only_ever_more_careful(labels, alpha):
    found = calibrated(labels, alpha)
    assert found.apply >= CAREFUL.apply
    assert found.ask <= CAREFUL.ask
    if len(labels) < 20:
        assert found == CAREFUL


def test_calibrated_thresholds_let_few_wrong_ones_through():
    wrong = [(0.7 + 0.01 * i, False) for i in range(20)]
    right = [(0.35 + 0.02 * i, True) for i in range(20)]
    found = calibrated(wrong + right, 0.1)
    assert sum(score >= found.apply for score, _ in wrong) <= 2
    assert sum(score < found.ask for score, _ in right) <= 2
    assert found.ask < CAREFUL.ask
    with pytest.raises(ValueError, match="alpha is 1; it lies between"):
        calibrated([], 1)


def test_thresholds_that_cross_are_refused():
    with pytest.raises(ValueError, match=r"apply 0\.4 and ask 0\.5; wanted 0 < ask <= apply <= 1"):
        Thresholds(0.4, 0.5)


def applied(*lessons):
    return settle([Verdict(one, "apply", 1.0, "") for one in lessons])


def test_the_stronger_scope_wins_field_by_field():
    one = {"object": "red mug"}
    found = applied(
        lesson(Manner(part="rim", speed=0.2, force=5), id=1, kind=None, scope="everywhere"),
        lesson(Manner(part="handle", speed=0.1), id=2),
        lesson(Manner(part="body"), id=3, scope="instance", **one),
        lesson(Manner(part="base"), id=4, scope="now", **one),
    )
    assert found.manner == Manner(part="base", speed=0.1, force=5)
    assert found.by == {"part": 4, "speed": 2, "force": 1}
    assert found.ids == (4, 2, 1)
    assert [verdict.why for verdict in found.ignored] == ["stronger lessons say all it says"]


def test_of_one_scope_the_more_specific_wins_then_the_newer():
    full = {"attributes": {"full"}}
    general, special = lesson(id=1, created=9e9), lesson(Manner(part="rim"), id=2, **full)
    assert applied(general, special).manner.part == "rim"
    newer = lesson(Manner(part="body"), id=3, created=1)
    older = lesson(id=4, created=0)
    assert applied(newer, older).manner.part == "body"


def test_offsets_of_two_lessons_are_not_added():
    found = applied(lesson(LEFT, id=1, created=0), lesson(Manner(offset=(0.05, 0, 0)), id=2, created=5))
    assert found.manner.offset == (0.05, 0, 0)


def test_equally_strong_ones_of_one_sitting_that_contradict_each_other_are_asked_about():
    one = lesson(id=1, attributes={"full"}, created=100)
    other = lesson(Manner(part="rim"), id=2, attributes={"hot"}, created=200)
    third = lesson(Manner(speed=0.1), id=3)
    found = applied(one, other, third)
    assert found.manner == Manner(speed=0.1)
    assert {verdict.lesson.id for verdict in found.ask} == {1, 2}
    assert all("says otherwise about part" in verdict.why for verdict in found.ask)
    later = other.model_copy(update={"created": 100 + 86400.0})
    assert applied(one, later).manner.part == "rim"


def test_what_a_lesson_that_applies_says_already_is_not_asked_about():
    asked = Verdict(lesson(Manner(part="rim"), id=2, kind="cup", created=5), "ask", 0.65, "a mug is like cup")
    more = Verdict(lesson(Manner(part="rim", speed=0.1), id=3, kind="cup"), "ask", 0.65, "a mug is like cup")
    mine = Verdict(lesson(Manner(part="rim"), id=4, scope="instance", object="red mug"), "ask", 0.6, "")
    found = settle([Verdict(lesson(id=1), "apply", 1.0, ""), asked, more, mine])
    assert [verdict.lesson.id for verdict in found.ask] == [4, 3]
    assert [verdict.why for verdict in found.ignored] == ["a mug is like cup, but what applies says it already"]


def test_limits_hold_down_what_others_ask_for_and_what_to_keep_clear_of_is_united():
    limit = lesson(Manner(speed=0.1, height=0.2, clear_of=("head",)), id=1, scope="limit")
    fast, slow = Manner(speed=0.4, height=0.1, clear_of=("glass",)), Manner(speed=0.05, height=0.3)
    found = applied(limit, lesson(fast, id=2))
    assert (found.manner.speed, found.manner.height, set(found.manner.clear_of or ())) == (0.1, 0.2, {"head", "glass"})
    assert applied(limit, lesson(slow, id=2)).manner.model_dump(include={"speed", "height"}) == {
        "speed": 0.05,
        "height": 0.3,
    }


def test_of_two_orders_of_one_thing_the_stronger_stands():
    what = Ref(kind="glass")
    last, first = (lesson(Manner(), edits=(Edit(kind=kind, what=what),)) for kind in ("last", "first"))
    found = applied(last.model_copy(update={"id": 1, "created": 5.0}), first.model_copy(update={"id": 2}))
    assert [edit.kind for edit in found.edits] == ["last"]
    assert found.ids == (1,)


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_symmetric_and_of_a_thing_with_itself_one(a, b):
    for alike in (lexical, kinds_alike):
        assert math.isclose(alike(a, b), alike(b, a))
        assert 0 <= alike(a, b) <= 1
    assert kinds_alike(a, a) == 1


def test_words_are_alike_by_their_heads_their_synonyms_and_their_spelling():
    assert kinds_alike("wine glass", "glass") == kinds_alike("teacup", "mugs") == 0.65
    assert kinds_alike("glasses", "glass") == kinds_alike("knives", "knife") == kinds_alike("boxes", "box") == 1
    assert max(kinds_alike(a, b) for a, b in [("glass", "grass"), ("glass bowl", "glass"), ("mug", "rug")]) < 0.5
    assert kinds_alike("", "mug") == 0
