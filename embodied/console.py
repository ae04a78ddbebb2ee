"""The console: a person types, a robot moves, and typing stops it.

The line editor runs in the main thread, the motion in another. The first character that is typed while the robot
moves stops it, before anything is read or understood; so do Escape and Ctrl-C. What is then entered is said; an empty
line lets it go on.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from embodied.console_commands import COMMANDS, Desk, carried_out
from embodied.console_script import TICK, shown, spoken
from embodied.course import Reply


class Mover:
    """Carries out a session's plan in a thread of its own, at the pace of the clock; `stop` ends the motion at the
    body's next look, one control step later at most."""

    def __init__(self, desk: Desk, done: Callable[[Reply], None], *, pace: float = 1.0) -> None:
        if not pace > 0:
            raise ValueError(f"pace is {pace}; it is how often as fast as real time the robot moves, above 0")
        self.desk, self.done, self.pace = desk, done, pace
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def moving(self) -> bool:
        """Whether the robot is at work."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Go on with the plan."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, name="mover", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop now; safe at any time, and twice."""
        self._stop.set()

    def wait(self) -> None:
        """Until it stands still."""
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        due = time.monotonic()

        def stop() -> bool:
            nonlocal due
            due = max(due + TICK / self.pace, time.monotonic())
            return self._stop.wait(due - time.monotonic())

        try:
            reply = self.desk.session.run(stop)
        except Exception as error:  # the person must hear of it, whatever it is; the session stands where it was
            self.desk.session.state = "failed"
            reply = Reply(f"something is broken: {type(error).__name__}: {error}", "failed")
        self.done(reply)


def status(desk: Desk, mover: Mover) -> str:
    """One line: what is done, where it stands, how fast, and by which lessons."""
    session = desk.session
    program, state = session.program, "moving" if mover.moving else session.state
    if program.finished or not program.steps:
        return f" {state} | {program.sentence or 'no task'} | /help lists the commands"
    index = program.at.step
    act: Any = program.steps[index]
    manner = getattr(act, "manner", None)
    speed = (manner.speed if manner else None) or 0.25
    shaped = ", ".join(map(str, session.of(index).shaped)) or "none"
    step = f"{index + 1}/{len(program.steps)} {act}"
    return f" {state} | {program.sentence} | {step} | {speed:.2f} m/s | lessons at work: {shaped} | Esc stops"


def converse(desk: Desk, *, pace: float = 1.0, prompt: Any = None) -> None:
    """Talk with a person at a terminal until they leave. `prompt` is made here unless given (for tests)."""
    from rich.console import Console
    from rich.markup import escape

    screen = Console(highlight=False)
    talk = prompt or line_editor()

    def heard(reply: Reply) -> None:
        colour = {"failed": "red", "asking": "yellow", "stopped": "magenta"}.get(reply.state, "green")
        screen.print(f"[{colour}]robot[/] {escape(shown(reply))}")

    mover = Mover(desk, heard, pace=pace)
    talk.bind(mover, lambda: status(desk, mover), tuple(f"/{name}" for name in COMMANDS))
    screen.print("Say what to do, and correct me at any time; typing stops me. /help lists the commands.")
    with talk.patched():
        while not desk.leaving:
            line = talk.read()
            mover.stop()
            mover.wait()
            if line is None:
                break
            if line.startswith("/"):
                screen.print(escape(carried_out(desk, line)))
            elif line:
                heard(spoken(desk, line))
            elif desk.session.state == "stopped":
                heard(desk.session.say("go on"))
            if desk.session.state == "ready" and not desk.leaving:
                mover.start()
    mover.stop()
    mover.wait()


class LineEditor:
    """prompt_toolkit's: history, completion of commands, a status line, and keys that stop the robot."""

    def __init__(self, toolkit: Any) -> None:
        self._toolkit = toolkit

    def bind(self, mover: Mover, status: Callable[[], str], commands: tuple[str, ...]) -> None:
        """Get ready for a conversation."""
        from prompt_toolkit.completion import WordCompleter
        from prompt_toolkit.history import InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()

        @keys.add("escape", eager=True)
        def _(event: Any) -> None:
            mover.stop()

        @keys.add("c-c")
        def _(event: Any) -> None:
            if mover.moving:
                mover.stop()
            else:
                event.app.exit(exception=EOFError)

        self._prompt = self._toolkit.PromptSession(
            "> ",
            history=InMemoryHistory(),
            completer=WordCompleter(list(commands), sentence=True),
            complete_while_typing=False,
            bottom_toolbar=status,
            key_bindings=keys,
            refresh_interval=0.2,
        )
        self._prompt.default_buffer.on_text_insert += lambda _: mover.stop()

    def patched(self) -> Any:
        """While it lasts, what is printed appears above the line that is typed."""
        from prompt_toolkit.patch_stdout import patch_stdout

        return patch_stdout(raw=True)

    def read(self) -> str | None:
        """The next line; None at the end (Ctrl-D, or Ctrl-C while nothing moves)."""
        try:
            return self._prompt.prompt().strip()
        except (EOFError, KeyboardInterrupt):
            return None


def line_editor() -> LineEditor:
    """The line editor; ImportError names the extra that brings it."""
    try:
        import prompt_toolkit
    except ModuleNotFoundError as error:
        raise ImportError(
            "the console needs prompt_toolkit: pip install 'embodied-feedback[terminal]'; scripts and pipes do not"
        ) from error
    return LineEditor(prompt_toolkit)
