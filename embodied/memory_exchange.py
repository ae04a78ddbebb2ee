"""Lessons outside of their file: as JSON for other memories, and as sentences for people."""

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from embodied import skills
from embodied.corrections import Correction
from embodied.gate import Verdict, same
from embodied.lessons import Lesson
from embodied.memory_evidence import KEPT, remembered
from embodied.situations import Seen, plain

Record = tuple[Lesson, Correction | None, Seen | None]


class Picture(BaseModel):
    """What an encoder made of a picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    encoder: str
    vector: tuple[Annotated[float, Field(allow_inf_nan=False)], ...]


class Kept(BaseModel):
    """A lesson and where it is from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    lesson: Lesson
    correction: Correction | None = None
    picture: Picture | None = None


class Exported(BaseModel):
    """The file of an export."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["lessons"]
    version: Literal[1]
    lessons: tuple[Kept, ...]


def write(path: Path, records: Sequence[Record]) -> None:
    """Write lessons to a file, which is seen whole or not at all."""
    kept = [
        Kept(
            lesson=lesson,
            correction=correction,
            picture=Picture(encoder=seen.encoder, vector=tuple(map(float, seen.vector))) if seen is not None else None,
        )
        for lesson, correction, seen in records
    ]
    found = {"format": "lessons", "version": 1, "lessons": [plain(one) for one in kept]}
    making = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")
    try:
        with making.open("w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, ensure_ascii=False, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def read(path: Path) -> list[Record]:
    """What `write` wrote; ValueError names what is wrong in it and where."""
    try:
        found = Exported.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise ValueError(f"{path} is no export of lessons: {skills.told(error)}; nothing was imported") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no export of lessons: it is no text; nothing was imported") from error
    pictures = [
        Seen(kept.picture.encoder, np.array(kept.picture.vector, np.float32)) if kept.picture else None
        for kept in found.lessons
    ]
    for kept in found.lessons:
        if not (kept.lesson.manner.said or kept.lesson.edits):
            raise ValueError(f"{path}: {kept.lesson} changes no manner and no plan; nothing was imported")
    return [(kept.lesson, kept.correction, seen) for kept, seen in zip(found.lessons, pictures, strict=True)]


def merged(here: Lesson, other: Lesson) -> Lesson:
    """One of two that say the same: what either knows. Importing twice changes nothing; what was right here stays."""
    positives, negatives = here.positives, here.negatives
    for good in other.positives:
        if not any(same(good, kept) for kept in (*positives, *negatives)):
            positives = remembered(positives, good)
    for bad in other.negatives:
        if not any(same(bad, kept) for kept in (*positives, *negatives)):
            negatives = remembered(negatives, bad)
    counts = {name: max(getattr(here, name), getattr(other, name)) for name in COUNTS}
    lists = {
        name: tuple(dict.fromkeys((*getattr(here, name), *getattr(other, name)))) for name in ("also", "exceptions")
    }
    found = {"positives": positives[-KEPT:], "negatives": negatives[-KEPT:], "noticed": here.noticed & other.noticed}
    return here.model_copy(update={**counts, **lists, **found, "asked": here.asked or other.asked})


COUNTS = ("applied", "confirmed", "overridden", "used")


def told(verdict: Verdict, by: Mapping[str, int]) -> str:
    """A verdict in a sentence: what, in which words it was taught, when, by whom, on what evidence."""
    lesson = verdict.lesson
    day = datetime.fromtimestamp(lesson.created, UTC).strftime("%Y-%m-%d %H:%M UTC")
    who = f" by {lesson.user}" if lesson.user else ""
    where = f" in {lesson.run} step {lesson.step}" if lesson.run else ""
    when = ", ".join(f"{name} {value}" for name, value in plain(lesson.when).items()) or "anything"
    fields = ", ".join(name for name, id in by.items() if id == lesson.id)
    sets = f"; it sets {fields}" if fields else ""
    return (
        f"{verdict.decision} {lesson}, {verdict.score:.2f}: {verdict.why}; taught {day}{who}{where} for {when} "
        f"({lesson.scope}); right {lesson.confirmed} times, wrong {lesson.overridden}{sets}"
    )
