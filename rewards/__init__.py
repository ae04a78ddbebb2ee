"""Teachers and what is learned from them. Tables: a name, and where its `make(dataset, **options)` is found."""

LABELERS = {
    "judge": "rewards.judge:make",
    "oracle": "rewards.oracle:make",
    "noisy": "rewards.oracle:make_noisy",
    "time": "rewards.timeorder:make",
    "faulty": "rewards.faulty:make",
    "vlm": "rewards.vlm:make",
    "clip": "rewards.clip:make",
    "roboclip": "rewards.roboclip:make",
    "human": "rewards.human:make",
    "takeovers": "rewards.takeovers:make",
}

REWARDS = {
    "preference": "rewards.bradley_terry:fit",
    "judge": "rewards.judge_reward:fit",
    "clip": "rewards.clip:fit",
    "roboclip": "rewards.roboclip:fit",
    "rapl": "rewards.rapl_reward:fit",
}
"""name -> fit(dataset, preferences, config, out, *, seed, device, progress) -> RewardFn"""

CONFIGS = {
    "preference": "rewards.preference:PreferenceConfig",
    "judge": "rewards.judge_reward:JudgeRewardConfig",
    "clip": "rewards.clip:ClipConfig",
    "roboclip": "rewards.roboclip:RoboClipConfig",
    "rapl": "rewards.rapl_config:RaplConfig",
}
"""name -> the settings of a reward; `needs_labels = False` there if it can be fitted without any"""

LOADERS = {
    "preference": "rewards.preference:load",
    "judge": "rewards.judge_reward:load",
    "clip": "rewards.clip:load",
    "roboclip": "rewards.roboclip:load",
    "rapl": "rewards.rapl_reward:load",
}
"""kind of a saved reward -> load(folder) -> RewardFn"""
