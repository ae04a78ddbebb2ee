"""Correcting a robot in words: a plan is carried out, stopped, corrected and gone on with, and what was meant is kept.

A session is a state machine. `instruct` makes a plan, `run` carries it out until it ends, fails, is stopped or a
question is open, `say` takes whatever a person says in between. What is said is data: nothing of it is executed, and
nothing moves before it was understood. A step is done again from its beginning when what was corrected had already
been done, and goes on from where it was stopped otherwise.
"""

from collections.abc import Callable
from dataclasses import replace

from embodied import plan_edits, skills
from embodied.corrections import Correction, Moment, read
from embodied.course import Body, Course, Question, Reply, State, bare, begun, chosen, describe, texts
from embodied.instructions import instructed
from embodied.keeping import Keeping
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.models import Model
from embodied.situations import Situation, Surroundings, plain, situation
from embodied.skills import Act, At, Outcome, Program, Stop
from embodied.teaching import Probe, draft
from embodied.transcript import Transcript

LATER = frozenset({"speed", "height", "clear_of", "upright", "force"})
"""What takes effect from where a step stands; of anything else the step is done again from its beginning."""

HELD, CARRIED = frozenset({"part", "approach", "force"}), frozenset({"height", "upright", "clear_of", "turn"})
HOLDING, BRINGING = ("pick",), ("place", "hang", "hand over")


