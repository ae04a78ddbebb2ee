"""The tables of a label store, and how a store of an earlier version becomes one of this."""

import sqlite3

VERSION = 2
TEACHER = """
CREATE TABLE teacher (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL, model TEXT NOT NULL, prompt_version TEXT NOT NULL, parameters TEXT NOT NULL,
    goal TEXT NOT NULL,
    queries INTEGER NOT NULL DEFAULT 0, tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0, money REAL NOT NULL DEFAULT 0
)"""
QUERY = """
CREATE TABLE query (
    key TEXT PRIMARY KEY,
    teacher INTEGER NOT NULL REFERENCES teacher (id),
    left_hash TEXT NOT NULL, right_hash TEXT NOT NULL, sample INTEGER NOT NULL, group_id TEXT NOT NULL,
    left_episode INTEGER NOT NULL, left_start INTEGER NOT NULL, left_stop INTEGER NOT NULL,
    right_episode INTEGER NOT NULL, right_start INTEGER NOT NULL, right_stop INTEGER NOT NULL,
    owner TEXT NOT NULL, expires REAL NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('claimed', 'preferred', 'tie', 'rated', 'abstained', 'failed')),
    p_left REAL, confidence REAL, raw TEXT NOT NULL DEFAULT '',
    tokens_in INTEGER NOT NULL DEFAULT 0, tokens_out INTEGER NOT NULL DEFAULT 0,
    latency REAL NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', answered_at TEXT NOT NULL DEFAULT '',
    value REAL
) WITHOUT ROWID"""
CLAIMS = "CREATE INDEX claims ON query (owner, teacher) WHERE outcome = 'claimed'"
FAILURE = """
CREATE TABLE failure (
    key TEXT NOT NULL, raw TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
    latency REAL NOT NULL, error TEXT NOT NULL, failed_at TEXT NOT NULL
)"""
SCHEMA = (TEACHER, QUERY, CLAIMS, FAILURE)

FROM_1 = (
    "ALTER TABLE teacher RENAME COLUMN tokens TO tokens_in",
    "ALTER TABLE teacher ADD COLUMN tokens_out INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE teacher ADD COLUMN seconds REAL NOT NULL DEFAULT 0",
    "ALTER TABLE teacher ADD COLUMN money REAL NOT NULL DEFAULT 0",
    # A failed query's row repeats the last of its failures.
    """UPDATE teacher SET (tokens_out, seconds) = (
        SELECT coalesce(sum(tokens_out), 0), coalesce(sum(latency), 0) FROM (
            SELECT tokens_out, latency FROM query
            WHERE query.teacher = teacher.id AND outcome NOT IN ('claimed', 'failed')
            UNION ALL
            SELECT failure.tokens_out, failure.latency FROM failure JOIN query ON query.key = failure.key
            WHERE query.teacher = teacher.id
        )
    )""",
    "UPDATE teacher SET tokens_in = max(0, tokens_in - tokens_out)",
    "DROP INDEX claims",
    "ALTER TABLE query RENAME TO earlier",
    QUERY,
    "INSERT INTO query SELECT *, NULL FROM earlier",
    "DROP TABLE earlier",
    CLAIMS,
)
"""Version 1 knew no ratings, counted tokens as one number and no seconds; money it cannot tell, and 0 is written."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a store up to VERSION; inside a transaction, so that it is seen in its old or its new form."""
    if db.execute("PRAGMA user_version").fetchone()[0] == 1:
        for statement in FROM_1:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
