"""Sound and broken media files from a seed, for everybody whose code must survive them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from limbeck.media import write_video, write_wav

Mutation = Callable[[bytes, np.random.Generator, list[bytes]], bytes]


def whole_files(folder: Path) -> list[Path]:
    """A few small whole files: two MP4, one WAV, one PNG, one OGG."""
    import soundfile
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    at = np.arange(22050 * 2) / 22050
    wave = (0.4 * np.sin(2 * np.pi * 330 * at) * (1 + 0.5 * np.sin(9 * at)) / 1.5).astype(np.float32)
    draw = np.random.default_rng(0)
    plain = [np.full((64, 80, 3), 4 * i, np.uint8) for i in range(50)]
    busy = [draw.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(20)]
    files = [folder / name for name in ("plain.mp4", "busy.mp4", "sound.wav", "picture.png", "sound.ogg")]
    write_video(files[0], plain, fps=25, waveform=wave[None], sample_rate_hz=22050)
    write_video(files[1], busy, fps=10, waveform=np.stack([wave, -0.5 * wave]), sample_rate_hz=22050, quality=30)
    write_wav(files[2], wave, 22050)
    Image.fromarray(draw.integers(0, 255, (40, 56, 3), np.uint8)).save(files[3])
    soundfile.write(files[4], wave, 22050, format="OGG", subtype="VORBIS")
    return files


def mutated_files(folder: Path, count: int, seed: int = 0) -> list[Path]:
    """Write `count` broken files, the same for the same seed; kinds of damage and of files take turns.

    The damage is in the name: ``017-bit_flips-plain.mp4``. Some are still good media under a wrong ending, and some
    survive their damage.
    """
    sources = whole_files(folder.parent / f".{folder.name}-whole")
    folder.mkdir(parents=True, exist_ok=True)
    contents = [s.read_bytes() for s in sources]
    made = []
    for i in range(count):
        draw = np.random.default_rng([seed, i])
        name, mutation = list(MUTATIONS.items())[i % len(MUTATIONS)]
        which = (i // len(MUTATIONS)) % len(sources)
        ending = (
            draw.choice([".mp4", ".wav", ".png", ".ogg", ".txt", ""])
            if name == "wrong_ending"
            else sources[which].suffix
        )
        path = folder / f"{i:03d}-{name}-{sources[which].stem}{ending}"
        path.write_bytes(mutation(contents[which], draw, contents))
        made.append(path)
    return made


def _bit_flips(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    out = np.frombuffer(data, np.uint8).copy()
    for at in draw.integers(0, len(out), int(draw.integers(1, 200))):
        out[at] ^= 1 << int(draw.integers(0, 8))
    return out.tobytes()


def _truncated(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    return data[: int(len(data) * draw.random())]


def _wrong_ending(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    return data


def _zero_bytes(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    if draw.random() < 0.3:
        return b""
    start, length = int(draw.integers(0, len(data))), int(draw.integers(1, 1 + len(data) // 2))
    return data[:start] + bytes(min(length, len(data) - start)) + data[start + length :]


def _spliced(data: bytes, draw: np.random.Generator, others: list[bytes]) -> bytes:
    other = others[int(draw.integers(len(others)))]
    return data[: int(len(data) * draw.random())] + other[int(len(other) * draw.random()) :]


def _bad_head(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    head = min(len(data), 200)
    out = np.frombuffer(data, np.uint8).copy()
    for at in draw.integers(0, head, int(draw.integers(1, 12))):
        out[at] = draw.integers(0, 256)
    return out.tobytes()


def _bad_tail(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    """An MP4 written in one go has its tables at the end."""
    out = np.frombuffer(data, np.uint8).copy()
    for at in draw.integers(max(0, len(out) - 3000), len(out), int(draw.integers(1, 20))):
        out[at] = draw.choice([0, 1, 0x7F, 0x80, 0xFF])
    return out.tobytes()


def _noise(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    return draw.bytes(int(draw.integers(1, 20_000)))


def _doubled(data: bytes, draw: np.random.Generator, _: list[bytes]) -> bytes:
    at = int(draw.integers(0, len(data)))
    return data[:at] + data[int(draw.integers(0, len(data))) :] + data[at:]


MUTATIONS: dict[str, Mutation] = {
    "bit_flips": _bit_flips,
    "truncated": _truncated,
    "wrong_ending": _wrong_ending,
    "zero_bytes": _zero_bytes,
    "spliced": _spliced,
    "bad_head": _bad_head,
    "bad_tail": _bad_tail,
    "noise": _noise,
    "doubled": _doubled,
}


def changed_text(text: str, draw: np.random.Generator) -> tuple[str, bytes]:
    """Text as a careless hand leaves it; what was done, and the bytes.

    Args:
        text: CSV, JSON or TOML.
        draw: Decides.
    """
    lines = text.splitlines(keepends=True)
    at = int(draw.integers(len(lines)))
    values = list(re.finditer(r'"[^"\n]*"|-?\d+(\.\d+)?|true|false|null', text))
    value = values[int(draw.integers(len(values)))] if values else re.match("", text)
    assert value is not None
    other = str(
        draw.choice(['""', '"x"', "-1", "0", "1e999", "3.5", "99999999999999999999", "[]", "{}", "true", "null"])
    )
    ways: dict[str, Callable[[], bytes]] = {
        "line dropped": lambda: "".join(lines[:at] + lines[at + 1 :]).encode(),
        "line doubled": lambda: "".join([*lines[:at], lines[at], *lines[at:]]).encode(),
        "end cut off": lambda: "".join(lines[:at]).encode(),
        f"{value.group()[:40]} to {other}": lambda: (text[: value.start()] + other + text[value.end() :]).encode(),
        f"letter of {value.group()[:40]}": lambda: (text[: value.end() - 1] + "\u00e9" + text[value.end() :]).encode(),
        "not UTF-8": lambda: text[: value.start()].encode() + b"\xff\xfe" + text[value.start() :].encode(),
        "byte order mark": lambda: text.encode("utf-8-sig"),
        "line ends of Windows": lambda: text.replace("\n", "\r\n").encode(),
        "UTF-16": lambda: text.encode("utf-16"),
    }
    how = list(ways)[int(draw.integers(len(ways)))]
    return how, ways[how]()
