"""A store of an earlier version opens, with all it held."""

import hashlib
import json
import sqlite3

import pytest
from answering import SmallDataset

from embodied.feedback import Answer, Store, ask, pose
from embodied.schema import VERSION
from embodied.types import moment

VERSION_1 = """
CREATE TABLE teacher (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL, model TEXT NOT NULL, prompt_version TEXT NOT NULL, parameters TEXT NOT NULL,
    goal TEXT NOT NULL,
    queries INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE query (
    key TEXT PRIMARY KEY,
    teacher INTEGER NOT NULL REFERENCES teacher (id),
    left_hash TEXT NOT NULL, right_hash TEXT NOT NULL, sample INTEGER NOT NULL, group_id TEXT NOT NULL,
    left_episode INTEGER NOT NULL, left_start INTEGER NOT NULL, left_stop INTEGER NOT NULL,
    right_episode INTEGER NOT NULL, right_start INTEGER NOT NULL, right_stop INTEGER NOT NULL,
    owner TEXT NOT NULL, expires REAL NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('claimed', 'preferred', 'tie', 'abstained', 'failed')),
    p_left REAL, confidence REAL, raw TEXT NOT NULL DEFAULT '',
    tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
    latency REAL NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', answered_at TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX claims ON query (owner, teacher) WHERE outcome = 'claimed';
CREATE TABLE failure (
    key TEXT NOT NULL, raw TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    latency REAL NOT NULL, error TEXT NOT NULL, failed_at TEXT NOT NULL
);
PRAGMA application_id = 1178944836;
PRAGMA user_version = 1;
"""
PAIRS = [(moment(0, k), moment(10, k)) for k in range(5)]


class Teacher:
    source, model, prompt_version, parameters, shows = "t", "m", "1", {}, "front"
    asked = 0

    def ask(self, questions):
        for index, _ in enumerate(questions):
            self.asked += 1
            yield index, Answer("rated", value=0.5)


@pytest.fixture
def old(tmp_path):
    """Three answered queries, one that failed twice, and one that a dead process was asking."""
    db = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    db.executescript(VERSION_1)
    questions = pose(Teacher(), SmallDataset(), "lift", PAIRS)
    fields = ("t", "m", "1", "{}", "lift")
    digest = hashlib.sha256(json.dumps(fields).encode()).hexdigest()
    db.execute("INSERT INTO teacher VALUES (7, ?, ?, ?, ?, ?, ?, 5, 560)", (digest, *fields))
    for k, q in enumerate(questions):
        key = hashlib.sha256(f"{digest} {q.hashes[0]} {q.hashes[1]} 0".encode()).hexdigest()
        outcome, error = ("preferred", "") if k < 3 else ("failed", "500") if k == 3 else ("claimed", "")
        done = (outcome, 1.0 if k < 3 else None, None, "left!", 100, 12, 2.0, error, "2026-01-01")
        where = (0, k, k + 1, 10, k, k + 1)
        row = (key, 7, *q.hashes, 0, "", *where, "nobody|here|1|1|1", 0.0, *done)
        db.execute(f"INSERT INTO query VALUES ({','.join('?' * len(row))})", row)
        if k == 3:
            db.executemany("INSERT INTO failure VALUES (?, 'pff', 100, 12, 2.0, '500', '2026-01-01')", [(key,)] * 2)
    db.close()
    return tmp_path / "old.db"


def test_a_store_of_version_1_opens_with_its_answers_and_what_they_cost(old):
    for _ in range(2):  # and opens again as one of today
        with Store(old) as store:
            assert len(store) == 3
            (row,) = store.ledger()
            assert (row["queries"], row["tokens_in"], row["tokens_out"], row["seconds"]) == (5, 500, 60, 10.0)
            assert row["money"] == 0
            assert {r["outcome"] for r in store.export()} == {"preferred", "failed"}
            assert len(store.failures()) == 2
            assert store._one("PRAGMA user_version") == (VERSION,)
            assert store._one("PRAGMA integrity_check") == ("ok",)


def test_what_was_answered_in_version_1_is_not_asked_again(old):
    teacher = Teacher()
    with Store(old) as store:
        answers = ask(store, teacher, SmallDataset(), "lift", PAIRS)
        assert store._one("SELECT count(*) FROM sqlite_master WHERE name = 'claims'") == (1,)
    assert teacher.asked == 2
    assert [a.outcome for a in answers.answers] == ["preferred"] * 3 + ["rated"] * 2
    assert answers.answers[0].raw == "left!"


def test_a_migrated_store_has_the_columns_of_a_new_one(old, tmp_path):
    with Store(old) as migrated, Store(tmp_path / "new.db") as new:
        for table in ("teacher", "query", "failure"):
            columns = [
                {row[1:4] for row in store._db.execute(f"PRAGMA table_info({table})").fetchall()}
                for store in (migrated, new)
            ]
            assert columns[0] == columns[1]
