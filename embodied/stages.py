"""Stages that continue where they stopped: a folder is done once its manifest is there, and never changes after."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embodied.config import config_hash, manifest, plain, read_manifest, write_manifest
from embodied.redaction import redacted

BEGUN = "begun.json"


@dataclass(frozen=True)
class Stage:
    """One folder, made from a configuration and from what other folders (its parents) hold."""

    folder: Path
    kind: str
    config: Mapping[str, Any]
    seed: int = 0
    parents: Sequence[str] = ()

    @property
    def hash(self) -> str:
        """Identity of this stage's inputs; the same after every start of the program."""
        return config_hash({"kind": self.kind, "seed": self.seed, **self.config}, self.parents)

    def done(self) -> bool:
        """Whether the folder is finished; begins it if it is new. ValueError if it was begun differently."""
        begun = self.folder / BEGUN
        if begun.exists():
            self._same(json.loads(begun.read_text()))
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            unfinished = begun.with_suffix(".tmp")
            unfinished.write_text(json.dumps({"hash": self.hash, **self._shown()}))
            unfinished.rename(begun)
        return (self.folder / "manifest.json").exists()

    def finish(self, **record: Any) -> str:
        """Write the manifest; returns this stage's hash for its children."""
        about = manifest(self.kind, self.config, seed=self.seed, parents=self.parents, hash=self.hash, **record)
        write_manifest(self.folder, about)
        return self.hash

    def record(self) -> dict[str, Any]:
        """The manifest of the finished stage."""
        return read_manifest(self.folder)

    def _shown(self) -> dict[str, Any]:
        """Seed and configuration as plain data, without secrets."""
        return redacted({"seed": self.seed, **plain(self.config)})

    def _same(self, found: Mapping[str, Any]) -> None:
        if found["hash"] == self.hash:
            return
        there, wanted = flat(found), flat(self._shown())
        differ = [
            f"{name}: {there.get(name)!r} there, {wanted.get(name)!r} asked for"
            for name in sorted({*there, *wanted} - {"hash"})
            if there.get(name) != wanted.get(name)
        ]
        why = "; ".join(differ) or "what it was made from has changed"
        raise ValueError(f"{self.folder} was begun differently ({why}); choose another folder, or remove this one")


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested names joined by dots."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return found
