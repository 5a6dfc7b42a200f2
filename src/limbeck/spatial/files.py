"""Files of sound with several channels: WAV, FLAC, Opus, MP4; written and read in pieces.

| form | what it keeps | says what it is |
|---|---|---|
| `wav` | every bit, float32 | by a sidecar, ``NAME.wav.json`` |
| `flac` | 24 bits; at most 8 channels | by a sidecar |
| `opus` | what ears notice; ambisonics as mapping family 2 | by itself: FFmpeg reads "ambisonic 1" |
| `mp4` | what ears notice; first-order ambisonics as AAC | by itself: an SA3D box |

A file of four channels and nothing beside it says nothing of its convention, which is then asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from limbeck import __version__, _files
from limbeck.errors import InputError, MediaError
from limbeck.media.encode import RATES_HZ
from limbeck.spatial import ambisonics, boxes

Sound = npt.NDArray[np.float32]

OPUS_RATES = (8000, 12_000, 16_000, 24_000, 48_000)
_PIECE = 2**16
_WAV_BYTES = 2**32 - 2**12
_AAC_FRAME, _OPUS_FRAME_S = 1024, 0.02
_KILOBITS = 128
"""A second and channel, in lossy forms."""


@dataclass(frozen=True)
class About:
    """What the channels of a file are.

    Attributes:
        output: The name of what was rendered (`render.OUTPUTS`), or empty where that is not known.
        channels: Their names, or numbers.
        rate: Samples a second, in Hz.
        layout: FFmpeg's name of them.
        details: What else a reader must know, JSON-able: the convention, say.
        seconds: How long it is, as far as that is known.
    """

    output: str
    channels: tuple[str, ...]
    rate: int
    layout: str
    details: Mapping[str, Any]
    seconds: float = 0.0

    @property
    def convention(self) -> str | None:
        """That of ambisonic sound; None where it is another, or not known."""
        found = self.details.get("convention")
        return found if isinstance(found, str) else None


def write(path: Path, pieces: Iterable[Sound], about: About) -> float:
    """Write sound piece after piece, in the form that the name of the file ends with.

    Args:
        path: ``.wav``, ``.flac``, ``.opus`` or ``.mp4``; the file is there whole or not at all.
        pieces: (channel, sample), float32, in order.
        about: What the channels are.

    Returns:
        The largest sample, by size, before anything was clipped.

    Raises:
        InputError: The form is not known, or cannot hold these channels or this rate.
    """
    with writer(path, about) as put:
        return max((put(piece) for piece in pieces), default=0.0)


@contextmanager
def writer(path: Path, about: About) -> Iterator[Callable[[Sound], float]]:
    """What takes the pieces of a file, (channel, sample) each, and gives the largest sample of each; see `write`.

    The file at `path`, and what it says `about` itself, are written when this is left without an error.
    """
    form = check(path, about)
    with _files.atomic(path) as temporary, form.opened(temporary, about) as put:

        def checked(piece: Sound) -> float:
            if not np.isfinite(piece).all():
                raise InputError(f"Sound for {path} holds NaN or infinity; look where it comes from.")
            put(piece)
            return float(np.abs(piece).max(initial=0.0))

        yield checked
    if form.sidecar:
        _files.write_json(
            sidecar(path),
            {
                "limbeck": __version__,
                "output": about.output,
                "channels": list(about.channels),
                "rate_hz": about.rate,
                "layout": about.layout,
                **about.details,
            },
        )


def check(path: Path, about: About) -> "Form":
    """The form of a file at `path`, which can hold what the channels are by `about`.

    Raises:
        InputError: It cannot, or there is no such form.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        raise InputError(
            f"{path} should end with {', '.join(f'.{name}' for name in FORMS)}: forms that can be written."
        )
    FORMS[form].check(path, about)
    return FORMS[form]


def sidecar(path: Path) -> Path:
    """The file beside `path` that says what it is."""
    return path.with_name(f"{path.name}.json")


