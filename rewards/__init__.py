"""Teachers and what is learned from them. Tables: a name, and where its `make(dataset, **options)` is found."""

LABELERS = {
    "oracle": "rewards.oracle:make",
    "noisy": "rewards.oracle:make_noisy",
    "time": "rewards.timeorder:make",
    "faulty": "rewards.faulty:make",
    "vlm": "rewards.vlm:make",
}

REWARDS = {"preference": "rewards.bradley_terry:fit"}
"""name -> fit(dataset, preferences, config, out, *, seed, device, progress) -> RewardFn"""

CONFIGS = {"preference": "rewards.preference:PreferenceConfig"}

LOADERS = {"preference": "rewards.preference:load"}
"""kind of a saved reward -> load(folder) -> RewardFn"""
