"""The camera frames of one episode, decoded when asked for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from embodied import codec, tables
from embodied.catalogue import Entry
from embodied.layout import Field


def of_entry(
    root: Path, field: Field, entry: Entry, frames: Int64[np.ndarray, " n"], fps: float
) -> UInt8[np.ndarray, "n H W C"]:
    """These ascending frames of one episode as one array."""
    out = np.empty((len(frames), *field.array.shape), np.uint8)
    for position, picture in enumerate(each(root, field, entry, frames, fps)):
        out[position] = picture
    return out


def each(
    root: Path, field: Field, entry: Entry, frames: Int64[np.ndarray, " n"], fps: float
) -> Iterator[UInt8[np.ndarray, "H W C"]]:
    """These ascending frames of one episode, one by one; ValueError if a picture has another shape than declared."""
    rows = np.minimum(frames, entry.rows - 1)
    source = _filmed(root, field, entry, rows, fps) if field.stored == "video" else _stored(root, field, entry, rows)
    for frame, picture in zip(frames.tolist(), source, strict=True):
        if picture.shape != field.array.shape:
            raise ValueError(
                f"frame {frame} of episode {entry.id} in {root}: camera {field.name!r} has shape {picture.shape}, "
                f"and info.json says {field.array.shape}"
            )
        yield picture


def _filmed(root: Path, field: Field, entry: Entry, rows: np.ndarray, fps: float) -> Iterator[np.ndarray]:
    film, begin = entry.films[field.feature]
    distinct, repeats = np.unique(rows, return_counts=True)
    decoded = codec.decode_video(root / film, (begin + distinct / fps).tolist(), fps)
    for picture, times in zip(decoded, repeats.tolist(), strict=True):
        for _ in range(times):
            yield picture


def _stored(root: Path, field: Field, entry: Entry, rows: np.ndarray) -> Iterator[np.ndarray]:
    path, channels = root / entry.data, field.array.shape[-1]
    for row, data in tables.embedded(path, field.feature, entry.start + rows):
        if data is None:
            raise ValueError(f"row {row} of {path} has no picture in it; only embedded pictures are read")
        yield codec.decode_picture(data, channels)
