"""Asking a person: single keys in a terminal, lines from a pipe; pictures inline where a terminal can show them."""

import os
import select
import sys
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMED = {"up", "down", "left", "right"}
DUMB = {"", "dumb", "linux", "unknown"}


class Quit(Exception):
    """A person ended the session; what was answered is kept, and the same command goes on with the rest."""


LOOK = 0.5  # seconds between looks for an interrupt


class Keys:
    """The keys a person presses, one at a time: "a", "left", "right", "enter", "backspace"; "end" when no more come.

    In a terminal a key counts as soon as it is pressed, and is not echoed. Otherwise, and without prompt_toolkit,
    lines are read: each is one of `words`, the name of an arrow, or a row of keys. Ctrl-C is KeyboardInterrupt.
    """

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        self._words = dict(words or {})
        self._source = sys.stdin
        self._waiting: deque[str] = deque()
        self._open = ExitStack()
        self._terminal: Any = None

    def __enter__(self) -> Self:
        if self._source.isatty() and (make := _terminal_input()):
            self._terminal = make(self._source)
            self._open.enter_context(self._terminal.raw_mode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        if self._terminal:
            self._terminal.close()
            self._terminal = None

    @property
    def single(self) -> bool:
        """Whether keys count one by one, without an enter after them."""
        return self._terminal is not None

    def waiting(self) -> bool:
        """Whether a key was pressed that is not read yet; without a terminal always, since lines are waited for."""
        if self._waiting or self._terminal is None:
            return True
        return bool(select.select([self._terminal.fileno()], [], [], 0)[0])

    def read(self) -> str:
        """The next key; waits for it."""
        while not self._waiting:
            self._waiting.extend(self._pressed() if self._terminal else self.line())
        key = self._waiting.popleft()
        if key == "c-c":
            raise KeyboardInterrupt
        return key

    def line(self) -> list[str]:
        """The keys of the next line, without a terminal."""
        line = self._source.readline()
        if not line:
            return ["end"]
        word = line.strip().lower()
        if word in self._words or word in NAMED:
            return [self._words.get(word, word)]
        return [key for key in word if not key.isspace()] or ["enter"]

    def _pressed(self) -> list[str]:
        while not select.select([self._terminal.fileno()], [], [], LOOK)[0]:
            continue  # a signal that came just before the wait is seen now
        found = [*self._terminal.read_keys(), *self._terminal.flush_keys()]
        if not found and self._terminal.closed:
            return ["end"]
        names = {"c-m": "enter", "c-j": "enter", "c-h": "backspace", "c-d": "end"}
        keys = (str(getattr(press.key, "value", press.key)) for press in found)
        return [names.get(key, key.lower()) for key in keys]


def _terminal_input() -> Any:
    """What reads single keys; None without prompt_toolkit."""
    try:
        from prompt_toolkit.input import create_input
    except ModuleNotFoundError:
        return None
    return create_input


def inline_pictures() -> Any:
    """What draws a picture file into this terminal; None if it cannot (kitty's protocol and sixel are known).

    The terminal is asked by an escape sequence, so call it before a key is expected.
    """
    if os.environ.get("TERM", "") in DUMB or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    try:
        from textual_image.renderable import Image, SixelImage, TGPImage
    except ModuleNotFoundError:
        return None
    return Image if Image in (SixelImage, TGPImage) else None


def draw(image: Any, path: Path, rows: int) -> None:
    """Draw a picture file inline, so many rows high."""
    from rich.console import Console

    Console().print(image(path, width="auto", height=rows))
