"""Keys and tokens are replaced wherever something is written down: manifests, commands, messages."""

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HIDDEN = "[redacted]"
SECRET_NAME = re.compile(r"(?:^|[_-])key$|apikey$|token$|secret$|password$|passwd$|credentials?$", re.IGNORECASE)
SECRET_TEXT = re.compile(
    r"sk-[\w-]{8,}|hf_\w{16,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|AKIA\w{12,}|AIza[\w-]{20,}"
    r"|(?<=bearer )\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)",
    re.IGNORECASE,
)
ASSIGNED = re.compile(r"^(?P<name>-{0,2}[\w.-]+)=(?P<value>.+)$", re.DOTALL)


def redacted(value: Any, name: str = "", *, environment: bool = True) -> Any:
    """The same plain data with every secret replaced: by its name, by its look, or because the environment holds it."""
    if isinstance(value, Mapping):
        return {key: redacted(item, str(key), environment=environment) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name, environment=environment) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if SECRET_NAME.search(name):
        return HIDDEN
    for secret in _secrets() if environment else ():
        value = value.replace(secret, HIDDEN)
    return SECRET_TEXT.sub(HIDDEN, value)


def command(arguments: Sequence[str] | None = None) -> str:
    """The command line of this process, as one would type it again, without secrets."""
    words = list(sys.orig_argv if arguments is None else arguments)
    if len(words) > 1 and Path(words[1]).name == "embodied":
        words = ["embodied", *words[2:]]
    elif words:
        words[0] = Path(words[0]).name
    shown, hide = [], False
    for word in words:
        assigned = ASSIGNED.match(word)
        if hide and not word.startswith("--"):
            shown.append(HIDDEN)
        elif assigned and SECRET_NAME.search(assigned["name"]):
            shown.append(f"{assigned['name']}={HIDDEN}")
        else:
            shown.append(redacted(word))
        hide = word.startswith("-") and not assigned and bool(SECRET_NAME.search(word))
    return shlex.join(shown).replace(f"'{HIDDEN}'", HIDDEN)


def _secrets() -> list[str]:
    """The values of the environment's keys and tokens, long enough to be ones, longest first."""
    values = {value for name, value in os.environ.items() if SECRET_NAME.search(name) and len(value) >= 8}
    return sorted(values, key=len, reverse=True)
