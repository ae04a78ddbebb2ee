"""The commands of the console, which begin with a slash; everything else that is typed is said to the robot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from embodied.correcting import Session
from embodied.manner import Manner
from embodied.memory import Memory
from embodied.plugins import find
from embodied.situations import situation
from embodied.skills import Act

SLOW = 0.5
"""What /slow leaves of a speed."""


@dataclass
class Desk:
    """What the commands act on."""

    session: Session
    memory: Memory
    transcript: Path | None = None
    leaving: bool = False


def plan(desk: Desk, words: str) -> str:
    """Make a plan of an instruction, or show the present one, and what each step is done like."""
    if words:
        desk.session.instruct(words)
    program = desk.session.program
    lines = []
    for number, step in enumerate(program.steps):
        here = ">" if number == program.at.step else " "
        manner = ", ".join(f"{k} {v}" for k, v in step.manner.said.items()) if isinstance(step, Act) else ""
        lines.append(f"{here} {number + 1} {step}" + (f"  ({manner})" if manner else ""))
    return "\n".join(lines) or "there is no plan; say what to do, or /plan INSTRUCTION"


def dry_run(desk: Desk, words: str) -> str:
    """Say what would be done and which lessons would apply; nothing moves."""
    session = desk.session
    if words:
        session.instruct(words)
    around = session.body.surroundings()
    lines = []
    for number, step in enumerate(session.program.steps[session.program.at.step :]):
        if not isinstance(step, Act) or step.object not in around:
            lines.append(f"{number + 1} {step}")
            continue
        recall = desk.memory.recall(situation(step, around, task=session.program.sentence, user=session.user))
        manner = Manner.model_validate({**recall.manner.said, **step.manner.said})
        shown = ", ".join(f"{name} {value}" for name, value in manner.said.items()) or "as usual"
        by = "".join(f" [{v.lesson.id}: {v.lesson.text!r}]" for v in recall.apply)
        asks = "".join(f" [would ask about {v.lesson.id}]" for v in recall.ask)
        lines.append(f"{number + 1} {step}: {shown}{by}{asks}")
    return "\n".join(lines) or "nothing would be done"


def said(sentence: str) -> Callable[[Desk, str], str]:
    """A command that is short for something that could be said."""

    def command(desk: Desk, words: str) -> str:
        return desk.session.say(sentence).text

    command.__doc__ = f"Say {sentence!r}."
    return command


def why(desk: Desk, words: str) -> str:
    """Why things were done as they were: which lessons, in whose words, on what evidence."""
    session = desk.session
    lines = []
    for index, step in enumerate(session.program.steps):
        course = session.of(index)
        if course.now is None:
            continue
        shaped = [desk.memory.show(number) for number in course.shaped]
        lines.append(f"{step}: " + ("; ".join(map(str, shaped)) if shaped else "as usual"))
        lines += [f"  {line}" for line in desk.memory.why(course.now).splitlines()]
    return "\n".join(lines) or "nothing has been done yet"


def memory(desk: Desk, words: str) -> str:
    """List the lessons, or show one: /memory [NUMBER]."""
    if words:
        return desk.memory.show(number(words)).model_dump_json(indent=2, exclude_defaults=True)
    lines = [
        f"{lesson.id:>4} {lesson.state:<11} {lesson.scope:<10} {lesson.text!r} applied {lesson.applied}, "
        f"confirmed {lesson.confirmed}, overridden {lesson.overridden}"
        for lesson in desk.memory.lessons()
    ]
    return "\n".join(lines) or "nothing has been learned yet"


def forget(desk: Desk, words: str) -> str:
    """Forget a lesson: /forget NUMBER; /forget last takes back the last change of the memory."""
    if words == "last":
        desk.memory.undo()
        return "the last change of the memory is taken back"
    desk.memory.forget(number(words))
    return f"lesson {words} is forgotten"


def slow(desk: Desk, words: str) -> str:
    """Half the speed from here on, without teaching anything."""
    session = desk.session
    for index in range(session.program.at.step, len(session.program.steps)):
        act = session.program.steps[index]
        if isinstance(act, Act):
            speed = (act.manner.speed or 0.25) * SLOW
            session.put(index, act.done(act.manner.model_copy(update={"speed": speed})))
    return "at half the speed"


def save(desk: Desk, words: str) -> str:
    """Export the memory: /save FILE.json."""
    if not words:
        raise ValueError("/save needs a file: /save lessons.json")
    desk.memory.export(Path(words))
    return f"lessons are in {words}" + (f", the transcript in {desk.transcript}" if desk.transcript else "")


def leave(desk: Desk, words: str) -> str:
    """Leave; what was learned is kept."""
    desk.leaving = True
    return "bye"


def help_(desk: Desk, words: str) -> str:
    """This list."""
    return "\n".join(
        f"/{name:<9} {(command.__doc__ or '').strip().splitlines()[0]}" for name, command in COMMANDS.items()
    )


COMMANDS: Mapping[str, Callable[[Desk, str], str]] = {
    "plan": plan, "dry-run": dry_run, "undo": said("undo"), "retry": said("try again"), "skip": said("skip this step"),
    "why": why, "memory": memory, "forget": forget, "slow": slow, "home": said("go home"), "save": save, "help": help_,
    "quit": leave,
}  # fmt: skip
"""name -> what it does with the rest of the line"""


def number(words: str) -> int:
    """A lesson's number."""
    if not words.strip().isdecimal():
        raise ValueError(f"{words!r} is no number of a lesson; /memory lists them")
    return int(words)


def carried_out(desk: Desk, line: str) -> str:
    """Carry out a line that begins with a slash; what it says. An error is said, too: it ends nothing."""
    name, _, words = line[1:].partition(" ")
    try:
        return find(COMMANDS, name.strip().lower(), "command")(desk, words.strip())
    except (ValueError, KeyError, OSError) as error:
        return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
