"""Vision-language models of a few thousand weights, drawn at random: everything of the real ones but sense."""

from pathlib import Path

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def tokenizer(images, says=""):
    """Bytes, the words "left" and "same", and `says` as one token, number 0."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    merges = [("l", "e"), ("le", "f"), ("lef", "t"), ("s", "a"), ("sa", "m"), ("sam", "e")]
    words = [says or "<0>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    core = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, merges))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([*SPECIAL, *images])
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=[*images]
    )


def finished(folder, model, processor, tokens, says):
    """Saved; a model that `says` something always writes that one token."""
    import torch

    if says:
        with torch.no_grad():  # a last norm of zero makes all logits equal, and the first token the likeliest
            model.model.language_model.norm.weight.zero_()
    config = model.generation_config
    config.eos_token_id, config.pad_token_id = tokens.eos_token_id, tokens.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return Path(folder)


def llava(folder, seed=0, says=""):
    """A LLaVA for pictures of any size, which it makes 96 pixels wide."""
    import torch
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(seed)
    tokens = tokenizer(["<image>"], says)
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=96, patch_size=12,
        projection_dim=32,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=len(tokens), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=8192,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_id=tokens.convert_tokens_to_ids("<image>"),
        image_seq_length=64, vision_feature_layer=-2, vision_feature_select_strategy="default",
    )  # fmt: skip
    images = CLIPImageProcessor(size={"shortest_edge": 96}, crop_size={"height": 96, "width": 96})
    processor = LlavaProcessor(
        images, tokens, patch_size=12, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )  # fmt: skip
    return finished(folder, LlavaForConditionalGeneration(config), processor, tokens, says)


def qwen(folder, seed=0, says=""):
    """A Qwen2.5-VL that looks at 96 x 96 pixels."""
    import torch
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    torch.manual_seed(seed)
    marks = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokens = tokenizer(marks, says)
    tokens.image_token, tokens.video_token = "<|image_pad|>", "<|video_pad|>"
    start, end, image, video = (tokens.convert_tokens_to_ids(mark) for mark in marks)
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokens), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 8192,
            "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [4, 6, 6]},
            "bos_token_id": tokens.pad_token_id, "eos_token_id": tokens.eos_token_id,
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
            "patch_size": 12, "spatial_merge_size": 2, "window_size": 48, "fullatt_block_indexes": [1],
        },
        image_token_id=image, video_token_id=video, vision_start_token_id=start, vision_end_token_id=end,
    )  # fmt: skip
    images = Qwen2VLImageProcessor(patch_size=12, merge_size=2, min_pixels=9216, max_pixels=9216)
    videos = Qwen2VLVideoProcessor(patch_size=12, merge_size=2, min_pixels=9216, max_pixels=9216)
    template = TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    processor = Qwen2_5_VLProcessor(images, tokens, videos, chat_template=template)
    return finished(folder, Qwen2_5_VLForConditionalGeneration(config), processor, tokens, says)


TINY = {"llava": llava, "qwen2_5_vl": qwen}
