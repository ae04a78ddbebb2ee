"""Run by interop.py in an environment of its own: what robomimic's SequenceDataset reads."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# The library lives in an environment of its own.

import json
import sys
from importlib.metadata import version

import numpy as np
from robomimic.utils import obs_utils
from robomimic.utils.dataset import SequenceDataset


def main():
    """`PATH MASK OUT`: every sequence of the episodes under a filter key."""
    path, mask, out = sys.argv[1:]
    obs_utils.initialize_obs_utils_with_obs_specs([{"obs": {"low_dim": ["state"], "rgb": ["front"]}}])
    data = SequenceDataset(
        path,
        obs_keys=["state", "front"],
        dataset_keys=["actions", "rewards", "dones"],
        seq_length=2,
        hdf5_cache_mode="low_dim",
        filter_by_attribute=mask,
    )
    items = [data[i] for i in range(len(data))]
    np.savez(
        out,
        state=np.stack([item["obs"]["state"] for item in items]),
        after=np.stack([item["next_obs"]["state"] for item in items]),
        front=np.stack([item["obs"]["front"] for item in items]),
        actions=np.stack([item["actions"] for item in items]),
        rewards=np.stack([item["rewards"] for item in items]),
    )
    print("RESULT " + json.dumps({"version": version("robomimic"), "demos": data.n_demos, "sequences": len(data)}))


if __name__ == "__main__":
    main()
