"""Pictures and films to bytes and back: lossless PNG, and H.264 through PyAV."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

COLOUR = {1: 0, 3: 2, 4: 6}
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
CODECS = {"libx264": "h264", "libopenh264": "h264", "libsvtav1": "av1", "libaom-av1": "av1"}
"""Encoders, best first, and what LeRobot calls what they write."""


def encode_png(picture: UInt8[np.ndarray, "H W C"]) -> bytes:
    """A PNG with the Up filter on every row: a fifth of the time of a general encoder on rendered frames."""
    height, width, channels = picture.shape
    rows = np.ascontiguousarray(picture).reshape(height, width * channels)
    raw = np.empty((height, 1 + width * channels), np.uint8)
    raw[:, 0] = 2
    raw[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=raw[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR[channels], 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def decode_picture(data: bytes, channels: int) -> UInt8[np.ndarray, "H W C"]:
    """Any picture that Pillow reads, as bytes with so many channels."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        mode = MODES[channels]
        array = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return array.reshape(*array.shape[:2], channels)


def encoder() -> str:
    """The encoder that this PyAV offers."""
    import av

    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise ValueError(f"this PyAV has none of the encoders {list(CODECS)}; store images as storage='image'")


def pixel_format(height: int, width: int) -> str:
    """Halved colour needs even sides."""
    return "yuv420p" if height % 2 == 0 and width % 2 == 0 else "yuv444p"


def encode_video(frames: UInt8[np.ndarray, "n H W 3"], fps: float, crf: int = 18) -> bytes:
    """An mp4 with a key frame at least every second frame; frame i is shown at i / fps seconds. It is lossy."""
    import av

    rate = Fraction(fps).limit_denominator(100_000)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream(encoder(), rate=rate, options={"crf": str(crf), "g": "2", "bf": "0"})
        stream.width, stream.height = frames.shape[2], frames.shape[1]
        stream.pix_fmt = pixel_format(*frames.shape[1:3])
        stream.codec_context.time_base = 1 / rate
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def decode_video(path: Path, seconds: Sequence[float], fps: float) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """The frames shown at these ascending times, one by one; ValueError names a time that the film lacks."""
    import av

    half, ahead = 0.5 / fps, 8 / fps
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames, last = container.decode(stream), 0.0
        for wanted in seconds:
            if wanted > last + ahead and stream.time_base is not None:
                container.seek(max(0, int((wanted - half) / stream.time_base)), stream=stream)
                frames = container.decode(stream)
            frame = next((f for f in frames if f.time is not None and f.time > wanted - half), None)
            if frame is None or frame.time is None or frame.time > wanted + half:
                raise ValueError(f"{path} has no frame at {wanted:.4f} s; the film is shorter than the data say")
            last = frame.time
            yield frame.to_ndarray(format="rgb24")


def whole_video(path: Path) -> bool:
    """Whether an mp4 has its index and all its boxes: an interrupted copy or recording lacks one of them."""
    size, position, kinds = path.stat().st_size, 0, set()
    with open(path, "rb") as file:
        while position + 8 <= size:
            file.seek(position)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length == 1:
                length = struct.unpack(">Q", file.read(8))[0]
            length = size - position if length == 0 else length
            if length < 8:
                return False
            kinds.add(kind)
            position += length
    return position == size and b"moov" in kinds


def whole_parquet(path: Path) -> bool:
    """Whether a Parquet file ends as one; a truncated one does not."""
    with open(path, "rb") as file:
        if file.seek(0, io.SEEK_END) < 12:
            return False
        file.seek(-4, io.SEEK_END)
        return file.read(4) == b"PAR1"
