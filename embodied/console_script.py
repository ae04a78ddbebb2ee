"""A conversation from a file or a pipe: what a person would type, line by line, and when.

A line is said when the robot has nothing left to do, asks, or has failed. "[0.8] slower" is said after 0.8 simulated
seconds of the motion that is next, which stops it. Lines that begin with "/" are commands; "#" begins a comment.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from embodied.console_commands import Desk, carried_out
from embodied.course import Reply

TIMED = re.compile(r"\[\s*(\d+(?:\.\d+)?)\s*(?:s\s*)?\]\s*(.*)")
DONE, FAILED, UNANSWERED = 0, 1, 3
"""Exit codes: everything was done; something could not be done; a question was left open."""


@dataclass(frozen=True)
class Line:
    """Something to type, and after how many seconds of motion; None waits until the robot is ready to listen."""

    text: str
    after: float | None = None


def lines(source: Iterable[str]) -> list[Line]:
    """Those of a script; ValueError names the first that cannot be one."""
    found = []
    for number, raw in enumerate(source, 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("["):
            timed = TIMED.fullmatch(text)
            if timed is None or not timed[2]:
                raise ValueError(f"line {number}, {text!r}: a timed line is '[SECONDS] words', such as '[0.8] slower'")
            found.append(Line(timed[2], float(timed[1])))
        else:
            found.append(Line(text))
    return found


def play(desk: Desk, script: Sequence[Line], tell: Callable[[str, str], None]) -> int:
    """Hold the conversation; `tell` is given who speaks ("person", "robot") and what. The exit code."""
    failed = False
    for line, then in zip(script, [*script[1:], None], strict=True):
        if line.after is not None:
            reply = until(desk, line.after)
            tell("robot", shown(reply))
        tell("person", line.text)
        if line.text.startswith("/"):
            tell("robot", carried_out(desk, line.text))
            if desk.leaving:
                break
        else:
            reply = spoken(desk, line.text)
            tell("robot", shown(reply))
            failed = failed or reply.state == "idle"
        if then is None or then.after is None:  # a timed line lets it move itself
            failed = ran(desk, tell) or failed
    return (
        FAILED if failed or desk.session.state == "failed" else UNANSWERED if desk.session.state == "asking" else DONE
    )


def spoken(desk: Desk, text: str) -> Reply:
    """What is said: a new instruction when there is nothing to do and it is one, else a word on what is going on."""
    session = desk.session
    if session.state not in ("idle", "finished"):
        return session.say(text)
    try:
        return session.instruct(text)
    except ValueError as error:
        return session.say(text) if session.program.steps else Reply(str(error), "idle")


def until(desk: Desk, seconds: float) -> Reply:
    """Let it move for so long, simulated, and stop it."""
    session, polls = desk.session, 0

    def stop() -> bool:
        nonlocal polls
        polls += 1
        return polls * TICK > seconds

    return session.run(stop)


TICK = 0.04
"""Between two looks of a body at whether to stop [s, simulated]."""


def ran(desk: Desk, tell: Callable[[str, str], None]) -> bool:
    """Let it work on if it can; whether it failed."""
    if desk.session.state != "ready":
        return False
    reply = desk.session.run()
    tell("robot", shown(reply))
    return reply.state == "failed"


def shown(reply: Reply) -> str:
    """A reply with its options."""
    return reply.text + "".join(f"\n  {n}. {option}" for n, option in enumerate(reply.options, 1))
