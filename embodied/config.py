"""Where a result came from: a manifest beside it, a hash of its configuration, and configurations read back.

Nothing secret is written: keys and tokens are replaced wherever a manifest would hold them.
"""

import dataclasses
import hashlib
import json
import os
import platform
import subprocess
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from embodied.plugins import unknown
from embodied.redaction import command, redacted

Config = TypeVar("Config")

SCHEMA = 1
FILE = "manifest.json"
DISTRIBUTION = "embodied-feedback"
ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "scipy", "gymnasium", "pybullet", "d3rlpy", "pyarrow", "av", "pydantic", "openai")


def manifest(kind: str, config: Any, *, seed: int | None, parents: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """What a folder is and how it was made, as plain data without secrets; `parents` are hashes or folders."""
    about = {
        "schema_version": SCHEMA,
        "kind": kind,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "config": plain(config),
        "hash": config_hash(config, parents),
        "parents": list(parents),
        "command": command(),
        "project": {"name": DISTRIBUTION, "version": project_version(), **commit()},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions(),
    }
    return redacted({**about, **plain(more)})


def write_manifest(folder: Path, about: Mapping[str, Any]) -> Path:
    """Write manifest.json into `folder`, whole or not at all."""
    path = Path(folder) / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(redacted(plain(about)), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder; ValueError if it is unreadable or of a newer program."""
    path = Path(folder) / FILE
    if not path.exists():
        raise FileNotFoundError(f"{folder} has no {FILE}; it is unfinished, or no folder of ours")
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON ({error}); make the folder anew") from error
    version = about.get("schema_version") if isinstance(about, dict) else None
    if version != SCHEMA:
        raise ValueError(
            f"{path} has schema_version {version!r}, this program reads {SCHEMA}; update the older of them"
        )
    return about


def config_hash(config: Any, parents: Sequence[str] = ()) -> str:
    """sha256 of a configuration and of what it builds on: the same in every process, whatever the keys in it."""
    data = redacted([plain(config), list(parents)], environment=False)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any, where: str = "config") -> Any:
    """Dataclasses, mappings, sequences, paths and arrays as what JSON holds; ValueError names what cannot be."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Enum):
        return plain(value.value, where)
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    return _plain_list(value, where)


def _plain_list(value: Any, where: str) -> Any:
    if to_list := getattr(value, "tolist", None):
        return to_list()
    if isinstance(value, set | frozenset):
        return sorted((plain(item, where) for item in value), key=repr)
    if isinstance(value, Iterable) and not isinstance(value, bytes | type):
        return [plain(item, f"{where}[{i}]") for i, item in enumerate(value)]
    raise ValueError(f"{where} is a {type(value).__name__}, not plain data; give numbers, text, lists or tables")


def from_plain(cls: type[Config], data: Any) -> Config:
    """A dataclass from its plain data, nested ones too; ValueError for a name it has not or a value of another type."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{cls.__name__} is read from a table of names and values, not from {data!r:.60}")
    hints = typing.get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls) if field.init]  # pyright: ignore[reportArgumentType] - is a dataclass
    for name in data:
        if name not in names:
            raise unknown(f"setting of {cls.__name__}", name, names)
    return cls(**{name: _restored(hints[name], value, f"{cls.__name__}.{name}") for name, value in data.items()})


def project_version() -> str:
    """The version of this project, installed or run from a checkout."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        described = ROOT / "pyproject.toml"
        if not described.exists():
            return "unknown"
        return str(tomllib.loads(described.read_text(encoding="utf-8"))["project"]["version"])


def versions() -> dict[str, str]:
    """The installed versions of the libraries that matter; those absent are left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def commit() -> dict[str, Any]:
    """The commit this program runs from and whether files differ from it; empty outside of a checkout of its own."""
    if not (ROOT / ".git").exists():
        return {}
    found = []
    for words in (("rev-parse", "HEAD"), ("status", "--porcelain")):
        try:
            done = subprocess.run(
                ["git", "-C", str(ROOT), *words], capture_output=True, text=True, timeout=10, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return {}
        found.append(done.stdout.strip())
    return {"commit": found[0], "dirty": bool(found[1])}


def _restored(hint: Any, value: Any, where: str) -> Any:
    """`value` as what `hint` says."""
    kind: Any = typing.get_origin(hint) or hint
    inner = typing.get_args(hint)
    if kind in (typing.Union, types.UnionType):
        return _any_of(inner, value, where)
    if kind is typing.Annotated:
        return _restored(inner[0], value, where)
    if kind is typing.Literal:
        return _choice({one: one for one in inner}, value, where)
    if kind is Any or not isinstance(kind, type):
        return value
    if dataclasses.is_dataclass(kind):
        return from_plain(kind, value)
    return _many(kind, inner, value, where) if isinstance(value, list | tuple | dict) else _one(kind, value, where)


def _many(kind: type, inner: tuple[Any, ...], value: Any, where: str) -> Any:
    if issubclass(kind, Mapping) and isinstance(value, dict):
        return {key: _restored(inner[1] if inner else Any, item, f"{where}[{key!r}]") for key, item in value.items()}
    if not issubclass(kind, Sequence) or issubclass(kind, str) or isinstance(value, dict):
        raise ValueError(f"{where} is {value!r}, wanted {kind.__name__}")
    if issubclass(kind, tuple) and inner and inner[-1] is not Ellipsis and len(inner) != len(value):
        raise ValueError(f"{where} has {len(value)} entries, wanted {len(inner)}")
    fixed = issubclass(kind, tuple) and inner and inner[-1] is not Ellipsis
    hints = inner if fixed else [inner[0] if inner else Any] * len(value)
    items = [_restored(h, v, f"{where}[{i}]") for i, (h, v) in enumerate(zip(hints, value, strict=True))]
    return tuple(items) if issubclass(kind, tuple) else items


def _one(kind: type, value: Any, where: str) -> Any:
    if issubclass(kind, Enum):
        return _choice({member.value: member for member in kind}, value, where)
    if issubclass(kind, Path) and isinstance(value, str):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
        raise ValueError(f"{where} is {value!r}, wanted {kind.__name__}")
    return value


def _choice(choices: Mapping[Any, Any], value: Any, where: str) -> Any:
    if value not in choices:
        raise unknown(f"choice for {where}", value, [str(choice) for choice in choices])
    return choices[value]


def _any_of(hints: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in hints:
        return None
    refusals = []
    for hint in hints:
        if hint is type(None):
            continue
        try:
            return _restored(hint, value, where)
        except ValueError as error:
            refusals.append(str(error))
    raise ValueError(" or ".join(dict.fromkeys(refusals)))
