"""What commands have in common: values typed as NAME VALUE ..., progress, and asking before pictures leave."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pairs = dict[str, str]


def options(values: Mapping[str, str]) -> dict[str, Any]:
    """NAME VALUE ... as typed on the command line; a value that is JSON becomes what it says."""
    found: dict[str, Any] = {}
    for name, text in values.items():
        try:
            found[name] = json.loads(text)
        except json.JSONDecodeError:
            found[name] = text
    return found


def shown(quiet: bool, title: str) -> Any:
    """A progress bar on standard error; nothing with --json."""
    from embodied import show

    return show.bar(title, quiet)


def agree(yes: bool, what: str = "Pictures") -> Callable[[str], bool]:
    """Who is asked, once, before pictures or words leave this machine; ValueError where nobody can answer."""
    answered: dict[str, bool] = {}

    def permit(where: str) -> bool:
        if where not in answered and not yes:
            if not sys.stdin.isatty():
                raise ValueError(f"{what.lower()} would be sent to {where}; repeat with --yes to allow it")
            from rich.prompt import Confirm

            answered[where] = Confirm.ask(f"{what} will be sent to {where}. Go on?", default=False)
        return yes or answered[where]

    return permit


def weights_of(words: Sequence[str]) -> Any:
    """auto, none, or {source: weight}; ValueError for anything else."""
    if len(words) == 1 and words[0] in ("auto", "none"):
        return words[0]
    try:
        return {name: float(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    except ValueError:
        raise ValueError(f"weights are {' '.join(words)!r}; give auto, none, or SOURCE WEIGHT ...") from None
