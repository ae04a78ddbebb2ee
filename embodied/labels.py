"""The answers to a run's questions as one table beside the run: which pair, what was said, by whom."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embodied.types import Pair, Preference, Rating, Segment

if TYPE_CHECKING:
    from embodied.feedback import Answer

SIDES = ("left", "right")


def write_labels(
    path: Path, pairs: Sequence[Pair], answers: Sequence["Answer"], by: str, flipped: Sequence[bool | None] = ()
) -> None:
    """One row per question, abstentions and failures included; the file is seen whole or not at all.

    `flipped` tells of a pair that was shown in both orders whether it was judged by the order.
    """
    import pyarrow as pa

    columns: dict[str, list[object]] = {}
    for k, side in enumerate(SIDES):
        for field in ("episode", "start", "stop"):
            columns[f"{side}_{field}"] = [getattr(pair[k], field) for pair in pairs]
    columns["outcome"] = [answer.outcome for answer in answers]
    columns["p_left"] = [answer.p_left for answer in answers]
    columns["confidence"] = [answer.confidence for answer in answers]
    columns["flipped"] = list(flipped) or [None] * len(pairs)
    columns["by"] = [by] * len(pairs)
    schema = pa.schema(
        [(f"{side}_{field}", pa.int64()) for side in SIDES for field in ("episode", "start", "stop")]
        + [("outcome", pa.string()), ("p_left", pa.float64()), ("confidence", pa.float64())]
        + [("flipped", pa.bool_()), ("by", pa.string())]
    )
    _write(path, pa.table(columns, schema=schema))


def write_ratings(path: Path, ratings: Sequence[Rating]) -> None:
    """One row per rated moment; the file is seen whole or not at all."""
    import pyarrow as pa

    rows = [{**vars(rating.segment), "value": rating.value, "by": rating.by} for rating in ratings]
    _write(path, pa.Table.from_pylist(rows))


def read_ratings(path: str | Path) -> list[Rating]:
    """The ratings in such a table."""
    return [
        Rating(Segment(row["episode"], row["start"], row["stop"]), row["value"], row["by"]) for row in read_rows(path)
    ]


def _write(path: Path, table: Any) -> None:
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    pq.write_table(table, unfinished)
    unfinished.rename(path)


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """Every row of a label table; ValueError names a file that is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{path} is no label table ({error}); `embodied label` writes one") from error


def pair_of(row: dict[str, object]) -> Pair:
    """The two segments that a row is about."""
    left, right = (
        Segment(*(int(str(row[f"{side}_{field}"])) for field in ("episode", "start", "stop"))) for side in SIDES
    )
    return left, right


def read_labels(*paths: str | Path) -> list[Preference]:
    """The preferences in these tables; abstentions and failures are none."""
    return [
        Preference(*pair_of(row), p_left=float(str(row["p_left"])), by=str(row["by"]))
        for path in paths
        for row in read_rows(path)
        if row["p_left"] is not None
    ]
