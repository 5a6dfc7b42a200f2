"""Pictures to the bytes of WebP, JPEG or PNG, and back, through ffmpeg. Same picture, same bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from limbeck.errors import InputError

PictureCodec = Literal["webp", "jpeg"]
GreyCodec = Literal["webp", "jpeg", "png"]
Pixels = npt.NDArray[np.uint8]

MOST_PIXELS = 2**24
"""More than any sample or clip has: a picture that claims more was made to fill the memory."""
_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
_GREY_CHROMA = 128
_SCAN = b"\xff\xda"  # everything before the scan, and its header, is tables and sizes
_MIDDLE_JPEG_SCALE = 12  # ffmpeg's scale whose error is about that of quality 50 elsewhere


@dataclass(frozen=True)
class _Codec:
    """How ffmpeg calls a codec, its picture format, the range of its numbers, and how it is told the quality."""

    encoder: str
    decoder: str
    format: str
    range: ColorRange
    tuned: Callable[[VideoCodecContext, int], None]


def encode_rgb(pixels: Pixels, codec: PictureCodec, quality: int) -> bytes:
    """A colour picture, uint8, (height, width, 3), of quality 1 to 100; colours are kept at half the resolution."""
    kind = _CODECS[codec]
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    colours = {"dst_colorspace": Colorspace.ITU601, "dst_color_range": kind.range}
    return _encoded(kind, frame.reformat(format=kind.format, interpolation=_SCALING, threads=1, **colours), quality)


def decode_rgb(content: bytes, codec: PictureCodec, *, most_pixels: int = MOST_PIXELS) -> Pixels:
    """The picture again, uint8, (height, width, 3); one of more pixels is refused before it takes memory."""
    kind = _CODECS[codec]
    colours = {"src_colorspace": Colorspace.ITU601, "src_color_range": kind.range}
    frame = _decoded(kind, content, most_pixels).reformat(format="rgb24", interpolation=_SCALING, threads=1, **colours)
    return np.asarray(frame.to_ndarray(), np.uint8)


def encode_grey(levels: Pixels, codec: GreyCodec, quality: int) -> bytes:
    """A picture of levels, uint8, (height, width), coded as brightness without any conversion; ``"png"`` keeps all."""
    kind = _CODECS[codec]
    frame = VideoFrame(levels.shape[1], levels.shape[0], kind.format)
    for number, plane in enumerate(frame.planes):
        rows = np.full((plane.height, plane.line_size), _GREY_CHROMA, np.uint8)
        if number == 0:
            rows[:, : levels.shape[1]] = levels
        plane.update(rows.tobytes())
    return _encoded(kind, frame, quality)


def decode_grey(content: bytes, codec: GreyCodec, *, most_pixels: int = MOST_PIXELS) -> Pixels:
    """The levels again, uint8, (height, width); a picture of more pixels is refused before it takes memory."""
    frame = _decoded(_CODECS[codec], content, most_pixels)
    plane = frame.planes[0]
    rows: Pixels = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()


def common_beginning(content: bytes, codec: PictureCodec) -> int:
    """How many bytes all colour pictures of the size, kind and quality of this one begin with; 0 where not known."""
    if codec != "jpeg":
        return 0
    scan = content.index(_SCAN)
    return scan + len(_SCAN) + int.from_bytes(content[scan + 2 : scan + 4], "big")


def _encoded(kind: _Codec, frame: VideoFrame, quality: int) -> bytes:
    context = cast("VideoCodecContext", CodecContext.create(kind.encoder, "w"))
    context.width, context.height, context.pix_fmt = frame.width, frame.height, kind.format
    context.time_base, context.thread_count = Fraction(1), 1
    kind.tuned(context, quality)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def _decoded(kind: _Codec, content: bytes, most_pixels: int) -> VideoFrame:
    context = cast("VideoCodecContext", CodecContext.create(kind.decoder, "r"))
    # Codecs work on whole blocks, whatever the picture's own size.
    context.options = {"max_pixels": str(4 * most_pixels + 4096)}
    context.thread_count = 1
    try:
        frames = [*context.decode(av.Packet(content)), *context.decode(None)]
    except av.error.FFmpegError as error:
        raise InputError(f"A picture of this set cannot be decoded ({error}); distil again.") from error
    if not frames:
        raise InputError("A picture of this set cannot be decoded; distil again.")
    return frames[0]


def _tune_webp(context: VideoCodecContext, quality: int) -> None:
    context.options = {"quality": str(quality), "compression_level": "6"}


def _tune_jpeg(context: VideoCodecContext, quality: int) -> None:
    """The usual quality on ffmpeg's scale of 2 (best) to 31, turned as libjpeg turns it into its own.

    The usual tables of code words instead of a picture's own: they are the same in every file, and kept once.
    """
    coarseness = 50 / quality if quality < 50 else (100 - quality) / 50
    context.qmin = context.qmax = min(max(round(_MIDDLE_JPEG_SCALE * coarseness), 2), 31)
    context.options = {"huffman": "default"}


_CODECS: dict[str, _Codec] = {
    "webp": _Codec("libwebp", "webp", "yuv420p", ColorRange.MPEG, _tune_webp),
    "jpeg": _Codec("mjpeg", "mjpeg", "yuvj420p", ColorRange.JPEG, _tune_jpeg),
    "png": _Codec("png", "png", "gray", ColorRange.JPEG, lambda context, quality: None),  # it keeps everything
}
