"""The memory: what it keeps and on what evidence, what it recalls and what it asks, and how it is inspected."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from math import pi

import numpy as np
import pytest
from lessons_taught import HANDLE, LEFT, drafted, kept, lesson, now, said, seen, things

from embodied.corrections import Edit, Ref
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.memory_evidence import Flips
from embodied.memory_file import MemoryFault
from embodied.plugins import Unknown
from embodied.similarity import SentenceEncoder
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


def test_everything_can_be_undone_one_by_one_and_done_again(memory):
    states = [memory.lessons("", "pending", "active", "quarantined", "forgotten")]
    one = kept(memory, drafted())
    steps = [
        lambda: memory.answer(one.id, memory.question(one.id), True),
        lambda: memory.used([one.id], now("blue mug"), "overridden"),
        lambda: memory.edit(one.id, text="by its handle"),
        lambda: memory.forget(one.id),
    ]
    for step in steps:
        step()
    final = memory.lessons("", "forgotten")
    count = sum(event.undoes is None for event in memory.events())
    for _ in range(count):
        memory.undo()
    assert memory.lessons("", "pending", "active", "quarantined", "forgotten") == states[0] == []
    with pytest.raises(ValueError, match="there is nothing to undo"):
        memory.undo()
    for _ in range(count):
        memory.redo()
    assert memory.lessons("", "forgotten") == final
    with pytest.raises(ValueError, match="there is nothing to redo"):
        memory.redo()
    assert len(memory.events()) == 3 * count, "the log only grows"
    memory.undo()
    memory.edit(one.id, text="something new")
    with pytest.raises(ValueError, match="there is nothing to redo"):
        memory.redo()


def test_the_log_tells_when_what_and_by_whom_and_cannot_be_changed(memory):
    kept(memory, lesson())
    told = [(event.at, event.by, event.what, event.note) for event in memory.events()]
    assert [one[1:] for one in told] == [("ann", "teach", "by the handle"), ("ann", "commit", "by the handle")]
    with pytest.raises(sqlite3.IntegrityError, match="events are never changed"):
        memory._db.execute("UPDATE event SET by = 'bob'")
    with pytest.raises(sqlite3.IntegrityError, match="events are never deleted"):
        memory._db.execute("DELETE FROM event")


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


def test_an_export_is_read_back_whole_and_twice_is_once(memory, tmp_path):
    one = kept(memory, lesson(), seen=seen(1, 0.5))
    memory.used([one.id], now("blue mug"), "overridden")
    correction = said("slowly", Manner(speed=0.1))
    memory.teach(draft(correction, now()), correction)
    forgotten = kept(memory, lesson(LEFT))
    memory.forget(forgotten.id)
    assert memory.export(tmp_path / "out.json") == 2
    with Memory(tmp_path / "other.sqlite") as other:
        kept(other, lesson(Manner(force=5), "gently", kind="glass"), now("glass", "glass"))
        ids = other.import_(tmp_path / "out.json")
        assert [other.show(id).text for id in ids] == ["by the handle", "slowly"]
        assert other.show(ids[0]) == memory.show(one.id).model_copy(update={"id": ids[0]})
        assert other.taught(ids[1]) == correction
        found = other.recall(now(), seen(0, 1))
        assert found.ids == memory.recall(now(), seen(0, 1)).ids[:0] or found.ids == (ids[0],)
        other.commit(ids[1], now())
        before = other.lessons()
        assert other.import_(tmp_path / "out.json")[0] == ids[0]
        assert other.lessons("", "active") == before


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("{", "no export of lessons: .*Invalid JSON.*; nothing was imported"),
        ('{"format": "lessons", "version": 2, "lessons": []}', "version: Input should be 1"),
        ('{"format": "lessons", "version": 1, "lessons": [{"lesson": {"text": "x"}}]}', r"lessons\.0\.lesson\.when"),
        (b"\xff\xfe", "it is no text|Invalid"),
        (
            '{"format": "lessons", "version": 1, "lessons": [{"lesson": {"text": "x", "when": {}}}]}',
            "changes no manner",
        ),
    ],
)
def test_what_is_no_export_is_refused_and_nothing_of_it_taken(memory, tmp_path, content, match):
    file = tmp_path / "in.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = memory.digest()
    with pytest.raises(ValueError, match=match):
        memory.import_(file)
    assert memory.digest() == before


def test_calibration_needs_twenty_labels_is_remembered_and_can_be_undone(memory, tmp_path):
    one = kept(memory, lesson())
    assert memory.calibrate().apply == 0.75
    for i in range(24):
        memory.used([one.id], now(f"mug {i}"), "ok")
    memory._db.executemany("INSERT INTO label VALUES (2, 1, ?, 0)", [(0.8,)] * 9)
    found = memory.calibrate()
    assert 0.8 < found.apply < 0.81
    with Memory(tmp_path / "memory.sqlite") as again, again._reading():
        assert again._rows.thresholds() == found
    memory.undo()
    with memory._reading():
        assert memory._rows.thresholds().apply == 0.75


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


def test_a_file_that_was_cut_off_is_refused_and_left_as_it_is(memory, tmp_path):
    for i in range(40):
        kept(memory, lesson(Manner(force=1 + i / 2)))
    memory.close()
    whole = (tmp_path / "memory.sqlite").read_bytes()
    for size in (0, 50, 5000, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut.sqlite"
        cut.write_bytes(whole[:size])
        with pytest.raises(MemoryFault, match="cut off; put a copy or an export in its place"):
            Memory(cut)
        assert cut.read_bytes() == whole[:size]


def test_a_damaged_file_is_refused_and_left_as_it_is(memory, tmp_path):
    for i in range(40):
        kept(memory, lesson(Manner(force=1 + i / 2)))
    memory.close()
    whole = bytearray((tmp_path / "memory.sqlite").read_bytes())
    whole[8192 : len(whole) - 4096] = os.urandom(len(whole) - 12288)
    (tmp_path / "bad.sqlite").write_bytes(whole)
    with pytest.raises(MemoryFault, match=r"bad\.sqlite: .*(damaged|malformed).*put a copy"):
        Memory(tmp_path / "bad.sqlite")
    assert (tmp_path / "bad.sqlite").read_bytes() == whole


def test_files_of_others_and_of_later_versions_are_refused_untouched(memory, tmp_path):
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as db:
        db.execute("CREATE TABLE t (x)")
        db.commit()
    (tmp_path / "text").write_text("constraints\n" * 50)
    memory.close()
    later = tmp_path / "memory.sqlite"
    with closing(sqlite3.connect(later)) as db:
        db.execute("PRAGMA user_version = 9")
    for file, match in ((foreign, "another program"), (tmp_path / "text", "another program"), (later, "version 9")):
        before = file.read_bytes()
        with pytest.raises(ValueError, match=match):
            Memory(file)
        assert file.read_bytes() == before


def test_a_full_disk_is_told_and_loses_nothing(memory):
    one = kept(memory, lesson())
    with memory._reading():
        pages = memory._db.execute("PRAGMA page_count").fetchone()[0]
    memory._db.execute(f"PRAGMA max_page_count = {pages}")
    many = [lesson(text=f"lesson {i} " * 50) for i in range(2000)]
    with pytest.raises(MemoryFault, match=r"memory\.sqlite: .*full; free space there and repeat it: nothing committed"):
        list(map(memory.teach, many))
    assert memory.recall(now()).ids == (one.id,)
    memory._db.execute("PRAGMA max_page_count = 100000")
    taught = memory.teach(lesson(LEFT))
    assert memory.show(taught.id).manner == LEFT


def test_a_file_size_limit_of_the_system_is_a_full_disk(tmp_path):
    code = """
