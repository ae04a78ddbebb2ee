"""Lessons as rows: what is read is remembered until somebody writes, and only what may apply is read."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from embodied.corrections import Correction
from embodied.gate import CAREFUL, Thresholds
from embodied.lessons import Lesson
from embodied.plugins import Unknown
from embodied.similarity import MOST, Encoder, kinds_alike
from embodied.situations import Seen, Situation

MAY_APPLY = """
SELECT DISTINCT lesson.id FROM condition JOIN lesson ON lesson.id = condition.lesson
WHERE condition.kind IN (SELECT value FROM json_each(?)) AND condition.verb IN ('', ?)
    AND condition.object IN ('', ?) AND condition.user IN ('', ?) AND lesson.edits = ?
    AND lesson.state IN (SELECT value FROM json_each(?)) ORDER BY lesson.id
"""
DONE = """(SELECT total(CASE other.what WHEN 'undo' THEN 1 ELSE -1 END) FROM event AS other
    WHERE other.undoes = event.id) = 0"""
LOOKALIKES = 32
"""So many lessons on other kinds of things that look most like this one are considered."""


@dataclass(frozen=True)
class Event:
    """What was written: when [s since 1970], by whom, what, and in words. `undoes` is the event that an undo took
    back or a redo did again."""

    id: int
    at: float
    by: str
    what: str
    note: str
    undoes: int | None


@dataclass
class _Read:
    """What was read since the last write of anybody."""

    lessons: dict[int, Lesson] = field(default_factory=dict)
    kinds: list[str] | None = None
    thresholds: Thresholds | None = None
    pictures: dict[str, tuple[list[int], np.ndarray]] = field(default_factory=dict)


class Rows:
    """The rows of one memory. Every method runs inside a transaction of the caller's."""

    def __init__(self, db: sqlite3.Connection, encoder: Encoder | None = None) -> None:
        self.db, self.encoder = db, encoder
        self._stamp: tuple[int, int] | None = None
        self._read = _Read()
        self._words: dict[str, np.ndarray] = {}

    def _fresh(self) -> _Read:
        stamp = (self.db.execute("PRAGMA data_version").fetchone()[0], self.db.total_changes)
        if stamp != self._stamp:
            self._stamp, self._read = stamp, _Read()
        return self._read

    def get(self, id: int) -> Lesson:
        """One lesson; Unknown if there is none."""
        found = self.all("id = ?", id)
        if not found:
            count = self.db.execute("SELECT count(*) FROM lesson").fetchone()[0]
            raise Unknown(f"no lesson {id} among {count}; `lessons()` lists them")
        return found[0]

    def all(self, which: str = "1", *values: Any) -> list[Lesson]:
        """Lessons by a condition on their columns, oldest first."""
        rows = self.db.execute(f"SELECT body FROM lesson WHERE {which} ORDER BY id", values).fetchall()
        return [Lesson.model_validate_json(body) for (body,) in rows]

    def many(self, ids: Sequence[int]) -> list[Lesson]:
        """Those lessons, read at most once between two writes."""
        known = self._fresh().lessons
        if missing := [id for id in ids if id not in known]:
            for lesson in self.all("id IN (SELECT value FROM json_each(?))", json.dumps(missing)):
                known[lesson.id] = lesson
        return [known[id] for id in ids]

    def twins(self, lesson: Lesson) -> list[Lesson]:
        """Other active lessons that say the same."""
        return self.all("rule = ? AND state = 'active' AND id != ?", lesson.rule, lesson.id)

    def reserve(self) -> int:
        """The id of a lesson that is to be put."""
        row = self.db.execute("INSERT INTO lesson (state, edits, rule, body) VALUES ('', 0, '', '')")
        return int(row.lastrowid or 0)

    def put(self, lesson: Lesson) -> None:
        """Write a lesson over what has its id."""
        self.db.execute(
            "INSERT OR REPLACE INTO lesson (id, state, edits, rule, body) VALUES (?, ?, ?, ?, ?)",
            (lesson.id, lesson.state, bool(lesson.edits), lesson.rule, lesson.model_dump_json(exclude_defaults=True)),
        )
        self.db.execute("DELETE FROM condition WHERE lesson = ?", (lesson.id,))
        self.db.executemany(
            "INSERT INTO condition VALUES (?, ?, ?, ?, ?)",
            [(lesson.id, w.verb or "", w.kind or "", w.object or "", w.user or "") for w in lesson.conditions],
        )
        for when in lesson.conditions:
            self._keep_word(when.kind or "")

    def remove(self, id: int) -> None:
        """Take a lesson out; its words and picture stay, so that this can be undone."""
        self.db.execute("DELETE FROM condition WHERE lesson = ?", (id,))
        self.db.execute("DELETE FROM lesson WHERE id = ?", (id,))

    def attach(self, id: int, correction: Correction | None, seen: Seen | None) -> None:
        """Keep where a lesson is from: the correction and the picture of the thing."""
        if correction is not None:
            self.db.execute("INSERT OR REPLACE INTO correction VALUES (?, ?)", (id, correction.model_dump_json()))
        if seen is not None:
            vector = np.ascontiguousarray(seen.vector, "<f4")
            if vector.ndim != 1 or not np.isfinite(vector).all():
                raise ValueError(f"a picture's vector has shape {vector.shape}; wanted one axis of finite numbers")
            self.db.execute("INSERT OR REPLACE INTO picture VALUES (?, ?, ?)", (id, seen.encoder, vector.tobytes()))

    def correction(self, id: int) -> Correction | None:
        """The correction that taught a lesson."""
        row = self.db.execute("SELECT body FROM correction WHERE lesson = ?", (id,)).fetchone()
        return Correction.model_validate_json(row[0]) if row else None

    def picture(self, id: int) -> Seen | None:
        """What the thing looked like that it was taught on."""
        row = self.db.execute("SELECT encoder, vector FROM picture WHERE lesson = ?", (id,)).fetchone()
        return Seen(row[0], np.frombuffer(row[1], "<f4").copy()) if row else None

    def thresholds(self) -> Thresholds:
        """Those of the gate."""
        read = self._fresh()
        if read.thresholds is None:
            row = self.db.execute("SELECT value FROM setting WHERE name = 'thresholds'").fetchone()
            read.thresholds = Thresholds(*json.loads(row[0])) if row else CAREFUL
        return read.thresholds

    def kinds(self) -> list[str]:
        """All that conditions speak of."""
        read = self._fresh()
        if read.kinds is None:
            read.kinds = [kind for (kind,) in self.db.execute("SELECT DISTINCT kind FROM condition") if kind]
        return read.kinds

    def candidates(
        self, now: Situation, seen: Seen | None = None, *, edits: bool = False, states: Iterable[str] = ("active",)
    ) -> list[Lesson]:
        """Lessons that the gate may not ignore: of that verb, user and thing, of the kind or one like it."""
        least = self.thresholds().ask
        kinds = ["", *(kind for kind in self.kinds() if self.alike(kind, now.kind) >= least)]
        wanted = (json.dumps(kinds), now.verb, now.object, now.user, edits, json.dumps(list(states)))
        ids = [id for (id,) in self.db.execute(MAY_APPLY, wanted)]
        if seen is not None and not edits:
            ids += [id for id in self._lookalikes(seen, least) if id not in ids]
        return self.many(ids)

    def _lookalikes(self, seen: Seen, least: float) -> list[int]:
        read = self._fresh()
        if seen.encoder not in read.pictures:
            rows = self.db.execute(
                "SELECT lesson.id, vector FROM picture JOIN lesson ON lesson.id = picture.lesson "
                "WHERE encoder = ? AND state = 'active' AND length(vector) = ?",
                (seen.encoder, 4 * seen.vector.size),
            ).fetchall()
            vectors = np.frombuffer(b"".join(vector for _, vector in rows), "<f4").reshape(len(rows), seen.vector.size)
            lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            read.pictures[seen.encoder] = [id for id, _ in rows], vectors / lengths
        ids, vectors = read.pictures[seen.encoder]
        if vectors.shape[1] != seen.vector.size:
            return []
        likeness = vectors @ (seen.vector / max(float(np.linalg.norm(seen.vector)), 1e-12))
        best = np.argsort(-likeness, kind="stable")[:LOOKALIKES]
        return [ids[i] for i in best if likeness[i] >= least]

    def alike(self, a: str, b: str) -> float:
        """How alike two kinds are, by spelling, and by the encoder where there is one."""
        score = kinds_alike(a, b)
        if self.encoder is None or score == 1 or not (a and b):
            return score
        return max(score, min(MOST, float(self._word(a) @ self._word(b))))

    def _word(self, word: str) -> np.ndarray:
        assert self.encoder is not None
        if word not in self._words:
            wanted = (self.encoder.id, word)
            row = self.db.execute("SELECT vector FROM word WHERE encoder = ? AND word = ?", wanted).fetchone()
            self._words[word] = np.frombuffer(row[0], "<f4") if row else self.encoder.embed([word])[0]
        return self._words[word]

    def _keep_word(self, word: str) -> None:
        if self.encoder is not None and word:
            vector = np.ascontiguousarray(self._word(word), "<f4").tobytes()
            self.db.execute("INSERT OR IGNORE INTO word VALUES (?, ?, ?)", (self.encoder.id, word, vector))

    def log(self, at: float, by: str, what: str, note: str, changes: Any, undoes: int | None = None) -> int:
        """Append an event; its number."""
        row = self.db.execute(
            "INSERT INTO event (at, by, what, note, changes, undoes) VALUES (?, ?, ?, ?, ?, ?)",
            (at, by, what, note, json.dumps(changes), undoes),
        )
        return int(row.lastrowid or 0)

    def last_done(self) -> tuple[int, str, Any] | None:
        """The newest event that is not undone: its number, what it was and its changes."""
        return self._event(f"SELECT id, what, changes FROM event WHERE undoes IS NULL AND {DONE} ORDER BY id DESC")

    def last_undone(self) -> tuple[int, str, Any] | None:
        """The event that was undone last, if nothing was done since."""
        return self._event(
            f"SELECT id, what, changes FROM event WHERE undoes IS NULL AND NOT {DONE} AND id > coalesce("
            f"(SELECT max(id) FROM event WHERE undoes IS NULL AND {DONE}), 0) ORDER BY id"
        )

    def _event(self, query: str) -> tuple[int, str, Any] | None:
        row = self.db.execute(f"{query} LIMIT 1").fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    def labels(self) -> list[tuple[float, bool]]:
        """Scores of the gate and whether applying was right, of events that stand."""
        rows = self.db.execute(f"SELECT score, good FROM label JOIN event ON event.id = label.event WHERE {DONE}")
        return [(score, bool(good)) for score, good in rows]

    def digest(self) -> str:
        """A hash of everything that is kept."""
        digest = sha256()
        for table in ("lesson", "condition", "correction", "picture", "word", "label", "setting", "event"):
            for row in self.db.execute(f"SELECT * FROM {table} ORDER BY rowid"):
                digest.update(repr((table, row)).encode())
        return digest.hexdigest()
