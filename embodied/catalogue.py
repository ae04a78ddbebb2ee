"""Which episodes a data set has, where their frames lie, and which of them cannot be used and why."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from embodied import codec, layout, tables
from embodied.layout import Field


@dataclass(frozen=True)
class Entry:
    """One usable episode of T actions. Frame f lies in row `start + min(f, rows - 1)` of `data`."""

    id: int
    data: str
    start: int
    rows: int
    steps: int
    """T; T + 1 is `rows`, but `rows + 1` where the final observation was not stored and repeats the last."""
    task: str
    terminated: bool
    truncated: bool
    films: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """Per video feature the file, and the time [s] in it at which the episode begins."""


def catalogue(root: Path, info: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[list[Entry], list[str]]:
    """The usable episodes, and one sentence per problem."""
    if not info["total_episodes"]:
        return [], []
    films = [f.feature for f in fields.values() if f.stored == "video"]
    problems: list[str] = []
    if (entries := _journalled(root, info, films)) is None:
        listed = _listed(root, info, films, problems)
        kept = _whole(root, listed, problems)
        return _surveyed(root, info, kept, problems), problems
    return _whole(root, entries, problems), problems


def _journalled(root: Path, info: Mapping[str, Any], films: list[str]) -> list[Entry] | None:
    """The entries of a data set written here, from its journal; None if it has none or lines are missing."""
    count, path = info["total_episodes"], root / layout.JOURNAL
    if "embodied" not in info or not path.exists():
        return None
    lines = path.read_bytes().split(b"\n")[:count]
    try:
        facts = [json.loads(line) for line in lines]
    except ValueError:  # torn by a power failure: the data files tell the same
        return None
    if len(facts) < count:
        return None
    tasks = tables.read_tasks(root)
    return [
        Entry(
            number,
            layout.place(layout.DATA, number),
            0,
            fact["rows"],
            fact["rows"] - 1,
            tasks[fact["task"]],
            fact["terminated"],
            fact["truncated"],
            {key: (layout.place(layout.VIDEO, number, key), 0.0) for key in films},
        )
        for number, fact in enumerate(facts)
    ]


def _listed(root: Path, info: Mapping[str, Any], films: list[str], problems: list[str]) -> list[Entry]:
    """The entries as meta/episodes lists them; T and the ending are not known yet."""
    found: dict[int, Entry] = {}
    first: dict[str, int] = {}
    for path in sorted(root.glob("meta/episodes/*/*.parquet")):
        try:
            names = [n for n in tables.column_names(path) if not n.startswith("stats/")]
            listed = [_from_row(info, row, films) for row in tables.read(path, names).to_pylist()]
        except ValueError as error:
            problems.append(str(error))
            continue
        except KeyError as error:
            problems.append(f"{path} lacks the column {error}: its episodes are left out")
            continue
        for entry in listed:
            if entry.id < info["total_episodes"]:
                found[entry.id] = entry
                first[entry.data] = min(first.get(entry.data, entry.start), entry.start)
    if missing := sorted(set(range(info["total_episodes"])) - set(found)):
        problems.append(f"episodes {_some(missing)} are counted in info.json and not listed in meta/episodes")
    return [_moved(entry, first[entry.data]) for _, entry in sorted(found.items())]


def _from_row(info: Mapping[str, Any], row: Mapping[str, Any], films: list[str]) -> Entry:
    def file(template: str, prefix: str, key: str = "") -> str:
        chunk, number = row[f"{prefix}/chunk_index"], row[f"{prefix}/file_index"]
        return template.format(chunk_index=chunk, file_index=number, video_key=key)

    places = {
        key: (file(info["video_path"], f"videos/{key}", key), float(row[f"videos/{key}/from_timestamp"]))
        for key in films
    }
    task, data = (row.get("tasks") or [""])[0], file(info["data_path"], "data")
    return Entry(row["episode_index"], data, row["dataset_from_index"], row["length"], 0, task, False, True, places)


def _moved(entry: Entry, first: int) -> Entry:
    return Entry(**{**vars(entry), "start": entry.start - first})


def _whole(root: Path, entries: list[Entry], problems: list[str]) -> list[Entry]:
    """The entries whose files are there and complete."""
    broken: dict[str, list[int]] = {}
    seen: dict[str, str] = {}
    for entry in entries:
        for file in (entry.data, *(film for film, _ in entry.films.values())):
            if file not in seen:
                seen[file] = _fault(root / file)
            if seen[file]:
                broken.setdefault(file, []).append(entry.id)
    problems += [f"{file} {seen[file]}: episodes {_some(ids)} are left out" for file, ids in broken.items()]
    lost = {number for ids in broken.values() for number in ids}
    return [entry for entry in entries if entry.id not in lost]


def _fault(path: Path) -> str:
    try:
        whole = codec.whole_video(path) if path.suffix == ".mp4" else codec.whole_parquet(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if whole else "is truncated"


def _surveyed(root: Path, info: Mapping[str, Any], entries: list[Entry], problems: list[str]) -> list[Entry]:
    """The entries with T and the ending, from the data themselves; those without usable actions are left out."""
    by_file: dict[str, list[Entry]] = {}
    for entry in entries:
        by_file.setdefault(entry.data, []).append(entry)
    found = []
    for file, inside in by_file.items():
        try:
            columns = _ending_columns(root / file, info)
        except ValueError as error:
            problems.append(f"{error}: episodes {_some([entry.id for entry in inside])} are left out")
            continue
        for entry in inside:
            surveyed = _judged(entry, {name: c[entry.start : entry.start + entry.rows] for name, c in columns.items()})
            if isinstance(surveyed, str):
                problems.append(f"episode {entry.id} {surveyed}: it is left out")
            else:
                found.append(surveyed)
    return sorted(found, key=lambda entry: entry.id)


def _ending_columns(path: Path, info: Mapping[str, Any]) -> dict[str, np.ndarray]:
    features = info["features"]
    if layout.ACTION not in features:
        raise ValueError(f"{path} has no feature 'action'; it offers {sorted(features)}")
    names = [n for n in (layout.ACTION, layout.VALID, layout.DONE, layout.CUT) if n in features]
    table = tables.read(path, [*names, "episode_index"])
    if lacking := [n for n in (*names, "episode_index") if n not in table.column_names]:
        raise ValueError(f"{path} lacks the column {lacking[0]!r} that info.json names")
    size = (int(np.prod(features[layout.ACTION]["shape"])),)
    columns = {n: tables.values(table[n], () if n != layout.ACTION else size, "bool") for n in names[1:]}
    columns[layout.ACTION] = tables.values(table[layout.ACTION], size, "float64")
    return columns | {"episode_index": tables.values(table["episode_index"], (), "int64")}


def _judged(entry: Entry, columns: Mapping[str, np.ndarray]) -> Entry | str:
    """The entry with its T and ending, or what is wrong with it."""
    action, rows = columns[layout.ACTION], entry.rows
    if len(action) != rows or (columns["episode_index"] != entry.id).any():
        return f"is not in the {rows} rows of {entry.data} that meta/episodes names"
    done = columns.get(layout.DONE, np.zeros(rows, bool))
    if layout.VALID in columns:
        steps = rows if columns[layout.VALID][-1] else rows - 1
        terminated = bool(done[steps - 1]) if steps else False
        cut = columns.get(layout.CUT)
        truncated = not terminated if cut is None else bool(cut[steps - 1]) and not terminated
    else:
        terminated = bool(done[-1])
        steps, truncated = rows if terminated else rows - 1, not terminated
    if steps < 1:
        return "has one frame and no action"
    if not np.isfinite(bad := action[:steps]).all():
        step = int(np.argmin(np.isfinite(bad).all(axis=1)))
        return f"has the action {action[step]} at step {step}, which is not finite"
    return Entry(**{**vars(entry), "steps": steps, "terminated": terminated, "truncated": truncated})


def _some(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:5]))
    return f"{shown} and {len(ids) - 5} more" if len(ids) > 5 else shown


def by_file(entries: Sequence[Entry]) -> Iterator[tuple[str, list[int]]]:
    """Each data file with the positions of its entries."""
    found: dict[str, list[int]] = {}
    for position, entry in enumerate(entries):
        found.setdefault(entry.data, []).append(position)
    yield from found.items()
