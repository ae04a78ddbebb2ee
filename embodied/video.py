"""Short videos: encoded in memory as browsers play them, with whatever codec PyAV was built with; read from files."""

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

CODECS = {
    "libx264": ("mp4", "yuv420p", {"crf": "23", "preset": "veryfast"}),
    "libopenh264": ("mp4", "yuv420p", {"b": "1M"}),
    "libvpx-vp9": ("webm", "yuv420p", {"crf": "32", "b": "0", "deadline": "realtime", "cpu-used": "6"}),
    "libvpx": ("webm", "yuv420p", {"crf": "20", "b": "1M", "deadline": "realtime"}),
}
"""Encoders that browsers can play, best first: container, pixel format, options."""

SMALLEST = 192


@dataclass(frozen=True)
class Video:
    """An encoded video and what a browser should take it for, such as 'video/mp4'."""

    data: bytes
    mime: str


def web_codecs() -> list[str]:
    """Which of CODECS this PyAV can encode, best first."""
    import av

    return [name for name in CODECS if name in av.codecs_available]


def encode(frames: UInt8[np.ndarray, "T h w 3"], hz: float, *, codec: str | None = None) -> Video:
    """RGB frames shown at `hz` [1/s], small ones enlarged pixel by pixel; ValueError if there is no web codec."""
    import av

    if len(frames) == 0:
        raise ValueError("a video needs at least one frame")
    name = codec or next(iter(web_codecs()), None)
    if name not in CODECS:
        raise ValueError(f"this PyAV encodes none of {list(CODECS)} (asked for {codec!r}); reinstall the wheel 'av'")
    container, pixels, options = CODECS[name]
    buffer = io.BytesIO()
    frames = _sized(frames)
    with av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream(name, rate=Fraction(hz).limit_denominator(1000), options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode())
    return Video(buffer.getvalue(), f"video/{container}")


def decode(path: Path) -> UInt8[np.ndarray, "T h w 3"]:
    """The frames of a video file in RGB; ValueError for a file that is none."""
    import av

    try:
        with av.open(str(path)) as film:
            frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    except (OSError, ValueError, IndexError) as error:
        raise ValueError(f"{path} cannot be read as a video ({error})") from error
    if not frames:
        raise ValueError(f"{path} holds no frame")
    return np.stack(frames)


def _sized(frames: UInt8[np.ndarray, "T h w 3"]) -> UInt8[np.ndarray, "T H W 3"]:
    """Enlarged by a whole factor if small, with even sides as chroma subsampling wants them."""
    factor = -(-SMALLEST // min(frames.shape[1:3])) if min(frames.shape[1:3]) < SMALLEST else 1
    large = frames.repeat(factor, 1).repeat(factor, 2)
    height, width = large.shape[1:3]
    return np.ascontiguousarray(np.pad(large, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), "edge"))
