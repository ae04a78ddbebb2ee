"""What an encoder makes of a picture, kept by content: the same picture is never encoded twice, in any data set."""

import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from embodied.localdisk import refuse_network

APPLICATION = 0x46454154  # "FEAT"
VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS feature (
    encoder TEXT NOT NULL, picture TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (encoder, picture)
) WITHOUT ROWID
"""
VARIABLES = 500  # per statement, below SQLite's oldest limit of 999


def default_cache() -> Path:
    """Where features lie unless another place is named: the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "embodied-feedback" / "features.sqlite"


def picture_keys(frames: UInt8[np.ndarray, "n H W C"]) -> list[str]:
    """The identity of each picture: sha256 of its bytes, and its shape."""
    shape = "x".join(map(str, frames.shape[1:]))
    return [f"{hashlib.sha256(frame.tobytes()).hexdigest()} {shape}" for frame in frames]


class FeatureCache:
    """Vectors by (encoder, picture): in a file that several processes may share, or in memory where none is named.

    Losing the file costs time alone. Raises ValueError for a network file system or a file of another program.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = Path(path) if path else None
        self._memory: dict[tuple[str, str], np.ndarray] = {}
        if self.path:
            refuse_network(self.path)
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._prepare()

    def through(
        self, encoder: str, pictures: Sequence[str], encode: Callable[[list[int]], Float32[np.ndarray, "m d"]]
    ) -> Float32[np.ndarray, "n d"]:
        """The vector of each picture; `encode` is asked, by their places, for those that are not known."""
        known = self._known(encoder, list(dict.fromkeys(pictures)))
        missing: dict[str, int] = {}
        for place, picture in enumerate(pictures):
            if picture not in known:
                missing.setdefault(picture, place)
        if missing:
            fresh = dict(zip(missing, encode(list(missing.values())), strict=True))
            self._keep(encoder, fresh)
            known |= fresh
        return np.stack([known[picture] for picture in pictures])

    def _known(self, encoder: str, pictures: list[str]) -> dict[str, np.ndarray]:
        if self.path is None:
            return {p: self._memory[encoder, p] for p in pictures if (encoder, p) in self._memory}
        found = {}
        with closing(self._open()) as file:
            for start in range(0, len(pictures), VARIABLES):
                some = pictures[start : start + VARIABLES]
                marks = ",".join("?" * len(some))
                rows = f"SELECT picture, value FROM feature WHERE encoder = ? AND picture IN ({marks})"
                found |= {p: np.frombuffer(value, "<f4") for p, value in file.execute(rows, (encoder, *some))}
        return found

    def _keep(self, encoder: str, fresh: dict[str, np.ndarray]) -> None:
        if self.path is None:
            self._memory |= {(encoder, p): value for p, value in fresh.items()}
            return
        rows = [(encoder, p, np.asarray(value, "<f4").tobytes()) for p, value in fresh.items()]
        with closing(self._open()) as file, file:
            file.executemany("INSERT OR IGNORE INTO feature VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        assert self.path
        return sqlite3.connect(self.path, timeout=60)

    def _prepare(self) -> None:
        try:
            with closing(self._open()) as file, file:
                file.execute("BEGIN IMMEDIATE")
                application = file.execute("PRAGMA application_id").fetchone()[0]
                version = file.execute("PRAGMA user_version").fetchone()[0]
                if file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and application != APPLICATION:
                    raise ValueError(f"{self.path} is an SQLite file of another program, not a cache of features")
                if version > VERSION:
                    raise ValueError(f"{self.path} is of version {version}, this program reads {VERSION}; remove it")
                file.execute(SCHEMA)
                file.execute(f"PRAGMA application_id = {APPLICATION}")
                file.execute(f"PRAGMA user_version = {VERSION}")
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.path} cannot be used ({error}); remove it, which costs time alone") from error