def about(path: Path) -> About:
    """What a file says of its channels, by itself or by its sidecar.

    Raises:
        InputError: The sidecar is no such one, or is of another file.
        MediaError: The file is not there, or holds no sound.
    """
    if not path.is_file():
        raise MediaError("missing_file", f"{path} is not there, or no file.")
    try:
        with av.open(str(path)) as media:
            if not media.streams.audio:
                raise MediaError("no_audio_track", f"{path} has no sound.")
            track = media.streams.audio[0]
            count, rate, layout = track.codec_context.channels, track.rate, track.layout.name
    except av.error.FFmpegError as error:
        raise MediaError("not_media", f"{path} is no file of sound: {error.strerror}.") from error
    numbers = tuple(str(number) for number in range(1, count + 1))
    if sidecar(path).is_file():
        told = _files.read_json(sidecar(path))
        if not isinstance(told, dict) or not isinstance(told.get("channels"), list):
            raise InputError(f"{sidecar(path)} should say what {path.name} is, but has no list of channels.")
        if len(told["channels"]) != count or told.get("rate_hz") != rate:
            raise InputError(
                f"{sidecar(path)} is of {len(told['channels'])} channels at {told.get('rate_hz')} Hz, but {path.name} "
                f"has {count} at {rate} Hz; delete the sidecar if it is of another file."
            )
        details = {k: v for k, v in told.items() if k not in ("limbeck", "output", "channels", "rate_hz", "layout")}
        return About(
            str(told.get("output", "")), tuple(told["channels"]), rate, str(told.get("layout", layout)), details
        )
    if layout.startswith("ambisonic") or (path.suffix.lower() == ".mp4" and boxes.tags(path).channels == count):
        order = ambisonics.CHANNELS.get(count)
        name = {1: "foa", 2: "hoa2", 3: "hoa3"}.get(order or 0, "")
        return About(name, numbers, rate, layout, {"kind": "ambisonic", "order": order, "convention": ambisonics.AMBIX})
    return About("", numbers, rate, layout, {})


def read(path: Path, *, piece: int = _PIECE) -> Iterator[Sound]:
    """The sound of a file, (channel, sample), float32, in pieces of so many samples; the last one may be shorter.

    Args:
        path: The file.
        piece: Samples of a piece.

    Raises:
        MediaError: It cannot be read.
    """
    rest: list[Sound] = []
    held = 0
    for part in _decoded(path):
        rest.append(part)
        held += part.shape[1]
        while held >= piece:
            whole = np.concatenate(rest, axis=1)
            yield whole[:, :piece]
            rest, held = [whole[:, piece:]], held - piece
    if held:
        yield np.concatenate(rest, axis=1)


def _decoded(path: Path) -> Iterator[Sound]:
    try:
        with av.open(str(path)) as media:
            seconds, done = _seconds(media), 0
            for frame in media.decode(audio=0):
                sound = frame.to_ndarray()
                if not frame.format.is_planar:
                    sound = sound.reshape(-1, len(frame.layout.channels)).T
                if sound.dtype.kind in "iu":
                    # FFmpeg has 24 bits at the top of 32.
                    sound = sound / np.float32(2.0 ** (8 * sound.dtype.itemsize - 1))
                if not np.isfinite(sound).all():
                    raise MediaError("nan_audio", f"{path} holds NaN or infinity; look where it comes from.")
                left = None if seconds is None else max(0, round(seconds * frame.sample_rate) - done)
                done += sound.shape[1]
                yield np.asarray(sound[:, :left], np.float32)
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError("undecodable", f"{path} cannot be read: {error}.") from error


def _seconds(media: Any) -> Fraction | None:
    """Seconds of the sound of an MP4 file, whose last frame is longer; None of others, and where it is not said."""
    track = media.streams.audio[0] if "mp4" in media.format.name and media.streams.audio else None
    return track.duration * track.time_base if track is not None and track.duration else None


@dataclass(frozen=True)
class Form:
    """A kind of file.

    Attributes:
        opened: What takes pieces, of a path and what the channels are.
        check: What refuses channels and rates that the form cannot hold.
        sidecar: Whether it needs one to say what it is.
    """

    opened: Callable[[Path, About], Any]
    check: Callable[[Path, About], None]
    sidecar: bool


@contextmanager
def _plain(path: Path, about: About, *, format: str, subtype: str) -> Iterator[Callable[[Sound], None]]:
    import soundfile

    with (
        open(path, "wb+") as handle,
        soundfile.SoundFile(
            handle, "w", samplerate=about.rate, channels=len(about.channels), format=format, subtype=subtype
        ) as out,
    ):
        yield lambda piece: out.write(np.clip(piece, -1, 1).T if format == "FLAC" else piece.T)


@contextmanager
def _wav(path: Path, about: About) -> Iterator[Callable[[Sound], None]]:
    large = 4 * len(about.channels) * about.rate * about.seconds > _WAV_BYTES
    with _plain(path, about, format="RF64" if large else "WAV", subtype="FLOAT") as put:
        yield put


