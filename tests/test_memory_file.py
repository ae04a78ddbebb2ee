"""The memory's file: what is refused, undone, exported and measured, and what it holds when a disk is full."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest
from lessons_taught import HANDLE, LEFT, drafted, kept, lesson, now, said, seen

from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.memory_file import MemoryFault
from embodied.similarity import SentenceEncoder
from embodied.situations import When
from embodied.teaching import draft


@pytest.fixture
def memory(tmp_path):
    ticks = iter(range(10**6, 10**9, 86400))
    with Memory(tmp_path / "memory.sqlite", user="ann", clock=lambda: float(next(ticks))) as opened:
        yield opened


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