class Session:
    """One robot, one person, one plan at a time."""

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
        self.plan_shaped: tuple[int, ...] = ()
        self.state: State = "idle"
        self.seconds, self.made = 0.0, 0

    # --- plans

    def instruct(self, sentence: str) -> Reply:
        """Make a plan of an instruction; what is remembered about such plans changes it at once."""
        return self.plan(self.planner(sentence, self.body.surroundings()))

    def plan(self, program: Program) -> Reply:
        """Take a plan, as it is or as what is remembered changes it."""
        around = self.body.surroundings()
        self.transcript("plan", sentence=program.sentence, steps=[str(step) for step in program.steps])
        recall = self.keeping.recall_plan(program, around)
        self.plan_shaped = ()
        for verdict in recall.apply:
            try:
                program = plan_edits.apply(verdict.lesson.edits, program, around)
            except ValueError as error:
                self.transcript("not applied", lesson=verdict.lesson.id, why=str(error))
                continue
            self.plan_shaped += (verdict.lesson.id,)
            self.noted(verdict.lesson, "the plan")
        self.questions, self.plan_said, self.course = [], [], {}
        self.program, self.keys = program, self.named(program)
        self.state = "ready" if program.steps else "finished"
        return self.reply(" / ".join(f"{n + 1} {step}" for n, step in enumerate(program.steps)))

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

    # --- running

    def run(self, stop: Stop = lambda: False) -> Reply:
        """Carry out what is left, until it is done, fails, is stopped, or somebody has to decide something."""
        if self.state in ("idle", "asking"):
            return self.reply("there is nothing to do" if self.state == "idle" else "please answer first")
        while not self.program.finished:
            index = self.program.at.step
            if not self.prepared(index):
                return self.ask()
            self.transcript("begin", step=index, act=str(self.program.steps[index]), phase=self.program.at.phase)
            now, outcome = next(iter(skills.execute(self.one(index), self.body, stop)))
            self.seconds += outcome.seconds
            self.program = self.program.standing(now.at)
            if outcome.cause:
                return self.held(outcome)
            self.transcript("did", step=index, act=str(self.program.steps[index]), seconds=round(outcome.seconds, 3))
            if index:
                self.settle(index - 1)
        return self.finish()

    def one(self, index: int) -> Program:
        """The program, ending with that step."""
        return self.program.model_copy(update={"steps": self.program.steps[: index + 1]})

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
        course.asked_for = act.manner.then(course.asked_for) if course.said else act.manner
        recall = self.keeping.recall(course.now)
        course.recalled = recall.manner
        course.shaped = tuple(verdict.lesson.id for verdict in recall.apply)
        for verdict in recall.apply:
            self.noted(verdict.lesson, str(act))
        open_ = [v for v in recall.ask if not v.lesson.manner.said.keys() <= course.asked_for.said.keys()]
        self.questions += [
            Question(f"you once said {v.lesson.text!r}; does that hold for {course.now} too?", ("yes", "no"), v.lesson)
            for v in open_
        ]
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
        return situation(
            act, self.body.surroundings(), task=self.program.sentence, user=self.user, robot=self.robot
        )

    # --- what is said

    def say(self, text: str) -> Reply:
        """Take what a person says. Nothing moves; `run` goes on afterwards if the state is "ready"."""
        said = read(text, self.moment(), self.model)
        self.transcript("said", text=text, intent=said.intent, level=said.level, by=said.by)
        if self.questions and (answer := chosen(self.questions[0], text, said)) is not None:
            return self.answered(answer)
        if self.questions and said.intent not in ("unclear", "yes", "no"):
            self.questions = [q for q in self.questions if isinstance(q.about, Probe)]  # how far a lesson goes can wait
        return self.heard(said)

    def moment(self) -> Moment:
        """Now, as a correction is to be understood."""
        index = self.focus()
        act = None if index is None else self.program.steps[index]
        around = self.body.surroundings()
        if index is None or not isinstance(act, Act):
            return Moment(around, self.program, None, self.before)
        held = self.program.steps[self.near(index, act.object, HOLDING)]
        taken = held.manner.said if isinstance(held, Act) else {}
        manner = {**{n: v for n, v in taken.items() if n in HELD}, **act.manner.said}
        return Moment(around, self.program, act.done(Manner.model_validate(manner)), self.before)

    def focus(self) -> int | None:
        """The step that is talked about if nothing else is said: the one under way, or else the last one done."""
        at = self.program.at
        if not self.program.steps:
            return None
        return at.step if begun(at) or at.step == 0 or self.state == "failed" else at.step - 1

    def heard(self, said: Correction) -> Reply:
        """Act on what was understood."""
        if said.intent == "unclear" or said.options:
            return self.ask(Question(said.question or "I did not understand that.", texts(said.options), said.options))
        self.before = (*self.before, said)
        handlers: dict[str, Callable[[Correction], Reply]] = {
            "adjust": self.adjust, "edit": self.edit, "go on": self.go_on, "done": self.done, "undo": self.undo,
            "retry": self.retry, "skip": self.skip, "home": self.home,
        }  # fmt: skip
        if said.intent in handlers:
            return handlers[said.intent](said)
        if said.intent == "stop":
            self.state = "stopped" if self.program.steps and not self.program.finished else self.state
            return self.reply("stopped")
        return self.reply("there is no open question")

    def adjust(self, said: Correction) -> Reply:
        """Do steps otherwise, from where they stand or anew."""
        shares = self.shares(said)
        if not shares:
            return self.ask(Question(f"shall I keep {said.text!r} for later?", ("yes", "no"), said))
        try:
            acts = {index: self.changed(index, manner) for index, manner in shares.items()}
        except ValueError:
            return self.reply("that is farther than I may go; say less")
        for index, act in acts.items():
            self.corrected(index, act, said.model_copy(update={"manner": shares[index], "verb": act.verb}))
        first, now = min(acts), self.program.at
        goes_on = said.manner.said.keys() <= LATER or acts[first].verb == "dress"
        if first > now.step or (first == now.step and (goes_on or not begun(now))):
            self.state = "ready"
            return self.reply(f"I go on: {describe(said.manner)}" if begun(now) else f"I will: {describe(said.manner)}")
        return self.again(first, f"I do it again: {describe(said.manner)}")

    def changed(self, index: int, manner: Manner) -> Act:
        """A step as it is asked for now. ValueError beyond the bounds."""
        act, course = self.program.steps[index], self.of(index)
        assert isinstance(act, Act)
        base = act.manner if self.keeping.accumulates else course.recalled
        return act.done(base.then(manner))

    def corrected(self, index: int, act: Act, said: Correction) -> None:
        """Put a step in the place of what it was, and note what was said of it."""
        course, fields = self.of(index), said.manner.said.keys()
        lost = tuple(i for i in course.shaped if i not in course.overridden and fields & course.recalled.said.keys())
        kept = course.said if self.keeping.accumulates else ()
        course.said, course.settled = (*kept, said), False
        asked = {*fields, *(course.asked_for.said if self.keeping.accumulates else ())}
        course.asked_for = Manner.model_validate({n: v for n, v in act.manner.said.items() if n in asked})
        course.now = course.now or self.situation(act)
        course.overridden += lost
        if lost:
            self.keeping.went(lost, course.now, "overridden")
            self.transcript("overridden", lessons=list(lost), step=index)
        self.put(index, act)
        self.transcript("corrected", step=index, act=str(act), manner=plain(act.manner))

    def shares(self, said: Correction) -> dict[int, Manner]:
        """Which steps a correction is about, and what of it is about each.

        The step in focus if it fits, else the nearest that does. How a thing is held is a matter of picking it up,
        how it is carried of bringing it, whichever of both is under way; unless the words name what is done.
        """
        index = self.meant(said)
        if index is None:
            return {}
        act, found = self.program.steps[index], dict[int, dict[str, object]]()
        assert isinstance(act, Act)
        for name, value in said.manner.said.items():
            verbs = () if said.verb else HOLDING if name in HELD else BRINGING if name in CARRIED else ()
            at = index if not verbs or act.verb in verbs else self.near(index, act.object, verbs)
            found.setdefault(at, {})[name] = value
        return {at: Manner.model_validate(fields) for at, fields in sorted(found.items())}

    def near(self, index: int, thing: str, verbs: tuple[str, ...]) -> int:
        """The step nearest to one that does one of these with the thing; that one if there is none."""
        fits = [
            n
            for n, step in enumerate(self.program.steps)
            if isinstance(step, Act) and step.object == thing and step.verb in verbs
        ]
        return min(fits, key=lambda n: abs(n - index), default=index)

    def meant(self, said: Correction) -> int | None:
        """The step that a correction is about: the one in focus if it fits, else the nearest that does."""
        around, focus = self.body.surroundings(), self.focus()

        def fits(index: int) -> bool:
            act = self.program.steps[index]
            if not isinstance(act, Act) or (said.verb and act.verb != said.verb) or act.object not in around:
                return False
            return said.about is None or said.about.fits(around[act.object])

        if focus is not None and fits(focus):
            return focus
        near = sorted(range(len(self.program.steps)), key=lambda i: (i < self.program.at.step, i))
        return next((i for i in near if fits(i)), None)

    def again(self, index: int, words: str) -> Reply:
        """Take back a step and all after it, and stand before it."""
        course = self.of(index)
        if index <= self.program.at.step and course.mark is not None:
            if not self.body.back(course.mark, lambda: False):
                self.state = "stopped"
                return self.reply("stopped on the way back")
            for key in self.keys[index + 1 :]:
                self.course[key] = replace(self.course.get(key, Course()), mark=None, settled=False)
            self.program = self.program.standing(At(step=index))
            self.transcript("back", step=index)
        self.state = "ready"
        return self.reply(words)

    def edit(self, said: Correction) -> Reply:
        """Do other things, or in another order."""
        around = self.body.surroundings()
        try:
            program = plan_edits.apply(said.edits, self.program, around)
        except ValueError as error:
            if (back := self.unwound(said)) is None:
                return self.reply(str(error))
            program = back
        about = self.spoken_of(said, around)
        self.keys = self.named(program)
        self.program = program
        if about is not None:
            self.plan_said.append((said, self.situation(about)))
        self.state = "finished" if program.finished else "ready"
        self.transcript("replanned", steps=[str(step) for step in program.steps])
        return self.reply(" / ".join(str(step) for step in program.steps[program.at.step :]) or "nothing is left to do")

    def spoken_of(self, said: Correction, around: Surroundings) -> Act | None:
        """The step that a change of the plan is about: where the thing goes rather than where it is picked up."""
        what = said.edits[0].what
        acts = [step for step in self.program.steps if isinstance(step, Act) and step.object in around]
        fits = [act for act in acts if what.fits(around[act.object]) and said.edits[0].verb in (None, act.verb)]
        return next((act for act in fits if act.target), fits[0] if fits else None)

    def unwound(self, said: Correction) -> Program | None:
        """The plan with an edit that comes too late for the steps done, which are taken back; None if it never fits."""
        for index in range(self.program.at.step, -1, -1):
            begun = self.course.get(self.keys[index]) if index < len(self.keys) else None
            if begun is None or begun.mark is None:
                continue
            try:
                program = plan_edits.apply(said.edits, self.program.standing(At(step=index)), self.body.surroundings())
            except ValueError:
                continue
            self.again(index, "")
            return program
        return None

    def go_on(self, said: Correction) -> Reply:
        """From exactly where it was stopped."""
        self.state = "finished" if self.program.finished else "ready"
        return self.reply("I go on" if self.state == "ready" else "nothing is left to do")

    def done(self, said: Correction) -> Reply:
        """The person is content with the step under way, or with everything."""
        if not self.program.finished and begun(self.program.at):
            self.program = self.program.standing(At(step=self.program.at.step + 1))
        if self.program.finished:
            return self.finish()
        self.state = "ready"
        return self.reply("good")

    def undo(self, said: Correction) -> Reply:
        """Take back the step under way, or the last one."""
        index = self.focus()
        if index is None or self.of(index).mark is None:
            return self.reply("there is nothing to take back")
        self.again(index, "")
        self.course[self.keys[index]] = Course()
        self.state = "stopped"
        return self.reply(f"taken back: {self.program.steps[index]}")

    def retry(self, said: Correction) -> Reply:
        """The step under way, from its beginning."""
        index = self.focus()
        return self.reply("there is nothing to repeat") if index is None else self.again(index, "I try again")

    def skip(self, said: Correction) -> Reply:
        """Leave out the step that is next or under way."""
        if self.program.finished:
            return self.reply("there is nothing to skip")
        step = self.program.steps[self.program.at.step]
        self.program = self.program.standing(At(step=self.program.at.step + 1))
        self.state = "finished" if self.program.finished else "ready"
        return self.reply(f"left out: {step}")

    def home(self, said: Correction) -> Reply:
        """To where the arm waits, before anything else."""
        at = self.program.at.step
        steps = (*self.program.steps[:at], skills.Home(), *self.program.steps[at:])
        program = self.program.model_copy(update={"steps": steps, "at": At(step=at)})
        self.keys, self.program = self.named(program), program
        self.state = "ready"
        return self.reply("I go home")

    # --- questions

    def ask(self, question: Question | None = None) -> Reply:
        """Put a question, or the one that is open; one without options is only said."""
        if question is not None:
            if not question.options:
                return self.reply(question.text)
            self.questions.insert(0, question)
        first = self.questions[0]
        self.state = "asking"
        self.transcript("asked", text=first.text, options=list(first.options))
        text = "\n".join((*self.notes, first.text))
        self.notes = []
        return Reply(text, "asking", first.options)

    def answered(self, choice: int) -> Reply:
        """The person chose one of the options."""
        question = self.questions.pop(0)
        self.transcript("answered", text=question.options[choice])
        about = question.about
        self.state = "finished" if self.program.finished else "ready"
        if isinstance(about, tuple):
            return self.heard(about[choice].means.model_copy(update={"options": (), "by": "person"}))
        yes = choice == 0
        if isinstance(about, Probe):
            self.keeping.answer(about, yes)
        elif isinstance(about, Lesson):
            self.holds(about, yes)
        elif yes:
            self.keep_for_later(about)
        return self.ask() if self.questions else self.reply("good" if yes else "I see")

    def holds(self, lesson: Lesson, yes: bool) -> None:
        """The person says whether a lesson fits the step that is about to begin."""
        index = self.program.at.step
        course = self.of(index)
        assert course.now is not None
        if yes:
            course.recalled = course.recalled.then(
                Manner.model_validate({k: v for k, v in lesson.manner.said.items() if k not in course.recalled.said})
            )
            course.shaped += (lesson.id,)
            self.shape(index)
        else:
            self.keeping.went((lesson.id,), course.now, "overridden")

    def keep_for_later(self, said: Correction) -> None:
        """A wish that no step of this plan is about, which the person wants kept: their yes is the evidence."""
        around = self.body.surroundings()
        things = said.about.among(around) if said.about else tuple(around)
        for thing in things[:1]:
            goal = said.target.among(around) if said.target else ()
            now = Situation(
                verb=said.verb or "pick", object=thing.name, kind=thing.kind, attributes=thing.attributes,
                place=thing.place, user=self.user, robot=self.robot, size=max(thing.size),
                target=goal[0].name if goal else "", target_kind=goal[0].kind if goal else "",
            )  # fmt: skip
            self.keep(said, now, said.manner, 0)

    # --- lessons

    def settle(self, index: int) -> None:
        """A step went well and nobody objected: what was said of it becomes a lesson."""
        course = self.of(index)
        if course.settled or course.now is None:
            return
        course.settled = True
        untouched = tuple(i for i in course.shaped if i not in course.overridden)
        self.keeping.went(untouched, course.now, "ok")
        if course.said:
            fields = {name for said in course.said for name in said.manner.said}
            act = self.program.steps[index]
            assert isinstance(act, Act)
            manner = Manner.model_validate({n: v for n, v in act.manner.said.items() if n in fields})
            words = "; ".join(dict.fromkeys(said.text for said in course.said))
            reach = next((said.reach for said in reversed(course.said) if said.reach), None)
            said = course.said[-1].model_copy(update={"text": words, "reach": reach})
            course.lesson = self.keep(said, course.now, manner, index, course.lesson)

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
        for said, now in self.plan_said:
            self.keep(said, now, Manner(), 0)
        self.plan_said = []
        self.state = "finished"
        self.transcript("finished", seconds=round(self.seconds, 3))
        return self.ask() if self.questions else self.reply("done")

    def reply(self, text: str) -> Reply:
        """Say it."""
        text = "\n".join((*self.notes, text))
        self.notes = []
        self.transcript("reply", text=text, state=self.state)
        return Reply(text, self.state)