@contextmanager
def _flac(path: Path, about: About) -> Iterator[Callable[[Sound], None]]:
    with _plain(path, about, format="FLAC", subtype="PCM_24") as put:
        yield put


@contextmanager
def _opus(path: Path, about: About) -> Iterator[Callable[[Sound], None]]:
    family = 2 if about.layout.startswith("ambisonic") else int(len(about.channels) > 2)
    with av.open(str(path), "w", format="opus") as out:
        track: Any = out.add_stream(
            "libopus", rate=about.rate, layout=about.layout, options={"mapping_family": str(family)}
        )
        track.bit_rate = 1000 * _KILOBITS * len(about.channels)
        with sounding(out, track, round(_OPUS_FRAME_S * about.rate), about) as put:
            yield put


@contextmanager
def _mp4(path: Path, about: About) -> Iterator[Callable[[Sound], None]]:
    # Times are counted in samples, else the length would be rounded to thousandths of a second.
    with av.open(str(path), "w", format="mp4", options={"movie_timescale": str(about.rate)}) as out:
        track = aac(out, about)
        with sounding(out, track, _AAC_FRAME, about) as put:
            yield put
    if about.layout.startswith("ambisonic"):
        boxes.tag(path, channels=len(about.channels))


def aac(out: Any, about: About) -> Any:
    """A track of AAC of an open MP4 file `out` for the channels of `about`."""
    # AAC has no layout of ambisonics: they go as any four channels, and a box says what they are.
    layout = "4.0" if about.layout.startswith("ambisonic") else about.layout
    track = out.add_stream("aac", rate=about.rate, layout=layout)
    track.bit_rate = 1000 * _KILOBITS * len(about.channels)
    return track


@contextmanager
def sounding(out: Any, track: Any, length: int, about: About) -> Iterator[Callable[[Sound], None]]:
    """What takes pieces of any length for a `track` of an open file `out`, whose frames have this `length`.

    What the channels are, is in `about`.
    """
    rest = np.zeros((len(about.channels), 0), np.float32)
    done = 0
    layout = track.layout.name
    resampler = av.AudioResampler(track.format, layout, about.rate)

    def send(sound: Sound) -> None:
        nonlocal done
        # Side by side: frames with more than eight planes are not filled.
        frame = av.AudioFrame.from_ndarray(sound.T.reshape(1, -1), format="flt", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = about.rate, done, Fraction(1, about.rate)
        done += sound.shape[1]
        for ready in resampler.resample(frame):
            out.mux(track.encode(ready))

    def put(piece: Sound) -> None:
        nonlocal rest
        rest = np.concatenate([rest, np.clip(piece, -1, 1)], axis=1)
        whole = rest.shape[1] // length * length
        for at in range(0, whole, length):
            send(rest[:, at : at + length])
        rest = rest[:, whole:]

    yield put
    if rest.shape[1]:
        send(rest)
    out.mux(track.encode(None))


def _any(path: Path, about: About) -> None:
    pass


def _few(path: Path, about: About) -> None:
    if len(about.channels) > 8:
        raise InputError(f"{path}: FLAC has 8 channels at most, but there are {len(about.channels)}; write WAV.")


def _for_opus(path: Path, about: About) -> None:
    if about.rate not in OPUS_RATES:
        raise InputError(f"{path}: Opus has {', '.join(map(str, OPUS_RATES))} Hz, but the sound has {about.rate} Hz.")
    if not about.layout.startswith("ambisonic") and len(about.channels) > 8:
        raise InputError(f"{path}: Opus has 8 loudspeakers at most, but there are {len(about.channels)}; write WAV.")


def _for_mp4(path: Path, about: About) -> None:
    if len(about.channels) > 6 or (about.layout.startswith("ambisonic") and len(about.channels) != 4):
        raise InputError(
            f"{path}: an MP4 file with AAC is written with ambisonics of order 1, stereo or 5.1, but these are "
            f"{len(about.channels)} channels ({about.layout}); write WAV or Opus."
        )
    if about.rate not in (*RATES_HZ, 64_000, 88_200, 96_000):
        raise InputError(f"{path}: AAC has no rate of {about.rate} Hz; 48000 is the usual one.")


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "wav": Form(_wav, _any, sidecar=True),
        "flac": Form(_flac, _few, sidecar=True),
        "opus": Form(_opus, _for_opus, sidecar=False),
        "mp4": Form(_mp4, _for_mp4, sidecar=False),
    }
)
"""Forms by the endings of their names."""
