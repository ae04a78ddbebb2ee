"""What a path is: a data set, a run, a reward, a policy, a table of labels or a store of answers."""

import json
from pathlib import Path
from typing import Any

from embodied.config import read_manifest
from embodied.dataset import Dataset, load_dataset


def describe(data: Dataset) -> dict[str, Any]:
    """The size and content of a data set, and what is wrong with it."""
    return {
        "dataset": str(data.path),
        "episodes": len(data),
        "frames": int((data.lengths + 1).sum()),
        "hz": data.spec.hz,
        "robot": data.spec.robot,
        "observations": {name: f"{list(a.shape)} {a.dtype} {a.unit}".strip() for name, a in data.spec.obs.items()},
        "action": f"{list(data.spec.action.shape)} {data.spec.action.unit}".strip(),
        "cameras": list(data.cameras),
        "tasks": list(data.tasks[:10]),
        "reward columns": list(data.columns),
        "problems": list(data.problems),
    }


def info(path: str | Path) -> dict[str, Any]:
    """Facts about a folder or store that this program, or lerobot, wrote; ValueError if it is none of those."""
    folder = Path(path)
    if folder.is_file():
        from embodied.store import Store

        with Store(folder) as store:
            return {"store": str(folder), "answers": len(store), "usage": store.ledger()}
    if (folder / "meta" / "info.json").exists():
        return describe(load_dataset(folder))
    if (folder / "reward.json").exists():
        record = json.loads((folder / "reward.json").read_text())
        kept = {k: v for k, v in record["held_out"].items() if k != "bins"}
        judges = record["config"].get("inputs") or record["config"]["camera"]
        return {"reward": str(folder), "kind": record["kind"], "judges": judges, **kept}
    if (folder / "policy.json").exists():
        record = json.loads((folder / "policy.json").read_text())
        return {"policy": str(folder), **{k: v for k, v in record.items() if isinstance(v, str | int | float)}}
    if (folder / "manifest.json").exists():
        about = read_manifest(folder)
        named = {
            k: about[k]
            for k in ("created", "seed", "hash", "command", "data", "goal", "counts", "by", "usage")
            if k in about
        }
        return {str(about["kind"]): str(folder), **named}
    if (folder / "begun.json").exists():
        return {"unfinished": str(folder), "note": "the command that began it continues it"}
    load_dataset(folder)
    raise ValueError(f"{folder} is no data set, run, reward, policy or label table")
