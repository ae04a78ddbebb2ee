"""A CLIP model of a few random weights, saved as open_clip saves one; it knows nothing, but runs like a real one."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

ARCHITECTURE = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def save_tiny_clip(folder: Path, seed: int = 0) -> Path:
    """Write configuration and weights; returns the folder."""
    from open_clip.model import CLIP

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        weights = CLIP(**ARCHITECTURE).state_dict()
    folder.mkdir(parents=True, exist_ok=True)
    about = {"model_cfg": ARCHITECTURE, "preprocess_cfg": {"size": [32, 32]}}
    (folder / "open_clip_config.json").write_text(json.dumps(about))
    save_file({k: v.contiguous().clone() for k, v in weights.items()}, folder / "open_clip_model.safetensors")
    return folder
