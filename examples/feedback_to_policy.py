"""The whole job in Python: record episodes, have pairs judged, fit a reward, train on it, evaluate."""

from pathlib import Path

import tyro

import embodied


def main(out: Path = Path("runs/example"), episodes: int = 400, pairs: int = 4000, updates: int = 10_000) -> None:
    """Small numbers make a quick look; the defaults make a policy."""
    data = embodied.collect(embodied.CollectConfig(episodes=episodes), out / "data")

    config = embodied.LabelConfig(
        "noisy", {"preset": "rope"}, goal="put the block into the bowl of its own colour", pairs=pairs
    )
    preferences = embodied.label(data, out / "labels", config)
    print(f"{len(preferences)} preferences, {sum(p.p_left == 0.5 for p in preferences)} of them ties")

    embodied.fit_reward(data, [out / "labels"], out / "reward")
    embodied.relabel(data, out / "reward", "prefs")

    policy = embodied.train(out / "data", out / "policy", reward="prefs", config={"steps": updates})
    records = embodied.evaluate(policy, "envs:embodied/PutBlockInBowl-v0", range(1_000_000_000, 1_000_000_010))
    print(f"{sum(bool(r.success) for r in records)} of {len(records)} starts succeed")


if __name__ == "__main__":
    tyro.cli(main)
