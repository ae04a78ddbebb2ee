"""The memory of lessons: taught by corrections, kept on evidence, recalled where they apply, and open to inspection."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError

from embodied import memory_exchange
from embodied.conflicts import Recall, settle
from embodied.corrections import Correction, Ref
from embodied.gate import Thresholds, Verdict, calibrated, judge, same
from embodied.lessons import Lesson, State
from embodied.memory_evidence import Flip, Flips, confirmed, flips, mistaken, overridden
from embodied.memory_file import explained, opened, transaction
from embodied.memory_rows import Event, Rows
from embodied.plugins import find
from embodied.similarity import Encoder, lexical
from embodied.situations import Seen, Situation, Surroundings, situation
from embodied.skills import Act, Program, told
from embodied.teaching import Probe, answered, probe

Pair = tuple[Lesson | None, Lesson | None]
"""A lesson before and after a write; None where there was or is none."""

EDITABLE = frozenset({"text", "when", "also", "manner", "edits", "scope", "exceptions", "noticed", "state"})


class Memory:
    """Lessons in one file on a local disk, shared by the processes of one machine; one thread at a time may use it.

    Every write is one transaction with a line in the log of events; none may turn an earlier verdict of the gate
    wrong (`Flips`). `user` and `robot` fill in a situation that names none. Raises ValueError for a network disk and
    for a file of something else or of a newer version, MemoryFault for a damaged file or a full disk, and Unknown for
    the id of no lesson.
    """

    def __init__(
        self, path: Path | str, *, user: str = "", robot: str = "", encoder: Encoder | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self.path, self.user, self.robot, self._clock = Path(path), user, robot, clock
        self._db = opened(self.path)
        self._rows = Rows(self._db, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """How many lessons are active."""
        with self._reading():
            return self._db.execute("SELECT count(*) FROM lesson WHERE state = 'active'").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # Learning.

    def teach(self, lesson: Lesson, correction: Correction | None = None, seen: Seen | None = None) -> Lesson:
        """Store a lesson, pending until `commit`; a limit, which somebody sets by hand, holds at once.

        `seen` is what the thing looks like that it was taught on. ValueError for a lesson that says nothing.
        """
        if not (lesson.manner.said or lesson.edits):
            raise ValueError(f"{lesson.text!r} changes no manner and no plan; there is nothing to remember")
        with self._writing():
            state: State = "active" if lesson.scope == "limit" else "pending"
            changed = {"state": state, "created": lesson.created or self._clock(), "id": self._rows.reserve()}
            new = lesson.model_copy(update=changed)
            self._rows.attach(new.id, correction, seen)
            self._change("teach", [(None, new)], new.text)
        return new

    def commit(self, id: int, now: Situation) -> Lesson:
        """The corrected step succeeded, or somebody said yes: the lesson is active, with `now` for it.

        If an active one says the same, that one is returned, with this evidence, and this one is gone.
        """
        now = self._mine(now)
        with self._writing():
            lesson = self._rows.get(id)
            if lesson.state != "pending":
                raise ValueError(f"{lesson} is {lesson.state}, not pending; only pending ones are committed")
            for twin in self._rows.twins(lesson)[:1]:
                again = twin.model_copy(
                    update={
                        "negatives": tuple(bad for bad in twin.negatives if not same(bad, now)),
                        "exceptions": tuple(e for e in twin.exceptions if e.object is None or not e.holds(now)),
                        "noticed": twin.noticed & lesson.noticed,
                    }
                )
                kept = confirmed(again, now, self._clock(), self._rows.alike)
                self._change("commit", [(twin, kept), (lesson, None)], f"as {twin}", force=True)
                return kept
            kept = confirmed(lesson.model_copy(update={"state": "active"}), now, self._clock(), self._rows.alike)
            self._change("commit", [(lesson, kept)], kept.text)
        return kept

    def drop(self, id: int) -> None:
        """The pending lesson never worked: it goes."""
        with self._writing():
            lesson = self._rows.get(id)
            if lesson.state != "pending":
                raise ValueError(f"{lesson} is {lesson.state}, not pending; `forget` is for those")
            self._change("drop", [(lesson, None)], lesson.text)

    def used(
        self, ids: Iterable[int], now: Situation, outcome: Literal["ok", "overridden"], seen: Seen | None = None,
        *, run: str = "",
    ) -> None:  # fmt: skip
        """What came of acting on lessons: it went silently well, or somebody corrected it.

        The same holds of a lesson that was asked about: "ok" is a yes. An overridden lesson gets a negative and
        shrinks where it can without loss; after three, if they outnumber its successes, it is quarantined.
        """
        learn = find({"ok": confirmed, "overridden": overridden}, outcome, "outcome")
        now = self._mine(now)
        with self._writing():
            pairs: list[Pair] = []
            labels = []
            for id in dict.fromkeys(ids):
                lesson = self._rows.get(id)
                verdict = self._judge(lesson, now, seen, run or lesson.run)
                if verdict.score:
                    labels.append((id, verdict.score, outcome == "ok"))
                pairs.append((lesson, learn(lesson, now, self._clock(), self._rows.alike)))
            if pairs:
                event = self._change(outcome, pairs, str(now), force=True)
                self._db.executemany("INSERT INTO label VALUES (?, ?, ?, ?)", [(event, *label) for label in labels])

    def question(self, id: int, around: Surroundings | None = None) -> Probe | None:
        """The one question that is worth asking about how far a lesson goes; None if it was asked, or is none."""
        with self._writing():
            lesson = self._rows.get(id)
            kinds = {*self._rows.kinds(), *(around.kinds if around is not None else ())}
            if lesson.asked or (asked := probe(lesson, kinds, alike=self._rows.alike)) is None:
                return None
            changed = lesson.model_copy(update={"asked": True})
            self._change("question", [(lesson, changed)], asked.text)
        return asked

    def asked(self, id: int) -> None:
        """Its one question is being put, by somebody else than `question`."""
        with self._writing():
            lesson = self._rows.get(id)
            self._change("question", [(lesson, lesson.model_copy(update={"asked": True}))], lesson.text)

    def answer(self, id: int, asked: Probe, yes: bool, *, force: bool = False) -> Lesson:
        """Widen (or, for "only when ...?", narrow) a lesson by the answer, or keep a negative. Raises Flips."""
        with self._writing():
            lesson = self._rows.get(id)
            if asked.lesson != id:
                raise ValueError(f"{asked.text!r} was asked about lesson {asked.lesson}, not {id}")
            changed = answered(lesson, asked, yes).model_copy(update={"asked": True})
            self._change("answer", [(lesson, changed)], f"{asked.text} {'yes' if yes else 'no'}", force=force)
        return changed

    def calibrate(self, alpha: float = 0.1, *, force: bool = False) -> Thresholds:
        """Set the gate's thresholds by what came of its verdicts (`gate.calibrated`). Raises Flips."""
        with self._writing():
            old, new = self._rows.thresholds(), calibrated(self._rows.labels(), alpha)
            lessons = self._rows.all("state = 'active'")
            if not force and (found := self._flips([(one, one) for one in lessons], new)):
                raise Flips(found)
            both = [[old.apply, old.ask], [new.apply, new.ask]]
            self._set_thresholds(both[1])
            self._rows.log(self._clock(), self.user, "calibrate", f"{new}", {"lessons": [], "thresholds": both})
        return new

    # Recalling.

    def recall(self, now: Situation, seen: Seen | None = None, *, run: str = "") -> Recall:
        """What applies to a step, what to ask about, and the manner of what applies; nothing is written.

        `seen` is what the object looks like now. Lessons for "now" apply in the `run` they were taught in.
        """
        now = self._mine(now)
        with self._reading():
            lessons = self._rows.candidates(now, seen)
            return settle([self._judge(lesson, now, seen, run) for lesson in lessons])

    def recall_plan(
        self, program: Program, around: Surroundings, *, task: str = "", user: str = "", robot: str = "", run: str = ""
    ) -> Recall:
        """Which remembered changes apply to the acts that a program has left.

        A lesson is judged in the situation of each act on a thing that its edit speaks of, and the best verdict
        stands; one that adds something, in that of any act. One whose `other` thing is not there is ignored.
        """
        acts = [step for step in program.steps[program.at.step :] if isinstance(step, Act) and step.object in around]
        best: dict[int, Verdict] = {}
        with self._reading():
            for act in acts:
                if act.target is not None and act.target not in around:
                    continue
                words = {"task": task or program.sentence, "user": user, "robot": robot}
                now = self._mine(situation(act, around, **words))
                for lesson in self._rows.candidates(now, edits=True):
                    if not any(e.kind == "add" or e.what.fits(around[act.object]) for e in lesson.edits):
                        continue
                    verdict = self._judge(lesson, now, None, run)
                    if missing := _missing(lesson, around):
                        verdict = Verdict(lesson, "ignore", 0.0, f"there is no {missing} here")
                    if lesson.id not in best or verdict.score > best[lesson.id].score:
                        best[lesson.id] = verdict
        return settle(best.values())

    def why(self, now: Situation, seen: Seen | None = None, *, run: str = "") -> str:
        """What the memory has to say of a situation, for people: which lesson, in which words, on what evidence."""
        now = self._mine(now)
        with self._reading():
            lessons = self._rows.candidates(now, seen, states=("active", "quarantined"))
            found = settle(self._judge(one, now, seen, run) for one in lessons if one.state == "active")
            locked = [lesson for lesson in lessons if lesson.state == "quarantined"]
        verdicts = (*found.apply, *found.ask, *found.ignored)
        lines = [memory_exchange.told(verdict, found.by) for verdict in verdicts]
        lines += [f"ignore {lesson}: quarantined, it was wrong {lesson.overridden} times" for lesson in locked]
        return "\n".join(lines) or f"no lesson is about {now}"

    # Inspecting and changing.

    def lessons(self, about: str = "", *states: State) -> list[Lesson]:
        """Lessons, oldest first, or those most like the words `about` first; without `states` all but forgotten."""
        with self._reading():
            wanted = json.dumps(states or ("pending", "active", "quarantined"))
            found = self._rows.all("state IN (SELECT value FROM json_each(?))", wanted)
        return sorted(found, key=lambda one: -lexical(about, f"{one.text} {one.rule}")) if about else found

    def show(self, id: int) -> Lesson:
        """One lesson."""
        with self._reading():
            return self._rows.get(id)

    def taught(self, id: int) -> Correction | None:
        """The correction that taught a lesson, if it was kept."""
        with self._reading():
            self._rows.get(id)
            return self._rows.correction(id)

    def edit(self, id: int, *, force: bool = False, **changes: Any) -> Lesson:
        """Change fields of a lesson by hand. Raises Flips where it would become wrong on remembered situations."""
        if odd := sorted(changes.keys() - EDITABLE):
            raise ValueError(f"{odd[0]!r} of a lesson is not edited; there are {', '.join(sorted(EDITABLE))}")
        with self._writing():
            lesson = self._rows.get(id)
            try:
                new = Lesson.model_validate({**lesson.model_dump(), **changes})
            except ValidationError as error:
                raise ValueError(f"{lesson} cannot be edited so: {told(error)}") from error
            if not (new.manner.said or new.edits):
                raise ValueError(f"{lesson} would change no manner and no plan; forget it instead")
            self._change("edit", [(lesson, new)], ", ".join(sorted(changes)), force=force)
        return new

    def forget(self, id: int) -> None:
        """Never recall it again; `undo` can bring it back."""
        with self._writing():
            lesson = self._rows.get(id)
            self._change("forget", [(lesson, lesson.model_copy(update={"state": "forgotten"}))], lesson.text)

    def undo(self) -> Event:
        """Take back the last write that stands, of whatever kind; again for the one before it."""
        return self._again("undo", self._rows.last_done, 0)

    def redo(self) -> Event:
        """Do again what was undone last, as long as nothing was written since."""
        return self._again("redo", self._rows.last_undone, 1)

    def events(self, newest: int = 100) -> list[Event]:
        """The log, oldest first."""
        with self._reading():
            rows = self._db.execute(
                "SELECT id, at, by, what, note, undoes FROM event ORDER BY id DESC LIMIT ?", (newest,)
            ).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def export(self, path: Path | str) -> int:
        """Write everything but what is forgotten as JSON; how many lessons."""
        lessons = self.lessons()
        with self._reading():
            records = [(one, self._rows.correction(one.id), self._rows.picture(one.id)) for one in lessons]
        memory_exchange.write(Path(path), records)
        return len(lessons)

    def import_(self, path: Path | str, *, force: bool = False) -> tuple[int, ...]:
        """Read what `export` wrote, all or nothing: the ids here, those of lessons that say the same merged."""
        records = memory_exchange.read(Path(path))
        with self._writing():
            pairs: list[Pair] = []
            found: dict[str, Lesson] = {}
            for lesson, correction, seen in records:
                twin = found.get(lesson.rule) or next(iter(self._rows.twins(lesson)), None)
                if lesson.state == "active" and twin is not None:
                    new = memory_exchange.merged(twin, lesson)
                    pairs.append((twin, new))
                else:
                    new = lesson.model_copy(update={"id": self._rows.reserve()})
                    self._rows.attach(new.id, correction, seen)
                    pairs.append((None, new))
                found |= {lesson.rule: new} if lesson.state == "active" else {}
            self._change("import", pairs, str(path), force=force)
        return tuple(after.id for _, after in pairs if after is not None)

    def replay(self) -> tuple[Flip, ...]:
        """Remembered situations on which the gate is wrong now: right ones it ignores, wrong ones it applies to."""
        with self._reading():
            thresholds, lessons = self._rows.thresholds(), self._rows.all("state = 'active'")
            return tuple(flip for one in lessons for flip in mistaken(one, thresholds, self._rows.alike))

    def digest(self) -> str:
        """A hash of everything kept: requests leave it as it is."""
        with self._reading():
            return self._rows.digest()

    # One transaction each.

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with explained(self.path), transaction(self._db, "DEFERRED"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with explained(self.path), transaction(self._db):
            yield

    def _mine(self, now: Situation) -> Situation:
        return now.model_copy(update={"user": now.user or self.user, "robot": now.robot or self.robot})

    def _judge(self, lesson: Lesson, now: Situation, seen: Seen | None, run: str) -> Verdict:
        taught = self._rows.picture(lesson.id) if seen is not None else None
        return judge(
            lesson, now, seen=seen, taught=taught, run=run, thresholds=self._rows.thresholds(), alike=self._rows.alike
        )

    def _flips(self, pairs: Sequence[Pair], new: Thresholds | None = None) -> tuple[Flip, ...]:
        old = self._rows.thresholds()
        return tuple(
            flip
            for before, after in pairs
            if before is not None and after is not None and after.state == "active"
            for flip in flips(before, after, old, new or old, self._rows.alike)
        )

    def _change(self, what: str, pairs: Sequence[Pair], note: str, *, force: bool = False) -> int:
        if not force and (found := self._flips(pairs)):
            raise Flips(found)
        changes = [[one and one.model_dump(mode="json", exclude_defaults=True) for one in pair] for pair in pairs]
        self._put(changes, 1)
        return self._rows.log(self._clock(), self.user, what, note, {"lessons": changes})

    def _put(self, changes: Sequence[Sequence[Any]], side: int) -> None:
        for pair in changes if side else reversed(changes):
            if pair[side] is not None:
                self._rows.put(Lesson.model_validate_json(json.dumps(pair[side])))
            else:
                self._rows.remove(pair[1 - side]["id"])

    def _set_thresholds(self, values: Sequence[float]) -> None:
        self._db.execute("INSERT OR REPLACE INTO setting VALUES ('thresholds', ?)", (json.dumps(values),))

    def _again(self, what: str, last: Callable[[], tuple[int, str, Mapping[str, Any]] | None], side: int) -> Event:
        with self._writing():
            if (found := last()) is None:
                raise ValueError(f"there is nothing to {what}")
            id, name, changes = found
            self._put(changes["lessons"], side)
            if "thresholds" in changes:
                self._set_thresholds(changes["thresholds"][side])
            at = self._clock()
            event = self._rows.log(at, self.user, what, name, {}, undoes=id)
        return Event(event, at, self.user, what, name, id)


def _missing(lesson: Lesson, around: Surroundings) -> str:
    others: list[Ref] = [edit.other for edit in lesson.edits if edit.other is not None]
    gone = [ref for ref in others if not ref.among(around)]
    return " ".join((*sorted(gone[0].attributes), gone[0].name or gone[0].kind)) if gone else ""
