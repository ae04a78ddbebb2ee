"""Rankings of whole episodes: drawn from what is measured of them, or typed by a person, and kept as one file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embodied.training import write_json
from embodied.types import Ranking, Segment

FILE = "rankings.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Drawing:
    """Which episodes are ranked together, and what makes one better."""

    count: int = 50
    size: int = 3
    """Episodes in a ranking."""
    gap: float = 0.1
    """Episodes whose scores differ by less than this share of all scores' range are equal, and not drawn together."""
    best: float = 0.2
    """The first of each ranking comes from this share of the best episodes."""
    equal: int = 0
    """So many rankings more, of episodes that are all equal."""
    flip: float = 0.0
    """Share of the rankings that are turned round: what a careless person does."""

    def __post_init__(self) -> None:
        if self.count < 0 or self.equal < 0 or self.count + self.equal < 1 or self.size < 2:
            raise ValueError(f"{self.count} + {self.equal} rankings of {self.size}; give one or more of two or more")
        if not (0 <= self.gap < 1 and 0 < self.best <= 1 and 0 <= self.flip <= 1):
            raise ValueError(f"gap {self.gap}, best {self.best} and flip {self.flip} are shares")


def draw(
    score: Mapping[int, float], how: Drawing, rng: np.random.Generator
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Rankings (episodes best first, ranks) by a score. ValueError where the scores do not differ enough for it."""
    ids = np.array(sorted(score))
    value = np.array([score[int(i)] for i in ids], np.float64)
    if not np.isfinite(value).all():
        raise ValueError(f"episode {int(ids[~np.isfinite(value)][0])} has no finite score; leave it out")
    margin = how.gap * float(np.ptp(value))
    top = ids[value >= np.quantile(value, 1 - how.best)]
    found = []
    for _ in range(200 * how.count):
        if len(found) == how.count:
            break
        picked = [int(rng.choice(top))]
        for _ in range(40):
            if len(picked) == how.size:
                break
            one = int(rng.choice(ids))
            if all(abs(score[one] - score[other]) > margin for other in picked):
                picked.append(one)
        if len(picked) == how.size:
            order = sorted(picked, key=lambda e: -score[e])
            found.append((tuple(order[::-1] if rng.random() < how.flip else order), tuple(range(how.size))))
    if len(found) < how.count:
        raise ValueError(
            f"only {len(found)} of {how.count} rankings: too few scores are {how.gap:.0%} apart; lower the gap"
        )
    for _ in range(how.equal):
        first = int(rng.choice(ids))
        alike = ids[np.abs(value - score[first]) <= margin / 2]
        if len(alike) >= how.size:
            same = rng.choice(alike, how.size, replace=False)
            found.append((tuple(int(i) for i in same), (0,) * how.size))
    return found


def write(folder: Path, rankings: Sequence[tuple[Sequence[int], Sequence[int]]], about: Mapping[str, Any]) -> Path:
    """Keep rankings; about says of which data, by whom."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"episodes": [int(e) for e in episodes], "rank": [int(r) for r in rank]} for episodes, rank in rankings]
    write_json(folder / FILE, {"schema_version": SCHEMA_VERSION, **about, "rankings": rows})
    return folder / FILE


def read(path: str | Path, lengths: Mapping[int, int]) -> list[Ranking]:
    """Rankings of episodes of these lengths (frames), whole. ValueError names an unknown episode or a broken file."""
    place = Path(path) / FILE if Path(path).is_dir() else Path(path)
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
        rows = [(tuple(row["episodes"]), tuple(row["rank"])) for row in record["rankings"]]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{place} holds no rankings ({error}); write them again with `embodied rank`") from None
    if record.get("schema_version", 0) > SCHEMA_VERSION:
        raise ValueError(f"{place} has schema version {record['schema_version']}; this program reads {SCHEMA_VERSION}")
    by = str(record.get("by", ""))
    for episodes, _ in rows:
        if strange := [e for e in episodes if e not in lengths]:
            raise ValueError(f"{place} ranks episode {strange[0]}, which the data set does not have")
    return [Ranking(tuple(Segment(e, 0, lengths[e]) for e in episodes), rank, by) for episodes, rank in rows]


def holds(path: str | Path) -> bool:
    """Whether this is a file of rankings, or a folder with one."""
    return (Path(path) / FILE).is_file() or Path(path).name == FILE
