"""Carrying out a plan of acts as it is remembered that they are wanted, and learning from what was said meanwhile.

Each step keeps a `Course`: where it began, which lessons shaped it, what was said to it. A step that went well without
another word turns what was said into a lesson, and confirms the lessons that shaped it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from embodied import plan_edits, skills
from embodied.correction_footage import Spans
from embodied.corrections import Correction, Edit
from embodied.course import Body, Course, Question, Reply, State, bare, begun, describe
from embodied.instructions import instructed
from embodied.keeping import Keeping
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.models import Model
from embodied.situations import Situation, Surroundings, plain, situation
from embodied.skills import Act, At, Outcome, Program, Stop
from embodied.teaching import draft
from embodied.transcript import Transcript


class Carrying:
    """A plan on its way: `run` carries it out until it ends, fails, is stopped or a question is open."""

    def __init__(
        self,
        body: Body,
        keeping: Keeping,
        transcript: Transcript,
        *,
        user: str = "",
        robot: str = "",
        run: str = "",
        model: Model | None = None,
        planner: Callable[[str, Surroundings], Program] = instructed,
    ) -> None:
        self.body, self.keeping, self.transcript = body, keeping, transcript
        self.user, self.robot, self.name, self.model, self.planner = user, robot, run, model, planner
        self.program, self.course = Program(), dict[str, Course]()
        self.keys: list[str] = []
        self.questions: list[Question] = []
        self.notes: list[str] = []
        self.before: tuple[Correction, ...] = ()
        self.plan_said: list[tuple[Correction, Situation]] = []
        self.plan_shaped: dict[int, Situation] = {}
        self.shaped_last: tuple[str, dict[int, Situation]] = ("", {})
        self.state: State = "idle"
        self.returning: tuple[int, Any] | None = None
        self.resting = False
        self.seconds, self.made = 0.0, 0
        self.spans = Spans()

    def instruct(self, sentence: str) -> Reply:
        """Make a plan of an instruction; what is remembered about such plans changes it at once."""
        return self.plan(self.planner(sentence, self.body.surroundings()))

    def plan(self, program: Program) -> Reply:
        """Take a plan, as it is or as what is remembered changes it."""
        around = self.body.surroundings()
        self.transcript("plan", sentence=program.sentence, steps=[str(step) for step in program.steps])
        recall = self.keeping.recall_plan(program, around)
        insisted, self.plan_shaped, before = self.insisted(program), {}, program
        for verdict in recall.apply:
            if verdict.lesson.id in insisted:
                continue
            edits = tuple(edit for edit in verdict.lesson.edits if not self.asked_for(edit, program, around))
            if not edits:
                continue
            try:
                program = plan_edits.apply(edits, program, around)
            except ValueError as error:
                self.transcript("not applied", lesson=verdict.lesson.id, why=str(error))
                continue
            if (about := self.spoken_of(edits[0], around, before)) is not None:
                self.plan_shaped[verdict.lesson.id] = self.situation(about)
            self.noted(verdict.lesson, "the plan")
        self.shaped_last = (program.sentence, dict(self.plan_shaped))
        self.questions, self.plan_said, self.course = [], [], {}
        self.resting = False
        self.program, self.keys = program, self.named(program)
        self.state = "ready" if program.steps else "finished"
        return self.reply(" / ".join(f"{n + 1} {step}" for n, step in enumerate(program.steps)))

    def insisted(self, program: Program) -> frozenset[int]:
        """The lessons that changed this very instruction a moment ago: said once more, it is meant as it is."""
        sentence, shaped = self.shaped_last
        if program.sentence != sentence or self.plan_said:
            return frozenset()
        for number, now in shaped.items():
            self.keeping.went((number,), now, "overridden")
            self.transcript("overridden", lessons=[number], step=0)
        return frozenset(shaped)

    @staticmethod
    def asked_for(edit: Edit, program: Program, around: Surroundings) -> bool:
        """Whether an edit would leave out what the instruction names: what is asked for now is done."""
        if edit.kind != "skip":
            return False
        words = set(program.sentence.lower().split())
        things = [around[step.object] for step in program.steps if isinstance(step, Act) and step.object in around]
        return any(edit.what.fits(thing) and {thing.kind, f"{thing.kind}s"} & words for thing in things)

    def spoken_of(self, edit: Edit, around: Surroundings, program: Program) -> Act | None:
        """The step that an edit is about: where the thing goes rather than where it is picked up."""
        acts = [step for step in program.steps if isinstance(step, Act) and step.object in around]
        fits = [act for act in acts if edit.what.fits(around[act.object]) and edit.verb in (None, act.verb)]
        return next((act for act in fits if act.target), fits[0] if fits else None)

    def named(self, program: Program) -> list[str]:
        """A key of its own for every step, which it keeps when the plan is changed around it."""
        kept, keys = list(zip(self.program.steps, self.keys, strict=False)), []
        for step in program.steps:
            same = next((pair for pair in kept if bare(pair[0]) == bare(step)), None)
            if same is None:
                self.made += 1
                keys.append(f"s{self.made}")
            else:
                kept.remove(same)
                keys.append(same[1])
        return keys

    def of(self, index: int) -> Course:
        """The course of a step."""
        return self.course.setdefault(self.keys[index], Course())

    def focus(self) -> int | None:
        """The step that is talked about if nothing else is said: the one under way, or else the last one done."""
        at = self.program.at
        if not self.program.steps:
            return None
        return at.step if begun(at) or at.step == 0 or self.state == "failed" else at.step - 1

    def run(self, stop: Stop = lambda: False) -> Reply:
        """Carry out what is left, until it is done, fails, is stopped, or somebody has to decide something."""
        if self.state in ("idle", "asking"):
            return self.reply("there is nothing to do" if self.state == "idle" else "please answer first")
        if not self.returned(stop):
            self.state = "stopped"
            return self.reply("stopped on the way back")
        if self.resting:
            self.state, self.resting = "stopped", False
            return self.reply("it is as it was before")
        while not self.program.finished:
            index = self.program.at.step
            if not self.prepared(index):
                return self.ask()
            self.spans.begin(self.keys[index], self.clock())
            self.transcript("begin", step=index, act=str(self.program.steps[index]), phase=self.program.at.phase)
            now, outcome = next(iter(skills.execute(self.one(index), self.body, stop)))
            self.seconds += outcome.seconds
            self.program = self.program.standing(now.at)
            if outcome.cause == "refused" and self.unshaped(index, outcome.detail):
                continue
            if outcome.cause:
                return self.held(outcome)
            self.spans.done(self.keys[index], self.clock())
            self.transcript("did", step=index, act=str(self.program.steps[index]), seconds=round(outcome.seconds, 3))
            if index:
                self.settle(index - 1)
        return self.finish()

    def clock(self) -> float:
        """The body's simulated seconds, where it has a clock, or else those of motion."""
        return float(getattr(self.body, "seconds", self.seconds))

    def one(self, index: int) -> Program:
        """The program, ending with that step."""
        return self.program.model_copy(update={"steps": self.program.steps[: index + 1]})

    def unshaped(self, index: int, why: str) -> bool:
        """Where a step cannot be done as it is remembered, it is done without; false if nothing was remembered."""
        course, act = self.of(index), self.program.steps[index]
        if not (course.shaped and course.recalled.said and isinstance(act, Act)):
            return False
        self.transcript("not applied", lessons=list(course.shaped), step=index, why=why)
        self.notes.append(f"({act}: not as I learned it, because {why})")
        course.recalled, course.shaped = Manner(), ()
        self.put(index, act.done(course.asked_for))
        return True

    def held(self, outcome: Outcome) -> Reply:
        """A step did not get to its end."""
        self.state = "stopped" if outcome.cause == "stopped" else "failed"
        self.transcript(self.state, step=outcome.at.step, cause=outcome.cause, detail=outcome.detail)
        words = "stopped" if self.state == "stopped" else f"I could not {outcome.step}: {outcome.detail}"
        return self.reply(words)

    def prepared(self, index: int) -> bool:
        """Mark where a step begins and take up what is remembered of it; false if something must be asked first."""
        act, course = self.program.steps[index], self.of(index)
        if begun(self.program.at) or course.mark is not None:
            return True
        course.mark = self.body.mark()
        if not isinstance(act, Act):
            return True
        course.now = self.situation(act)
        if not course.said and not course.shaped:
            course.asked_for = act.manner
        recall = self.keeping.recall(course.now)
        course.recalled = recall.manner
        course.shaped = tuple(verdict.lesson.id for verdict in recall.apply)
        for verdict in recall.apply:
            self.noted(verdict.lesson, str(act))
        asked = course.asked_for.said.keys()
        open_ = [v for v in recall.ask if not (v.lesson.asked or v.lesson.manner.said.keys() <= asked)]
        self.questions += [
            Question(f"you once said {v.lesson.text!r}; does that hold for {course.now} too?", ("yes", "no"), v.lesson)
            for v in open_
        ]
        for verdict in open_:
            self.keeping.asked(verdict.lesson)
        self.shape(index)
        return not open_

    def shape(self, index: int) -> None:
        """Give a step the manner that is remembered, and over it the one that was asked for now."""
        act, course = self.program.steps[index], self.of(index)
        if isinstance(act, Act):
            manner = Manner.model_validate({**course.recalled.said, **course.asked_for.said})
            self.put(index, act.done(manner))

    def put(self, index: int, act: Act) -> None:
        """Another act in the place of a step."""
        steps = (*self.program.steps[:index], act, *self.program.steps[index + 1 :])
        self.program = self.program.model_copy(update={"steps": steps})

    def situation(self, act: Act) -> Situation:
        """That of an act, now."""
        return situation(act, self.body.surroundings(), task=self.program.sentence, user=self.user, robot=self.robot)

    def again(self, index: int, words: str) -> Reply:
        """Stand before a step again; what was done of it and after it is taken back when the motion goes on."""
        course = self.of(index)
        if index <= self.program.at.step and course.mark is not None:
            if self.returning is None or index <= self.returning[0]:
                self.returning = index, course.mark
            for key in self.keys[index + 1 :]:
                self.course[key] = replace(self.course.get(key, Course()), mark=None, settled=False)
            self.program = self.program.standing(At(step=index))
        self.state = "ready"
        return self.reply(words)

    def returned(self, stop: Stop) -> bool:
        """The way back, if there is one to go; false if that was stopped."""
        if self.returning is not None:
            if not self.body.back(self.returning[1], stop):
                return False
            self.transcript("back", step=self.returning[0])
            self.returning = None
        return True

    def settle(self, index: int) -> None:
        """A step went well and nobody objected: what was said of it becomes a lesson."""
        course = self.of(index)
        if course.settled or course.now is None:
            return
        course.settled = True
        untouched = tuple(i for i in course.shaped if i not in course.overridden)
        self.keeping.went(untouched, course.now, "ok")
        self.learned(index, course)

    def learned(self, index: int, course: Course) -> None:
        """A lesson for each thing that was said of a step, of what it said last: they may reach differently far.

        What was learned of the same in this run already gives way to it.
        """
        act, now = self.program.steps[index], course.now
        assert isinstance(act, Act)
        assert now is not None
        last = {name: number for number, said in enumerate(course.said) for name in said.manner.said}
        before, course.lessons = course.lessons, {}
        for number, said in enumerate(course.said):
            fields = [name for name, at in last.items() if at == number and name in act.manner.said]
            if not fields:
                continue
            manner = Manner.model_validate({name: act.manner.said[name] for name in fields})
            alike = [other for other in course.said if other.manner.said.keys() & set(fields)]
            words = "; ".join(dict.fromkeys(other.text for other in alike))
            reach = next((other.reach for other in reversed(alike) if other.reach), None)
            instead = next((before[n] for n in fields if n in before and before[n] not in course.lessons.values()), 0)
            kept = self.keep(said.model_copy(update={"text": words, "reach": reach}), now, manner, index, instead)
            course.lessons |= dict.fromkeys(fields, kept)

    def keep(self, said: Correction, now: Situation, manner: Manner, index: int, instead: int = 0) -> int:
        """Learn a lesson, in the place of an earlier one of this step if there is one; its number.

        Its one question, if it leaves one, is put when there is time.
        """
        said = said.model_copy(update={"manner": manner})
        lesson = draft(said, now, self.body.surroundings(), run=self.name, step=index)
        number, probe = self.keeping.learn(lesson, said, now, self.body.surroundings(), instead)
        self.transcript(
            "learned", lesson=number, words=said.text, when=plain(lesson.when), scope=lesson.scope, manner=plain(manner)
        )
        if probe is not None:
            self.questions.append(Question(probe.text, ("yes", "no"), probe))
        return number

    def noted(self, lesson: Lesson, to: str) -> None:
        """Remember to say that a lesson was used."""
        what = describe(lesson.manner) or "otherwise"
        self.notes.append(f"({to}: {what}, because you said {lesson.text!r})")
        self.transcript("applied", lesson=lesson.id, words=lesson.text, to=to)

    def finish(self) -> Reply:
        """All is done: learn what is left to learn, and ask what is left to ask."""
        for index in range(len(self.program.steps)):
            self.settle(index)
        for number, now in self.plan_shaped.items():
            self.keeping.went((number,), now, "ok")
        self.plan_shaped = {}
        for said, now in self.plan_said:
            self.keep(said, now, Manner(), 0)
        self.plan_said = []
        self.state = "finished"
        self.transcript("finished", seconds=round(self.seconds, 3))
        return self.ask() if self.questions else self.reply("done")

    def ask(self, question: Question | None = None) -> Reply:
        """Put a question, or the one that is open; one without options is only said."""
        if question is not None:
            if not question.options:
                return self.reply(question.text)
            self.questions.insert(0, question)
        first = self.questions[0]
        self.state = "asking"
        about = "words" if isinstance(first.about, tuple | Program) else "lesson"
        self.transcript("asked", text=first.text, options=list(first.options), about=about)
        text = "\n".join((*self.notes, first.text))
        self.notes = []
        return Reply(text, "asking", first.options)

    def reply(self, text: str) -> Reply:
        """Say it."""
        text = "\n".join((*self.notes, text))
        self.notes = []
        self.transcript("reply", text=text, state=self.state)
        return Reply(text, self.state)
