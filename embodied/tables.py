"""The Parquet files of a LeRobotDataset v3.0, built in memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embodied import codec, layout
from embodied import featurestats as st
from embodied.types import Episode

INDEX = "__index_level_0__"
"""What pandas calls a nameless index; LeRobot keeps the task sentences in it."""


def columns(episode: Episode, rows: Mapping[str, np.ndarray], films: Sequence[str]) -> dict[str, np.ndarray]:
    """The T + 1 rows of every feature that lies in the data file; the last row repeats the last action."""
    steps = len(episode)
    last = np.arange(steps + 1) == steps
    human = np.zeros(steps, bool) if episode.human is None else episode.human
    found = {name: array for name, array in rows.items() if name not in films}
    found[layout.ACTION] = np.concatenate([episode.action, episode.action[-1:]])
    if "recorded" in episode.reward:
        found[layout.REWARD] = np.append(episode.reward["recorded"], np.float32(0))
    ended = np.arange(steps + 1) >= steps - 1
    found[layout.DONE], found[layout.CUT] = ended & episode.terminated, ended & episode.truncated
    found[layout.VALID], found[layout.HUMAN] = ~last, np.append(human, False)
    return found


def counters(frames: int, episode: int, first: int, task: int, hz: float) -> dict[str, np.ndarray]:
    """The five features that every data set has."""
    frame = np.arange(frames, dtype=np.int64)
    return {
        "timestamp": (frame / hz).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.full(frames, episode, np.int64),
        "index": frame + first,
        "task_index": np.full(frames, task, np.int64),
    }


def data_file(columns: Mapping[str, np.ndarray], features: Mapping[str, Any]) -> memoryview:
    """One Parquet file of one row group; pictures are PNG and not compressed again."""
    names = [name for name in features if name in columns]
    pictures = [name for name in names if features[name]["dtype"] == "image"]
    arrays = [_pictures(columns[n]) if n in pictures else _column(columns[n]) for n in names]
    leaves = [name for name in names if name not in pictures]
    plain: Any = {f"{name}.bytes": "NONE" for name in pictures} | {f"{name}.path": "SNAPPY" for name in pictures}
    for name, array in zip(names, arrays, strict=True):
        if name in leaves:
            plain[f"{name}.list.element" if pa.types.is_fixed_size_list(array.type) else name] = "SNAPPY"
    statistics: Any = ["episode_index", "index", "frame_index"]
    return written(pa.table(arrays, names=names), compression=plain, write_statistics=statistics)


def _column(rows: np.ndarray) -> pa.Array:
    flat = np.ascontiguousarray(rows).reshape(len(rows), -1)
    values = pa.array(flat.ravel())
    return values if flat.shape[1] == 1 else pa.FixedSizeListArray.from_arrays(values, flat.shape[1])


def _pictures(frames: np.ndarray) -> pa.Array:
    data = pa.array([codec.encode_png(frame) for frame in frames], pa.binary())
    return pa.StructArray.from_arrays([data, pa.nulls(len(frames), pa.string())], ["bytes", "path"])


def episode_file(
    number: int, task: str, first: int, rows: int, films: Mapping[str, float], stats: Mapping[str, st.Stats]
) -> memoryview:
    """The one row of meta/episodes that describes an episode; `films` gives the length [s] of each camera's film."""
    here: dict[str, Any] = {"chunk_index": number // layout.CHUNK, "file_index": number % layout.CHUNK}
    row: dict[str, Any] = {"episode_index": number, "tasks": [task], "length": rows}
    row |= {f"data/{name}": value for name, value in here.items()}
    row |= {"dataset_from_index": first, "dataset_to_index": first + rows}
    for key, seconds in films.items():
        row |= {f"videos/{key}/{name}": value for name, value in here.items()}
        row |= {f"videos/{key}/from_timestamp": 0.0, f"videos/{key}/to_timestamp": seconds}
    for feature, values in st.to_json(stats).items():
        row |= {f"stats/{feature}/{name}": value for name, value in values.items()}
    row |= {f"meta/episodes/{name}": value for name, value in here.items()}
    return written(pa.table({name: [value] for name, value in row.items()}), write_statistics=False)


def collected_stats(root: Path, episodes: int) -> dict[str, st.Stats]:
    """stats.json from the statistics of the first so many episodes of a data set written here."""
    together: dict[str, st.Stats] = {}
    for number in range(episodes):
        found: dict[str, dict[str, Any]] = {}
        for name, values in read(root / layout.place(layout.EPISODES, number)).to_pydict().items():
            if name.startswith("stats/"):
                feature, _, key = name.removeprefix("stats/").rpartition("/")
                found.setdefault(feature, {})[key] = values[0]
        together = st.combined(together, st.from_json(found)) if number else st.from_json(found)
    return together


def tasks_file(tasks: Sequence[str]) -> memoryview:
    """task_index under the sentences as a pandas index, without pandas."""
    plain = {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64"}
    index = {"name": None, "field_name": INDEX, "pandas_type": "unicode", "numpy_type": "object"}
    about = {
        "index_columns": [INDEX],
        "column_indexes": [{"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object"}],
        "columns": [plain, index],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    for part in (*about["columns"], *about["column_indexes"]):
        part["metadata"] = None
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), INDEX: pa.array(tasks, pa.string())})
    return written(table.replace_schema_metadata({"pandas": json.dumps(about)}))


