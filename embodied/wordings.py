"""Sentences that somebody gives for tasks which have their own: read from a file, and refused before anything runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

from embodied import plugins

KINDS = ("train", "held-out")
"""Of a split with held-out wording the second are used, of every other the first."""

Wording = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Task -> kind -> templates."""


def read(path: Path) -> Wording:
    """A file of {task: [template, ...]}, or {task: {"train": [...], "held-out": [...]}}; a list serves as both.

    ValueError names the task and the template that will not do: every template has the slots of the task's own.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); it looks like {{task: [template, ...]}}") from error
    return checked(found)


def checked(given: Any) -> Wording:
    """Templates by task and kind, each known to fit its task."""
    own = plugins.load("envs.tabletop.brief:known_wordings")()
    if not isinstance(given, Mapping):
        raise ValueError(f"a wording is {given!r:.40}; it looks like {{task: [template, ...]}}")
    for task in given:
        plugins.find(own, task, "task of the wording")
    return {task: fitting(task, of_kinds(task, forms), slots(own[task]["train"][0])) for task, forms in given.items()}


def of_kinds(task: str, forms: Any) -> Mapping[str, Any]:
    """Templates by kind, as they were given."""
    if isinstance(forms, list):
        return dict.fromkeys(KINDS, forms)
    if not isinstance(forms, Mapping) or not forms:
        raise ValueError(
            f"the wording of {task} is {forms!r:.60}; give a list, or {' and '.join(KINDS)} with a list each"
        )
    for kind in forms:
        plugins.find(dict.fromkeys(KINDS), kind, f"kind of wording of {task}")
    return forms


def fitting(task: str, forms: Mapping[str, Any], wanted: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The same templates, if all of them have just these slots."""
    named = ", ".join(f"{{{slot}}}" for slot in sorted(wanted)) or "no slots"
    for kind, templates in forms.items():
        if not isinstance(templates, list) or not templates:
            raise ValueError(f"the {kind} wording of {task} is {templates!r:.60}; give at least one template in a list")
        for template in templates:
            if not isinstance(template, str) or not template.strip():
                raise ValueError(f"a template of {task} is {template!r:.60}; wanted a sentence")
            if (found := slots(template)) != wanted:
                has = ", ".join(f"{{{slot}}}" for slot in sorted(found)) or "no slots"
                raise ValueError(f"the template {template!r} of {task} has {has}; wanted {named}")
    return {kind: tuple(templates) for kind, templates in forms.items()}


def slots(template: str) -> frozenset[str]:
    """The slots of a template; ValueError where its braces do not match or hold more than a name."""
    try:
        parts = [(name, form, how) for _, name, form, how in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise ValueError(f"the template {template!r} cannot be filled in: {error}") from error
    if odd := [name for name, form, how in parts if form or how or not name.isidentifier()]:
        raise ValueError(f"the template {template!r} has the slot {odd[0]!r}; a slot is a plain name in braces")
    return frozenset(name for name, _, _ in parts)
