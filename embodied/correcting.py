"""Correcting a robot in words: a plan is carried out, stopped, corrected and gone on with, and what was meant is kept.

A session is a state machine. `instruct` makes a plan, `run` carries it out until it ends, fails, is stopped or a
question is open, `say` takes whatever a person says in between. What is said is data: nothing of it is executed, and
nothing moves before it was understood. A step is done again from its beginning when what was corrected had already
been done, and goes on from where it was stopped otherwise.
"""

import re
from collections.abc import Callable

from embodied import plan_edits, skills
from embodied.carrying import Carrying
from embodied.corrections import Correction, Moment, read
from embodied.course import Course, Question, Reply, begun, chosen, describe, texts
from embodied.instructions import VERBS
from embodied.lessons import Lesson
from embodied.manner import Manner
from embodied.situations import Situation, plain
from embodied.skills import Act, At, Program
from embodied.teaching import Probe

LATER = frozenset({"speed", "height", "clear_of", "upright", "force"})
"""What takes effect from where a step stands; of anything else the step is done again from its beginning."""

HELD, CARRIED = frozenset({"part", "approach", "force"}), frozenset({"height", "upright", "clear_of", "turn"})
HOLDING, BRINGING = ("pick",), ("place", "hang", "hand over")


POLITE = r"please|now|then|and|next|ok|okay|robot|could you|can you"
ORDER = re.compile(rf"(?:(?:{POLITE})[ ,]+)*(?:{'|'.join(words for _, words in VERBS)})\b")
"""How the order of another task begins."""


class Session(Carrying):
    """One robot, one person, one plan at a time."""

    def say(self, text: str) -> Reply:
        """Take what a person says. Nothing moves; `run` goes on afterwards if the state is "ready"."""
        said = read(text, self.moment(), self.model)
        self.transcript("said", text=text, intent=said.intent, level=said.level, by=said.by)
        if self.questions and (answer := chosen(self.questions[0], text, said)) is not None:
            return self.answered(answer)
        if self.questions and said.intent == "no" and isinstance(self.questions[0].about, tuple):
            self.questions, self.state = self.questions[1:], "stopped"
            return self.reply("then please say it otherwise")
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

    def heard(self, said: Correction) -> Reply:
        """Act on what was understood."""
        self.resting = False
        if said.intent == "unclear" and (other := self.other_task(said.text)) is not None:
            return self.ask(Question(f"shall I leave this, and {other.sentence.strip(' .')}?", ("yes", "no"), other))
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

    def other_task(self, text: str) -> Program | None:
        """The plan that a sentence asks for, if it is an instruction."""
        if not ORDER.match(text.casefold()):
            return None
        try:
            return self.planner(text, self.body.surroundings())
        except ValueError:
            return None

    def adjust(self, said: Correction) -> Reply:
        """Do steps otherwise, from where they stand or anew."""
        shares = self.shares(said)
        if not shares and said.about is None:
            return self.reply("no step of this plan is like that; of what do you speak?")
        if not shares:
            return self.ask(Question(f"shall I keep {said.text!r} for later?", ("yes", "no"), said))
        try:
            acts = {index: self.changed(index, manner) for index, manner in shares.items()}
        except ValueError:
            return self.reply("that is farther than I may go; say less")
        for index, act in acts.items():
            self.corrected(index, act, said.model_copy(update={"manner": shares[index], "verb": act.verb}))
        if not self.keeping.accumulates:
            self.program = self.program.model_copy(update={"steps": self.program.steps[: max(acts) + 1]})
            self.keys = self.keys[: max(acts) + 1]
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
        self.spans.open(self.keys[index], self.clock(), later=index > self.program.at.step)
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
            handed = act.verb == "hand over" and index < self.program.at.step  # it is in their hand, and they feel it
            verbs = () if said.verb or handed else HOLDING if name in HELD else BRINGING if name in CARRIED else ()
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

    def edit(self, said: Correction) -> Reply:
        """Do other things, or in another order."""
        around = self.body.surroundings()
        try:
            program = plan_edits.apply(said.edits, self.program, around)
        except ValueError as error:
            if (back := self.unwound(said)) is None:
                return self.reply(str(error))
            program = back
        about = self.spoken_of(said.edits[0], around, self.program)
        for number, now in self.plan_shaped.items():
            self.keeping.went((number,), now, "overridden")
        self.plan_shaped = {}
        self.keys = self.named(program)
        self.program = program
        if about is not None:
            self.plan_said.append((said, self.situation(about)))
        self.state = "finished" if program.finished and self.returning is None else "ready"
        if not program.finished:
            self.spans.open(self.keys[program.at.step], self.clock())
        self.transcript("replanned", steps=[str(step) for step in program.steps])
        left = " / ".join(str(step) for step in program.steps[program.at.step :]) or "nothing else is left to do"
        return self.reply(left if self.returning is None else f"I take that back; {left}")

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
        self.resting = True
        mark = self.of(index).mark
        self.again(index, "")
        self.course[self.keys[index]] = Course(mark=mark)
        return self.reply(f"I take back: {self.program.steps[index]}")

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

    def answered(self, choice: int) -> Reply:
        """The person chose one of the options."""
        question = self.questions.pop(0)
        self.transcript("answered", text=question.options[choice])
        about = question.about
        self.state = "finished" if self.program.finished else "ready"
        if isinstance(about, tuple):
            return self.heard(about[choice].means.model_copy(update={"options": (), "by": "person"}))
        yes = choice == 0
        if isinstance(about, Program):
            return self.plan(about) if yes else self.reply("then not; say 'carry on', or what I shall do otherwise")
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
        for thing in said.about.among(around)[:1] if said.about else ():
            goal = said.target.among(around) if said.target else ()
            now = Situation(
                verb=said.verb or "pick", object=thing.name, kind=thing.kind, attributes=thing.attributes,
                place=thing.place, user=self.user, robot=self.robot, size=max(thing.size),
                target=goal[0].name if goal else "", target_kind=goal[0].kind if goal else "",
            )  # fmt: skip
            self.keep(said, now, said.manner, 0)
