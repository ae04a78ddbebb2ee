"""A robot that is corrected: it stops at once, does it again as it was told, and learns what worked and no more."""

import json

import pytest

from embodied.correcting import Session
from embodied.corrections import Correction
from embodied.keeping import KEEPINGS, Remembering
from embodied.memory import Memory
from embodied.skills import Act
from embodied.transcript import Transcript
from envs.household.environment import Household
from envs.household.rewinding import MIXED, Rewinding
from envs.household.scene import SceneSpec, Wanted

RED, BLUE = Wanted(kind="mug", attributes=("red",)), Wanted(kind="mug", attributes=("blue", "full"))
MUGS = SceneSpec(things=(RED, BLUE, Wanted(kind="glass"), Wanted(kind="tray")), distractors=0)


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "memory.sqlite", clock=iter(range(0, 10**9, 7200)).__next__) as opened:
        yield opened


def talk(memory, spec=MUGS, seed=0, **rest):
    body = Rewinding(Household(spec, seed))
    return Session(body, Remembering(memory), Transcript(), **rest)


def grasps(session):
    """Which things were taken by which part, of the acts that count."""
    trace = session.body.world.recorder.trace()
    return {e.object: e.part for e in trace.events if e.kind == "grasped" and trace.acts[e.act].ok}


def after(ticks):
    """A stop that comes after so many looks."""
    looks = iter(range(ticks))
    return lambda: next(looks, None) is None


def taught(memory, words="by the handle", answer="yes"):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run()
    session.say(words)
    reply = session.run()
    while reply.state == "asking":
        reply = session.say(answer)
    return session


def test_a_correction_is_used_on_another_of_the_kind_and_on_nothing_else(memory):
    session = taught(memory)
    assert grasps(session)["red mug"] == "handle"
    for sentence in ("put the blue mug on the tray", "put the glass on the tray"):
        session.instruct(sentence)
        assert session.run().state == "finished"
    assert grasps(session) == {"red mug": "handle", "blue mug": "handle", "glass": "rim"}


def test_a_no_keeps_a_lesson_to_the_thing_it_was_taught_on(memory):
    session = taught(memory, answer="no")
    session.instruct("put the blue mug on the tray")
    session.run()
    assert grasps(session)["blue mug"] == "rim"


def test_at_most_one_question_is_asked_of_a_taught_lesson(memory):
    session = taught(memory)
    for sentence in ("put the blue mug on the tray", "put the red mug on the tray"):
        session.instruct(sentence)
        session.run()
    asked = session.transcript.of("asked")
    assert [question["text"] for question in asked] == ["Also for other mugs?"]


def test_a_doubt_is_put_once_and_not_again(memory):
    session = talk(memory, robot="")
    session.instruct("put the blue mug on the tray")  # which is full
    session.run()
    session.say("all mugs by the handle")
    reply = session.run()
    while reply.state == "asking":
        reply = session.say("yes")
    for _ in range(3):
        session.instruct("put the red mug on the tray")
        reply = session.run()
        while reply.state == "asking":
            reply = session.say("no")
            reply = session.run() if reply.state == "ready" else reply
    about = [question for question in session.transcript.of("asked") if question["about"] == "lesson"]
    assert len(about) <= len(memory.lessons())


def test_a_stop_ends_the_motion_at_the_next_tick_and_going_on_ends_where_it_would_have(memory):
    plain = talk(memory)
    plain.instruct("put the red mug on the tray")
    plain.run()
    stopped = talk(memory)
    stopped.instruct("put the red mug on the tray")
    reply = stopped.run(after(25))
    ticks = len(stopped.body.world.recorder.ticks)
    assert reply.state == "stopped"
    assert ticks == 25
    assert stopped.say("go on").state == "ready"
    assert stopped.run().state == "finished"
    assert stopped.body.world.lying == plain.body.world.lying