def read_tasks(root: Path) -> list[str]:
    """The sentences in the order of their task_index; the column of text is theirs, whatever it is called."""
    table = read(root / layout.TASKS)
    text = next(n for n in table.column_names if n != "task_index")
    pairs = zip(table["task_index"].to_pylist(), table[text].to_pylist(), strict=True)
    return [str(sentence) for _, sentence in sorted(pairs)]


def written(table: pa.Table, **options: Any) -> memoryview:
    """The bytes of a Parquet file of one row group."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, use_dictionary=False, row_group_size=max(1, len(table)), **options)
    return memoryview(sink.getvalue())


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Columns of a Parquet file; ValueError names a file that cannot be read."""
    try:
        with pa.OSFile(str(path)) as source:
            return pq.ParquetFile(source).read(columns, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error


def embedded(path: Path, feature: str, rows: np.ndarray) -> Iterator[tuple[int, bytes | None]]:
    """These ascending rows of a column of pictures, each with its encoded bytes; only their row groups are read."""
    try:
        with pa.OSFile(str(path)) as source:
            file = pq.ParquetFile(source)
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            bounds = np.cumsum([0, *sizes])
            group_of = np.searchsorted(bounds, rows, side="right") - 1
            for group in np.unique(group_of).tolist():
                column = file.read_row_group(group, [f"{feature}.bytes"], use_threads=False).column(0)
                data: Any = column.combine_chunks().field("bytes")
                for row in rows[group_of == group].tolist():
                    yield row, data[row - int(bounds[group])].as_py()
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error


def values(column: pa.ChunkedArray, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """A column of numbers or of (nested) lists of them as one array (rows, *shape)."""
    rows = len(column)
    array: Any = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    while isinstance(array, pa.ExtensionArray) or isinstance(
        array.type, (pa.ListType, pa.FixedSizeListType, pa.LargeListType)
    ):
        array = array.storage if isinstance(array, pa.ExtensionArray) else array.flatten()
    if array.null_count:
        raise ValueError(f"{array.null_count} values are missing")
    flat = array.to_numpy(zero_copy_only=False).astype(dtype, copy=False)
    if flat.size != rows * int(np.prod(shape)):
        raise ValueError(f"{flat.size} values do not make {rows} rows of shape {shape}")
    return flat.reshape(rows, *shape)


def column_names(path: Path) -> list[str]:
    """The top-level columns of a Parquet file."""
    try:
        return pq.read_schema(path, memory_map=True).names
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
