"""From a correction to a lesson: no further than the words, and one question about the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lessons_taught import LEFT, MUGS, drafted, lesson, now, said, things

from embodied.corrections import Edit, Ref
from embodied.gate import judge
from embodied.manner import Manner
from embodied.situations import When
from embodied.teaching import answered, draft, net, plural, probe, probes

FULL = now(attributes={"red", "full", "large"})


@pytest.mark.parametrize(
    ("reach", "scope", "when"),
    [
        (None, "instance", {"object": "red mug", "kind": "mug"}),
        ("now", "now", {"object": "red mug", "kind": "mug"}),
        ("instance", "instance", {"object": "red mug", "kind": "mug"}),
        ("kind", "kind", {"kind": "mug"}),
        ("everywhere", "everywhere", {}),
    ],
)
def test_a_lesson_goes_as_far_as_the_words(reach, scope, when):
    found = drafted(at=FULL, reach=reach)
    assert (found.scope, found.when) == (scope, When(verb="pick", **when))
    assert found.noticed == {"full"}, "colours and sizes tell things apart and are not noticed"


def test_words_about_a_state_make_a_condition_and_a_colour_only_of_all_such_things():
    about = Ref(kind="mug", attributes=frozenset({"red", "full"}))
    assert drafted(at=FULL, about=about).when.attributes == {"full"}
    every = drafted(at=FULL, about=about, reach="kind")
    assert every.when.attributes == {"red", "full"}
    assert every.noticed == frozenset()
    fragile = drafted(at=FULL, about=Ref(attributes=frozenset({"fragile"})), reach="everywhere")
    assert fragile.when == When(verb="pick", attributes=frozenset({"fragile"}))


def test_things_named_by_a_state_alone_are_no_single_thing():
    skip = Edit(kind="skip", what=Ref(attributes=frozenset({"fragile"})))
    found = draft(said(text="not the fragile things", manner=Manner(), edits=(skip,)), FULL, things())
    assert (found.scope, found.when.attributes, found.when.object) == ("kind", {"fragile"}, None)


@pytest.mark.parametrize(
    ("text", "name"), [("the block before the mug", ""), ("the block before the red mug", "red mug")]
)
def test_the_other_thing_of_an_order_is_any_of_its_kind_unless_it_was_told_apart(text, name):
    order = Edit(kind="before", what=Ref(name="green block", kind="block"), other=Ref(name="red mug", kind="mug"))
    found = draft(said(text=text, manner=Manner(), edits=(order,), reach="kind"), FULL, things())
    assert [(e.what.name, e.other.name) for e in found.edits] == [("", name)]


def test_words_about_another_thing_or_verb_are_about_that():
    about = Ref(name="spoon")
    found = draft(said(about=about, verb="hand over"), FULL, things(("spoon", "spoon")))
    assert found.when == When(verb="hand over", object="spoon", kind="spoon")
    assert (found.noticed, found.size) == (frozenset(), 0)
    assert drafted(at=now("spoon", "spoon"), about=MUGS, reach="kind").when == When(verb="pick", kind="mug")


def test_only_what_is_measured_from_the_target_is_bound_to_its_kind():
    at = now(verb="place", target="big tray", target_kind="tray")
    assert drafted(at=at, manner=LEFT, reach="kind").when.target_kind == "tray"
    assert drafted(at=at, manner=Manner(speed=0.1), reach="kind").when.target_kind is None
    named = drafted(at=at, target=Ref(name="rack", kind="rack"))
    assert (named.when.target, named.when.target_kind) == ("rack", "rack")


def test_who_taught_it_where_and_when_is_kept():
    at = now(user="ann", robot="panda")
    found = draft(said(), at, run="r1", step=4)
    assert (found.user, found.robot, found.run, found.step, found.size) == ("ann", "panda", "r1", 4, 0.1)
    assert (found.when.user, found.when.robot) == ("ann", None)


def test_a_correction_that_changes_nothing_teaches_nothing():
    with pytest.raises(ValueError, match=r"'go on' \(adjust\) teaches nothing"):
        draft(said("go on", Manner()), now())


def test_a_kind_that_is_not_known_binds_to_the_thing():
    assert drafted(at=now("it", ""), reach="kind").when == When(verb="pick", object="it")


def test_a_change_of_plan_is_about_what_it_names():
    edit = Edit(kind="last", what=Ref(kind="glass", attributes=frozenset({"fragile"})))
    correction = said("fragile glasses last", Manner(), edits=(edit,))
    at = now(task="load the tray")
    assert draft(correction, at).when == When(kind="glass", attributes=frozenset({"fragile"}), task="load the tray")
    always = correction.model_copy(update={"reach": "kind"})
    assert draft(always, at).when == When(kind="glass", attributes=frozenset({"fragile"}))


def test_opposite_nudges_are_netted():
    left, right = Manner(offset=(0, 0.03, 0)), Manner(offset=(0, -0.01, 0))
    assert net([left, right]) == Manner(offset=(0, 0.02, 0))
    assert net([left, right, Manner(offset=(0, -0.02, 0))]) == Manner(), "what was taken back wholly is gone"
    both = net([Manner(tilt=0.2, speed=0.1, clear_of=("a",)), Manner(tilt=-0.1, speed=0.2, clear_of=("b", "a"))])
    assert both == Manner(tilt=0.1, speed=0.2, clear_of=("a", "b"))
    with pytest.raises(ValueError, match="offset"):
        net([Manner(offset=(0, 0.3, 0)), left])


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=8))
def test_the_order_of_nudges_does_not_matter(steps):
    nudges = [Manner(offset=(0, mm / 1000, 0)) for mm in steps]
    assert net(nudges) == net(nudges[::-1])


def asked(taught, *kinds):
    found = probe(taught, kinds)
    return found.text if found else None


def test_the_question_with_the_least_certain_answer_is_asked():
    assert asked(drafted(at=FULL)) == "Also for other mugs?"
    assert asked(drafted(at=FULL, manner=Manner(upright=True), reach="kind")) == "Only when it is full?"
    hot = drafted(at=now(attributes={"fragile", "hot"}), reach="kind")
    assert asked(hot) == "Only when it is fragile?"
    assert asked(lesson(), "bowl", "cup") == "Also for cups?"
    assert asked(lesson(Manner(upright=True))) == "Also when placing?"
    assert asked(lesson(LEFT)) is None
    assert asked(lesson(scope="now")) is None
    plan = Edit(kind="last", what=Ref(kind="glass"))
    task = draft(said("last", Manner(), edits=(plan,)), now(task="load the tray"))
    assert asked(task) == "Also in other tasks than 'load the tray'?"


@pytest.mark.parametrize(
    ("taught", "kinds"),
    [
        (drafted(at=FULL), ()),
        (drafted(at=FULL, manner=Manner(upright=True), reach="kind"), ("cup",)),
        (drafted(at=now(verb="place", target="t", target_kind="tray"), manner=LEFT, reach="kind"), ()),
        (draft(said("l", Manner(), edits=(Edit(kind="last", what=MUGS),)), now(task="tidy up")), ()),
    ],
)
def test_every_answer_is_obeyed_and_only_what_was_asked_changes(taught, kinds):
    before = judge(taught, now(verb=taught.when.verb or "pick", attributes={"full"}, **at_target(taught))).decision
    found = probes(taught, kinds)
    assert found
    for question in found:
        yes, no = answered(taught, question, True), answered(taught, question, False)
        wide, narrow = judge(yes, question.now).decision, judge(no, question.now).decision
        if question.asks == "attribute":
            wide, narrow = narrow, wide
        assert (question.asks, wide, narrow) == (question.asks, "apply", "ignore")
        at = now(verb=taught.when.verb or "pick", attributes={"full"}, **at_target(taught))
        assert judge(no, at).decision == before == judge(yes, at).decision


def at_target(taught):
    return {"target": "t", "target_kind": taught.when.target_kind or "", "task": taught.when.task or ""}


def test_plurals():
    assert [plural(kind) for kind in ("mug", "glass", "knife", "scissors", "box", "dish")] == [
        "mugs", "glasses", "knives", "scissors", "boxes", "dishes",
    ]  # fmt: skip