def test_an_interrupt_at_the_second_move_goes_on_from_the_second_move(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    first = session.program.steps[0]
    body, seen = session.body, []
    for _ in range(60):
        session.run(after(8))
        seen.append(session.program.at.step)
        if session.state == "finished":
            break
        session.say("carry on")
    assert session.program.steps[0] == first
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2}
    assert [done.act.verb for done in body.world.recorder.acts if done.ok] == ["pick", "place"]


@pytest.mark.parametrize("text", [
    "not done yet, move left", "yes but go higher", "almost done, a bit lower", "don't stop there, keep going further",
    "yesterday's spot was better", "use your eyes",
])  # fmt: skip
def test_sentences_with_done_or_yes_in_them_end_nothing(memory, text):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run(after(40))
    at = session.program.at
    session.say(text)
    assert session.state != "finished"
    assert session.program.at.step <= at.step
    assert not memory.lessons()


def test_a_lesson_is_kept_only_once_the_corrected_step_went_well(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run(after(5))
    session.say("by the handle")
    assert not memory.lessons()
    session.run(after(5))
    assert not memory.lessons()
    session.run()
    assert [lesson.state for lesson in memory.lessons()] == ["active"]


def test_opposite_nudges_are_netted_into_one_lesson(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run()
    for words in ("3 cm to the left", "1 cm to the right"):
        session.say(words)
        session.run()
        session.questions = []
        session.state = "finished"
    (lesson,) = memory.lessons()
    yaw = session.body.surroundings()["tray"].yaw
    x, y, _ = lesson.manner.offset
    assert (x**2 + y**2) ** 0.5 == pytest.approx(0.02, abs=2e-3)
    assert session.body.surroundings()["tray"].to_base(x, y, 0.0)[1] == pytest.approx(0.02, abs=2e-3), yaw


def test_what_a_lesson_did_wrong_is_counted_against_it(memory):
    session = taught(memory)
    session.instruct("put the blue mug on the tray")
    session.run()
    session.say("by the side instead")
    session.run()
    assert memory.show(1).overridden == 1
    assert memory.show(1).negatives


def test_a_replan_may_be_longer_than_the_plan(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run(after(10))
    before = len(session.program.steps)
    session.say("also put the glass on the tray")
    assert len(session.program.steps) > before
    assert session.run().state in ("finished", "asking")
    assert session.body.surroundings()["glass"].place == "tray"


def test_an_order_that_comes_too_late_takes_back_what_was_done(memory):
    session = talk(memory)
    session.instruct("put the glass and the red mug on the tray")
    session.run()
    session.say("the glass last")
    reply = session.run()
    while reply.state == "asking":
        reply = session.say("yes")
    done = [act.act.object for act in session.body.world.recorder.acts if act.ok and act.act.verb == "place"]
    assert done[-1] == "glass"


def test_what_shall_be_left_alone_is_taken_back_even_when_it_came_last(memory):
    session = talk(memory)
    session.instruct("put the red mug and the glass on the tray")
    session.run()
    start = talk(memory).body.world.lying["glass"]
    assert session.say("do not touch fragile things").state == "ready"
    while session.run().state == "asking":
        session.say("no")
    assert session.body.world.lying["glass"] == start
    assert session.body.world.lying["red mug"].place == "tray"


def test_an_instruction_that_is_given_again_means_what_it_says(memory):
    session = talk(memory)
    session.instruct("put the glass and the red mug on the tray")
    session.run()
    session.say("always put the glass last")
    while session.run().state == "asking":
        session.say("yes")
    session = talk(memory)
    sentence = "put the glass and the red mug on the tray"
    assert "pick the red mug / 2" in session.instruct(sentence).text.replace("1 ", "")
    assert session.instruct(sentence).text.startswith("1 pick the glass")
    (lesson,) = [one for one in memory.lessons() if one.edits]
    assert lesson.overridden == 1


def test_what_shall_not_be_done_is_no_other_task(memory):
    session = talk(memory)
    assert session.instruct("put the red mug on the tray").state == "ready"
    assert session.other_task("don't put the glass on the tray") is None
    assert session.other_task("it will melt the tray, so take the mug") is None
    assert session.other_task("please put the glass on the tray") is not None


def test_undo_puts_everything_back(memory):
    session = talk(memory)
    start = dict(session.body.world.lying)
    session.instruct("put the red mug on the tray")
    session.run()
    for _ in range(2):
        assert session.say("undo").state == "ready"
        assert session.run().state == "stopped"
    assert session.body.world.lying == start
    assert not session.body.world.held


def test_the_way_back_can_be_stopped_too_and_goes_on(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run()
    session.say("by the handle")
    assert session.run(after(10)).text == "stopped on the way back"
    session.say("go on")
    session.run()
    assert grasps(session)["red mug"] == "handle"


def test_an_unclear_word_moves_nothing_and_is_asked_about(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run(after(10))
    ticks = len(session.body.world.recorder.ticks)
    for text in ("flurb the grommet", "import os; os.system('rm -rf /')", "", "x" * 600, "2 metres to the left"):
        reply = session.say(text)
        assert reply.text
        assert reply.state in ("stopped", "asking")
    assert len(session.body.world.recorder.ticks) == ticks


def test_a_step_that_is_impossible_fails_with_words_and_can_be_skipped(memory):
    session = talk(memory, MIXED)
    session.instruct("put the spoon in the drawer")
    reply = session.run()
    assert reply.state == "failed"
    assert "open it first" in reply.text
    assert session.say("skip this step").state == "finished"


def test_requests_leave_no_trace_of_what_they_looked_up(memory):
    session = taught(memory)
    for sentence in ("put the glass on the tray", "put the blue mug on the tray"):
        before = memory.digest()
        session.keeping.recall_plan(session.planner(sentence, session.body.surroundings()), session.body.surroundings())
        assert memory.digest() == before


@pytest.mark.parametrize("name", sorted(KEEPINGS))
def test_every_way_of_keeping_corrections_carries_a_task_out(memory, name):
    session = Session(Rewinding(Household(MUGS, 0)), KEEPINGS[name](memory), Transcript())
    session.instruct("put the red mug on the tray")
    session.run()
    session.say("by the handle")
    reply = session.run()
    while reply.state == "asking":
        reply = session.say("yes")
    assert grasps(session)["red mug"] == "handle"
    for sentence in ("put the red mug on the tray",) * (name == "instructions") + ("put the blue mug on the tray",):
        session.instruct(sentence)
        assert session.run().state == "finished"
    remembers = name not in ("none", "instructions")
    assert (grasps(session)["blue mug"] == "handle") == remembers


def test_a_correction_about_a_later_step_changes_that_step_alone(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run(after(5))
    session.say("keep the mug upright when you put it down")
    picked, placed = session.program.steps
    assert isinstance(picked, Act)
    assert isinstance(placed, Act)
    assert picked.manner.upright is None
    assert placed.manner.upright


def test_a_transcript_is_appended_to_and_a_torn_line_is_dropped(tmp_path):
    path = tmp_path / "t.jsonl"
    with Transcript(path) as events:
        events("said", text="left")
    with path.open("a") as file:
        file.write('{"number": 1, "ev')
    with Transcript(path) as events:
        events("reply", text="good")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["number"], line["event"]) for line in lines] == [(0, "said"), (1, "reply")]
    path.write_text("hello\n")
    with pytest.raises(ValueError, match=r"line 1 of .* is no event of a transcript"):
        Transcript(path)


def test_a_question_can_be_answered_by_number_words_or_another_correction(memory):
    session = talk(memory)
    session.instruct("put the red mug on the tray")
    session.run()
    session.say("by the handle")
    assert session.run().options == ("yes", "no")
    assert session.say("slower").state == "ready"
    reply = session.run()
    assert reply.options == ("yes", "no")
    assert session.say("1").options == ("yes", "no")  # about the other lesson
    assert session.say("no").state == "finished"
    assert memory.show(1).scope == "kind"
    assert memory.show(2).scope == "instance"
    assert isinstance(memory.taught(1), Correction)
