"""The label store: one SQLite row per query, claimed before it is asked and committed before it is used."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from embodied.localdisk import refuse_network
from embodied.owner import is_gone, myself, since_boot
from embodied.schema import SCHEMA, VERSION, migrate
from embodied.types import Pair

APPLICATION = 0x46454544  # "FEED": what `file` and we know the file by
COLUMNS = "outcome, p_left, confidence, raw, tokens_in, tokens_out, latency, error, value"
CLAIM = """
INSERT INTO query (key, teacher, left_hash, right_hash, sample, group_id, left_episode, left_start, left_stop,
    right_episode, right_start, right_stop, owner, expires, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'claimed')
ON CONFLICT (key) DO UPDATE SET outcome = 'claimed', owner = excluded.owner, expires = excluded.expires
WHERE query.outcome = 'failed' OR (query.outcome = 'claimed' AND query.expires < ?)
"""
COMMIT = """
UPDATE query SET outcome = ?, p_left = ?, confidence = ?, raw = ?, tokens_in = ?, tokens_out = ?, latency = ?,
    error = ?, value = ?, answered_at = strftime('%Y-%m-%dT%H:%M:%fZ')
WHERE key = ? AND outcome IN ('claimed', 'failed')
"""
OPENING = 20.0  # seconds to wait for another process that makes the same file
VARIABLES = 500  # per statement, below SQLite's oldest limit of 999

Outcome = Literal["preferred", "tie", "rated", "abstained", "failed"]


class StoreError(OSError):
    """The store cannot be used or written; what was committed before is still there unless it says otherwise."""


@dataclass(frozen=True)
class Answer:
    """What came back for one query. An abstention is no preference; a failure is neither.

    `p_left` is 0.5 for a tie and None unless preferred or tied; `value` rates a single moment from 0 (nothing done)
    to 1 (goal reached). `latency` is in seconds, 0 if it was computed here.
    """

    outcome: Outcome
    p_left: float | None = None
    confidence: float | None = None
    raw: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    latency: float = 0.0
    error: str = ""
    value: float | None = None

    def __post_init__(self) -> None:
        if self.outcome == "preferred":
            good = self.p_left is not None and 0 <= self.p_left <= 1
        elif self.outcome == "tie":
            good = self.p_left == 0.5
        elif self.outcome in ("rated", "abstained", "failed"):
            good = self.p_left is None
        else:
            raise ValueError(f"outcome is {self.outcome!r}; it is preferred, tie, rated, abstained or failed")
        if not good:
            raise ValueError(
                f"p_left is {self.p_left} for outcome {self.outcome!r}; "
                f"preferred wants a number in [0, 1], tie 0.5, the others None"
            )
        if (self.value is not None and 0 <= self.value <= 1) != (self.outcome == "rated"):
            raise ValueError(f"value is {self.value} for outcome {self.outcome!r}; a rating, and only it, is in [0, 1]")
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence is {self.confidence}; it lies in [0, 1]")
        if (self.outcome == "failed") != bool(self.error):
            raise ValueError(
                f"outcome {self.outcome!r} with error {self.error!r}; a failure, and only it, has an error"
            )


@dataclass(frozen=True)
class Question:
    """Which of two moments is closer to the goal? `hashes` name what is shown, in the order shown.

    Asked for a rating, a teacher is shown one moment, and both sides are that one.
    """

    goal: str
    pair: Pair
    hashes: tuple[str, str]
    sample: int = 0
    group: str = ""


@dataclass(frozen=True)
class Claim:
    """What became of the queries claimed: ours to ask, answered before, or held by somebody alive."""

    mine: list[str] = field(default_factory=list)
    answered: dict[str, Answer] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Spent:
    """What one teacher has cost for one goal, failures included; `claimed` queries are being asked.

    `money` is in the currency of the prices that were given, `seconds` are those of all queries added up.
    """

    queries: int
    tokens_in: int = 0
    tokens_out: int = 0
    claimed: int = 0
    money: float = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


class Store:
    """A feedback store on a local disk, shared by the processes of one machine. Use it from one thread.

    Raises ValueError for a network file system, a file of another program or of a newer version, and StoreError
    for a damaged file or a full disk. Claims of a process that ended are free at once; those of one that cannot
    be seen are free after `lease` seconds.
    """

    def __init__(self, path: str | Path, *, lease: float = 900.0) -> None:
        self.path = Path(path)
        self.lease = lease
        self._owner = myself()
        refuse_network(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._naming_errors():
            self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    def _open(self) -> None:
        with self._transaction("DEFERRED"):  # one view of all three, while somebody else may create them
            application = self._one("PRAGMA application_id")[0]
            version = self._one("PRAGMA user_version")[0]
            tables = self._one("SELECT count(*) FROM sqlite_master")[0]
        if tables and application != APPLICATION:
            raise ValueError(
                f"{self.path} is an SQLite file of another program, not a feedback store; name another file"
            )
        if version > VERSION:
            raise ValueError(
                f"{self.path} is a feedback store of version {version}, this program reads up to {VERSION}; "
                f"update embodied-feedback, or name another file"
            )
        if (mode := self._in_wal()) != "wal":
            raise ValueError(
                f"{self.path} cannot use a write-ahead log here (SQLite chose {mode!r}); put it on a local disk"
            )
        self._db.execute("PRAGMA synchronous = FULL")  # an answer may have been paid for
        with self._transaction():
            if not self._one("SELECT count(*) FROM sqlite_master")[0]:
                for statement in SCHEMA:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION}")
                self._db.execute(f"PRAGMA user_version = {VERSION}")
            migrate(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Queries answered: preferred, tied or abstained."""
        with self._naming_errors():
            return self._one("SELECT count(*) FROM query WHERE outcome NOT IN ('claimed', 'failed')")[0]

    def close(self) -> None:
        """Free the claims of this store object and close the file."""
        try:
            self.release()
        finally:
            self._db.close()

    def teacher(self, source: str, model: str, prompt_version: str, parameters: Mapping[str, Any], goal: str) -> int:
        """The number of a teacher (and goal) in this store; made on first use."""
        canonical = json.dumps(dict(parameters), sort_keys=True, separators=(",", ":"), allow_nan=False)
        fields = (source, model, prompt_version, canonical, goal)
        digest = hashlib.sha256(json.dumps(fields).encode()).hexdigest()
        with self._naming_errors(), self._transaction():
            self._db.execute(
                "INSERT INTO teacher (digest, source, model, prompt_version, parameters, goal) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (digest, *fields),
            )
            return self._one("SELECT id FROM teacher WHERE digest = ?", digest)[0]

    def keys(self, teacher: int, questions: Sequence[Question]) -> list[str]:
        """What each question is stored under: a hash of teacher, goal, both pictures in order, and sample number."""
        with self._naming_errors():
            digest = self._one("SELECT digest FROM teacher WHERE id = ?", teacher)[0]
        return [
            hashlib.sha256(f"{digest} {q.hashes[0]} {q.hashes[1]} {q.sample}".encode()).hexdigest() for q in questions
        ]

    def answered(self, keys: Sequence[str]) -> dict[str, Answer]:
        """The answers there are, by key; failures are not among them."""
        with self._naming_errors():
            return {
                key: Answer(*answer) for key, _, *answer in self._rows(keys) if answer[0] not in ("claimed", "failed")
            }

    def claim(self, teacher: int, questions: Mapping[str, Question]) -> Claim:
        """Reserve those queries (by key) that nobody answered or is asking; failed ones may be claimed again."""
        claim = Claim()
        now = since_boot()
        rows = []
        for key, q in questions.items():
            left, right = q.pair
            where = (left.episode, left.start, left.stop, right.episode, right.start, right.stop)
            rows.append((key, teacher, *q.hashes, q.sample, q.group, *where, self._owner, now + self.lease, now))
        with self._naming_errors(), self._transaction():
            self._free_the_dead()
            self._db.executemany(CLAIM, rows)
            found = {key: row for key, *row in self._rows(list(questions))}
        for key in questions:  # in the order given, not of the hashes
            owner, *answer = found[key]
            if answer[0] != "claimed":
                claim.answered[key] = Answer(*answer)
            else:
                (claim.mine if owner == self._owner else claim.held).append(key)
        return claim

    def commit(self, teacher: int, answers: Mapping[str, Answer], money: float = 0.0) -> dict[str, Answer]:
        """Write answers, all or none, that cost so much. Returns what now stands: of two answers, the first."""
        fields = {
            k: (a.outcome, a.p_left, a.confidence, a.raw, *_cost(a), a.error, a.value) for k, a in answers.items()
        }
        failures = [(k, a.raw, *_cost(a), a.error) for k, a in answers.items() if a.outcome == "failed"]
        costs = [sum(cost) for cost in zip(*map(_cost, answers.values()), strict=True)] or [0, 0, 0.0]
        with self._naming_errors():
            with self._transaction():
                written = self._db.executemany(COMMIT, [(*row, key) for key, row in fields.items()]).rowcount
                self._db.executemany(
                    "INSERT INTO failure VALUES (?, ?, ?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'))", failures
                )
                self._db.execute(
                    "UPDATE teacher SET queries = queries + ?, tokens_in = tokens_in + ?, tokens_out = tokens_out + ?, "
                    "seconds = seconds + ?, money = money + ? WHERE id = ?",
                    (len(fields), *costs, money, teacher),
                )
            standing = dict(answers)
            if written < len(fields):
                standing.update(self.answered(list(fields)))
        return standing

    def renew(self) -> None:
        """Extend the lease of every claim held here."""
        with self._naming_errors(), self._transaction():
            self._db.execute(
                "UPDATE query SET expires = ? WHERE outcome = 'claimed' AND owner = ?",
                (since_boot() + self.lease, self._owner),
            )

    def release(self) -> None:
        """Give back every claim held here that was not answered; an earlier failure stays recorded."""
        with self._naming_errors(), self._transaction():
            mine = "outcome = 'claimed' AND owner = ?"
            self._db.execute(f"UPDATE query SET outcome = 'failed' WHERE {mine} AND error != ''", (self._owner,))
            self._db.execute(f"DELETE FROM query WHERE {mine}", (self._owner,))

    def spent(self, teacher: int) -> Spent:
        """What a teacher has cost so far, over all runs."""
        with self._naming_errors(), self._transaction():
            self._free_the_dead()
            row = self._one("SELECT queries, tokens_in, tokens_out, money, seconds FROM teacher WHERE id = ?", teacher)
            claimed = self._one(
                "SELECT count(*) FROM query WHERE outcome = 'claimed' AND teacher = ? AND expires >= ?",
                teacher,
                since_boot(),
            )[0]
        queries, tokens_in, tokens_out, money, seconds = row
        return Spent(queries, tokens_in, tokens_out, claimed, money, seconds)

    def ledger(self) -> list[dict[str, Any]]:
        """What each teacher has cost for each goal so far: queries, tokens, money, seconds; failures included."""
        columns = ("source", "model", "prompt_version", "parameters", "goal")
        costs = ("queries", "tokens_in", "tokens_out", "money", "seconds")
        with self._naming_errors():
            rows = self._db.execute(f"SELECT {', '.join((*columns, *costs))} FROM teacher ORDER BY id").fetchall()
        return [{**dict(zip((*columns, *costs), row, strict=True)), "parameters": json.loads(row[3])} for row in rows]

    def export(self) -> Iterator[dict[str, Any]]:
        """Every committed query as plain data, failures included, oldest first; parameters are parsed."""
        with self._naming_errors():
            cursor = self._db.execute(
                "SELECT source, model, prompt_version, parameters, goal, query.* FROM query "
                "JOIN teacher ON teacher.id = query.teacher WHERE outcome != 'claimed' ORDER BY answered_at, key"
            )
            names = [column[0] for column in cursor.description]
            for row in cursor:
                record = dict(zip(names, row, strict=True))
                record["parameters"] = json.loads(record["parameters"])
                yield {k: v for k, v in record.items() if k not in ("owner", "expires", "teacher")}

    def failures(self) -> list[dict[str, Any]]:
        """Every failed attempt ever made, oldest first."""
        with self._naming_errors():
            cursor = self._db.execute("SELECT * FROM failure ORDER BY rowid")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _free_the_dead(self) -> None:
        claimants = "SELECT DISTINCT owner FROM query WHERE outcome = 'claimed' AND owner != ? AND expires > 0"
        for (owner,) in self._db.execute(claimants, (self._owner,)).fetchall():
            if is_gone(owner):
                self._db.execute("UPDATE query SET expires = 0 WHERE outcome = 'claimed' AND owner = ?", (owner,))

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), VARIABLES):
            some = keys[start : start + VARIABLES]
            marks = ",".join("?" * len(some))
            yield from self._db.execute(f"SELECT key, owner, {COLUMNS} FROM query WHERE key IN ({marks})", some)

    def _in_wal(self) -> str:
        """Switch to WAL; SQLite does not wait by itself where two processes make the same file at once."""
        until = time.monotonic() + OPENING
        while True:
            try:
                return str(self._one("PRAGMA journal_mode = WAL")[0])
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def _one(self, sql: str, *values: Any) -> tuple[Any, ...]:
        return self._db.execute(sql, values).fetchone()

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk rolls back by itself
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path}: {_explained(error)}") from error


def _cost(answer: Answer) -> tuple[int, int, float]:
    return answer.tokens_in, answer.tokens_out, answer.latency


def _explained(error: sqlite3.DatabaseError) -> str:
    """What an SQLite error means for the person in front of the store, and the way out."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"{error}; free space there and repeat the command: nothing committed is lost"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"{error}; the store is damaged: recover it with `sqlite3 OLD .recover | sqlite3 NEW`, or move it away"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"{error}; the file and its folder must be writable"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{error}; another process has held it for a minute: end that one and repeat the command"
    return str(error)
