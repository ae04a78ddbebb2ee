"""Pulls at a half finished sleeve, and whether an arm came through cloth."""

import itertools

import numpy as np

from envs.dressing.coverage import covered
from envs.dressing.environment import HAZARD, Dressing
from envs.dressing.expert import expert
from envs.dressing.garment import GARMENTS

DIRECTIONS = [np.array(d) / np.linalg.norm(d) for d in itertools.product((-1, 0, 1), repeat=3) if any(d)]


def environment(garment="gown", level="medium", **rest):
    """Without pictures, on held-out scenes."""
    settings = {"obs": ("state",), "cameras": (), "split": "held-out", "garments": {garment: 1.0}}
    return Dressing(level, **{**settings, **rest})


def dress(env, seed, share=2.0):
    """The expert's episode, as far as `share` of the arm; the last info."""
    obs, info = env.reset(seed=seed)
    while info["step"] < env.horizon and info["arm_ratio"] < share and not info["hazard"]:
        obs, *_, info = env.step(expert(obs["state"]))
    return info


def pierced(sim):
    """How often the middle line of the arm goes through cloth (and not through an opening)."""
    a, b, c = sim.vertices[sim.cloth.faces].transpose(1, 0, 2)
    normal, joints, count = np.cross(b - a, c - a), sim.joints, 0
    for start, end in itertools.pairwise(joints):
        facing = normal @ (end - start)
        share = ((a - start) * normal).sum(1) / np.where(facing == 0, 1, facing)
        hit = start + share[:, None] * (end - start)
        inside = [(np.cross(q - p, hit - p) * normal).sum(1) >= 0 for p, q in ((a, b), (b, c), (c, a))]
        count += int((np.all(inside, axis=0) & (facing != 0) & (share > 0) & (share < 1)).sum())
    return count


def pulled(env, moment, direction, speed=0.5, far=0.4):
    """How a pull from that moment on ends: 'held', 'hazard', 'slipped' off an end of the arm, 'lost' or 'pierced'."""
    env.restore(moment)
    sim = env.sim
    last, whole = covered(sim.joints, sim.rings).along, sim.scene.person.lengths.sum()
    for _ in range(round(far / speed * 25)):
        sim.advance(direction * speed / 25, np.zeros(3))
        if np.linalg.norm(sim.force) > HAZARD:
            return "hazard"
        if pierced(sim):
            return "pierced"
        along = covered(sim.joints, sim.rings).along
        if along is None:
            return "lost" if 0.1 < last / whole < 1.1 else "slipped"
        last = along
    return "held"


ALL = sorted(GARMENTS)