import resource, signal, sys
sys.path.insert(0, "tests")
from lessons_taught import lesson, now
from embodied.memory import Memory
from embodied.memory_file import MemoryFault
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
memory = Memory(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
count = 0
try:
    while True:
        taught = memory.teach(lesson(text="x" * 2000))
        print(taught.id, flush=True)
except MemoryFault as error:
    print("fault", error)
"""
    path = tmp_path / "memory.sqlite"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    *ids, last = done.stdout.splitlines()
    assert last.startswith("fault")
    assert "free space" in last
    with Memory(path) as memory:
        assert [one.id for one in memory.lessons()] == [int(id) for id in ids] != []


def test_two_that_make_or_write_one_file_see_each_other(tmp_path):
    with Memory(tmp_path / "m") as a, Memory(tmp_path / "m") as b:
        one = kept(a, lesson())
        assert b.recall(now()).ids == (one.id,)
        b.forget(one.id)
        assert a.recall(now()).ids == ()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m"], "nothing is left lying about"


def test_a_vector_of_words_is_made_once_and_never_compared_across_encoders(tmp_path):
    class Words:
        def __init__(self, id, table):
            self.id, self.table, self.asked = id, table, []

        def embed(self, texts):
            self.asked += texts
            return np.array([self.table[text] for text in texts], np.float32)

    one = Words("one", {"mug": (1, 0), "stein": (0.8, 0.6), "spoon": (0, 1)})
    with Memory(tmp_path / "m", encoder=one) as memory:
        kept(memory, lesson())
        assert [len(memory.recall(now("it", kind)).ask) for kind in ("stein", "spoon", "")] == [1, 0, 0]
        assert sorted(one.asked) == ["mug", "spoon", "stein"]
    again = Words("one", {"stein": (0.8, 0.6)})
    with Memory(tmp_path / "m", encoder=again) as memory:
        assert len(memory.recall(now("it", "stein")).ask) == 1
    other = Words("two", {"mug": (0, 1, 0), "stein": (1, 0, 0)})
    with Memory(tmp_path / "m", encoder=other) as memory:
        assert memory.recall(now("it", "stein")).ask == ()


def test_a_sentence_model_in_a_folder_makes_unit_vectors_known_by_its_weights(tmp_path):
    pytest.importorskip("transformers")
    import torch
    from tiny_models import tokenizer
    from transformers import BertConfig, BertModel

    def made(folder, seed):
        torch.manual_seed(seed)
        tokens = tokenizer([])
        sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        BertModel(BertConfig(vocab_size=len(tokens), **sizes)).save_pretrained(folder)
        tokens.save_pretrained(folder)
        return SentenceEncoder(folder)

    encoder = made(tmp_path / "tiny", 0)
    alone, together = encoder.embed(["mug"]), encoder.embed(["mug", "a rather longer text"])
    np.testing.assert_allclose(alone[0], together[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    assert encoder.id == SentenceEncoder(tmp_path / "tiny").id != made(tmp_path / "other", 1).id
    with Memory(tmp_path / "m", encoder=encoder) as memory:
        kept(memory, lesson())
        assert memory.recall(now()).manner == HANDLE


def test_a_folder_without_a_sentence_model_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no sentence model in .*: it has no config\.json"):
        SentenceEncoder(tmp_path)
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match="holds no whole sentence model"):
        SentenceEncoder(tmp_path)


STARTS = ("mor", "tal", "bin", "kes", "fop", "gur", "hal", "jim", "lop", "nad")
ENDS = (
    ("dak", "wel", "zin", "bro", "cet", "fyx", "gim", "hup"),
    ("lam", "min", "pov", "qua", "rex", "sab", "tew", "uno"),
    ("vih", "yal", "jor", "kly"),
)


def test_ten_thousand_lessons_are_recalled_in_a_fiftieth_of_a_second(tmp_path):
    random = np.random.default_rng(0)
    kinds = [first + last for first in STARTS for half in ENDS for last in half]
    with Memory(tmp_path / "m") as memory:
        with memory._writing():
            for i in range(10_000):
                kind = kinds[i % 200]
                one = lesson(Manner(speed=0.1 + i % 7 / 100), id=memory._rows.reserve(), kind=kind, state="active")
                memory._rows.put(one)
                if i % 4 == 0:
                    memory._rows.attach(one.id, None, seen(*random.normal(size=64)))
        looks = seen(*random.normal(size=64))
        memory.recall(now("it", kinds[0]), looks)
        taken = []
        for kind in kinds[:30]:
            begun = time.process_time()
            found = memory.recall(now("it", kind), looks)
            taken.append(time.process_time() - begun)
            assert found.apply
        assert np.median(taken) < 0.06


def test_what_is_stored_reads_back_equal_also_as_json(memory):
    full = lesson(
        Manner(part="handle", offset=(0.01, 0, 0), clear_of=("head",)), attributes={"full", "hot", "fragile"},
        exceptions=(When(place="drawer"),), also=(When(kind="cup"),), noticed=frozenset({"hot"}), size=0.1, step=2,
    )  # fmt: skip
    taught = memory.teach(full)
    assert memory.show(taught.id) == taught
    assert Lesson.model_validate(json.loads(taught.model_dump_json())) == taught
