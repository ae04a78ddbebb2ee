"""The file of a memory: its tables, how it is made and opened, and what its errors mean."""

import os
import sqlite3
import struct
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from embodied.localdisk import refuse_network

APPLICATION = 0x4C455353  # "LESS"
VERSION = 1
PATIENCE = 60.0  # seconds to wait for another process that writes
MAGIC = b"SQLite format 3\0"
SCHEMA = (
    """CREATE TABLE lesson (
        id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, edits INTEGER NOT NULL, rule TEXT NOT NULL,
        body TEXT NOT NULL
    )""",
    "CREATE INDEX rules ON lesson (rule)",
    """CREATE TABLE condition (
        lesson INTEGER NOT NULL, verb TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, user TEXT NOT NULL
    )""",
    "CREATE INDEX conditions ON condition (kind, verb, object, user, lesson)",
    "CREATE INDEX conditioned ON condition (lesson)",
    "CREATE TABLE correction (lesson INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    "CREATE TABLE picture (lesson INTEGER PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL)",
    "CREATE TABLE word (encoder TEXT NOT NULL, word TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, word))",
    "CREATE TABLE label (event INTEGER NOT NULL, lesson INTEGER NOT NULL, score REAL NOT NULL, good INTEGER NOT NULL)",
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL,
        note TEXT NOT NULL, changes TEXT NOT NULL, undoes INTEGER
    )""",
    "CREATE INDEX undone ON event (undoes)",
    "CREATE TRIGGER events_stay BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'events are never changed'); END",
    "CREATE TRIGGER events_last BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are never deleted'); END",
)


class MemoryFault(OSError):
    """The memory cannot be used or written; what was committed before is still there unless it says otherwise."""


def opened(path: Path) -> sqlite3.Connection:
    """A connection to the memory in `path`, which is made if there is none. Use it from one thread.

    Raises ValueError for a network file system and for what is no memory of this version or an earlier one, and
    MemoryFault for a damaged file; such files are left as they are.
    """
    refuse_network(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with explained(path):
        if not path.exists():
            _make(path)
        _refuse_foreign(path)
        db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            if (found := db.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(f"it is damaged ({found.splitlines()[-1]}); {_RECOVER}")
            db.execute("PRAGMA synchronous = FULL")  # what was acknowledged stays, also without power
        except BaseException:
            db.close()
            raise
    return db


def _make(path: Path) -> None:
    """A new memory, whole before it gets its name: an empty file with that name is never one that is being made."""
    making = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    try:
        with closing(sqlite3.connect(making, isolation_level=None)) as db:
            if (mode := str(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])) != "wal":
                raise ValueError(
                    f"{path} cannot use a write-ahead log here (SQLite chose {mode!r}); put it on a local disk"
                )
            db.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        if not path.exists():
            os.link(making, path)
    except FileExistsError:
        return  # another process was first, and its memory serves as well
    finally:
        for rest in ("", "-wal", "-shm", "-journal"):
            Path(f"{making}{rest}").unlink(missing_ok=True)


def _refuse_foreign(path: Path) -> None:
    """Look at the header alone, so that nothing of a file is touched that is not ours."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100:
        raise MemoryFault(f"{path} has {len(head)} bytes: a memory that was cut off; {_RECOVER}")
    if not head.startswith(MAGIC) or struct.unpack(">I", head[68:72])[0] != APPLICATION:
        raise ValueError(f"{path} is a file of another program, not a memory of lessons; name another file")
    if (version := struct.unpack(">I", head[60:64])[0]) > VERSION:
        raise ValueError(
            f"{path} is a memory of version {version}, this program reads up to {VERSION}; "
            f"update embodied-feedback, or name another file"
        )
    edge, pages = struct.unpack(">H", head[16:18])[0], struct.unpack(">I", head[28:32])[0]
    wanted, size = pages * (65536 if edge == 1 else edge), path.stat().st_size
    log = Path(f"{path}-wal")
    if size < wanted and not (log.exists() and log.stat().st_size):  # else the log may hold what is missing
        raise MemoryFault(f"{path} has {size} bytes of {wanted}: it was cut off; {_RECOVER}")


@contextmanager
def transaction(db: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """All of it or nothing."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk rolls back by itself
            db.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors with the file, what they mean and the way out."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise MemoryFault(f"{path}: {_meaning(error)}") from error


_RECOVER = "put a copy or an export in its place, or try `sqlite3 OLD .recover | sqlite3 NEW`"


def _meaning(error: sqlite3.DatabaseError) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"{error}; free space there and repeat it: nothing committed is lost"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return f"{error}; {_RECOVER}"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"{error}; the file and its folder must be writable"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{error}; another process has held it for a minute: end that one and repeat it"
    return str(error)
