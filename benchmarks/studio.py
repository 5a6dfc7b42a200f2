"""How long a studio of a large index takes to answer: searching, clicks that are learned again, lists, the queue.

The vectors are generated: windows of 200 classes of sound, 512 numbers in the joint space and 1,024 in the audio space,
written to an index as an update would; words are directions of classes. Clicks are those of a person: a window the
classifier is unsure of, named by its true class. What is timed is a request over HTTP on this machine, from the
question to the whole answer, medians over the rounds.

    python benchmarks/studio.py                     # some minutes on two cores, 2 GiB of disk, 3 GiB of memory
    python benchmarks/studio.py --windows 20000     # a minute: does it run?
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from limbeck import studio
from limbeck.encoders import AudioEmbeddings, Encoder
from limbeck.engine import machine
from limbeck.index import File, IndexSettings, _rows
from limbeck.index._store import Store

DIM, FEATURES, CLASSES, WINDOWS_A_FILE, CHUNK, WORDS = 512, 1024, 200, 100, 4000, 10

Floats = npt.NDArray[np.float32]


def unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


class Generated(Encoder):
    """An encoder of texts alone: `class 7` is the direction of class 7, and an offset that all words share."""

    sample_rate = 16000
    window_s = 10.0
    checkpoints = ("normal",)
    dim = DIM
    features_dim = FEATURES

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.joint = unit(draw.standard_normal((CLASSES, DIM), np.float32))
        self.features = draw.standard_normal((CLASSES, FEATURES), np.float32)
        self._offset = unit(draw.standard_normal((1, DIM), np.float32))[0]

    @property
    def id(self) -> str:
        return "generated:normal:000000000000"

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        return cls()

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        return cls()

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        raise NotImplementedError("This encoder hears nothing.")

    def _text(self, texts: Sequence[str]) -> Tensor:
        places = [int(text.rsplit("class ", 1)[1].strip(" .")) for text in texts]
        return torch.from_numpy(unit(self.joint[places] + 0.6 * self._offset))


def write(folder: Path, encoder: Generated, windows: int) -> npt.NDArray[np.int64]:
    """An index of generated windows; the class of each window, in the order of the index."""
    settings = IndexSettings(
        encoder=encoder.id, sample_rate_hz=16000, window_s=10.0, hop_s=10.0, dim=DIM, features_dim=FEATURES
    )
    store, classes = Store.create(folder, settings), []
    draw = np.random.default_rng(1)
    for begin in range(0, windows, CHUNK):
        count = min(CHUNK, windows - begin)
        label = draw.integers(0, CLASSES, count)
        joint = unit(encoder.joint[label] + 1.2 * draw.standard_normal((count, DIM), np.float32) / np.sqrt(DIM))
        features = 3 + encoder.features[label] + 2.0 * draw.standard_normal((count, FEATURES), np.float32)
        tables = []
        for at in range(0, count, WINDOWS_A_FILE):
            name = f"{(begin + at) // WINDOWS_A_FILE:06d}.wav"
            file = File("/generated", name, 1, 1, f"{begin + at:064x}", 1)
            some = range(at, min(at + WINDOWS_A_FILE, count))
            rows = [
                (10.0 * i, 10.0, joint[r].astype(np.float16), features[r].astype(np.float16))
                for i, r in enumerate(some)
            ]
            tables.append(_rows.rows(file, rows, settings))
        store.add(pa.concat_tables(tables))
        classes.append(label)
    return np.concatenate(classes)


def ask(address: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address + path, data)) as answer:
        return json.loads(answer.read() or b"null")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return 1000 * (time.perf_counter() - begin), found


def measured(address: str, label: npt.NDArray[np.int64], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds, median and slowest, of what a person does."""
    spent: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], Any]) -> Any:
        taken, found = timed(work)
        spent.setdefault(name, []).append(taken)
        return found

    for word in range(WORDS):
        note("a word added", lambda word=word: ask(address, "step", {"do": "add", "word": f"class {word}"}))
    queue = note("the queue", lambda: ask(address, "check", {}))
    for turn in range(rounds):
        note("search by words", lambda turn=turn: ask(address, "search", {"words": f"class {turn % CLASSES}"}))
        row = int(queue[turn % len(queue)]["row"])
        note("search by a window", lambda row=row: ask(address, "search", {"like": [row]}))
        note(
            "search by words and windows",
            lambda row=row: ask(
                address, "search", {"words": "class 3", "like": [row], "unlike": [row - 1 if row else 1]}
            ),
        )
        word = f"class {label[row] if label[row] < WORDS else turn % WORDS}"
        yes = bool(label[row] < WORDS)
        note(
            "a click",
            lambda row=row, word=word, yes=yes: ask(address, "judge", {"word": word, "yes": yes, "rows": [row]}),
        )
        note("undo", lambda: ask(address, "step", {"do": "undo"}))
        note("windows of a word", lambda turn=turn: ask(address, "word", {"word": f"class {turn % WORDS}"}))
        note("the curve", lambda turn=turn: ask(address, "curve", {"word": f"class {turn % WORDS}"}))
        if turn % 5 == 4:
            queue = note("the queue", lambda: ask(address, "check", {}))
    return {name: {"median_ms": statistics.median(all_), "slowest_ms": max(all_)} for name, all_ in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, help="File for the numbers, as JSON.")
    settings = parser.parse_args()
    encoder = Generated()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        label = write(Path(place, "index"), encoder, settings.windows)
        address: list[str] = []
        opened = threading.Event()

        def told(where: str) -> None:
            address.append(where)
            opened.set()

        begin = time.perf_counter()
        served = {"classifier": Path(place, "classifier"), "encoder": encoder, "opened": told}
        threading.Thread(target=studio.serve, args=(Path(place, "index"),), kwargs=served, daemon=True).start()
        opened.wait()
        found: dict[str, Any] = {"windows": settings.windows, "machine": machine()}
        found["seconds to open"] = time.perf_counter() - begin
        found |= measured(address[0], label, settings.rounds)
        found["largest memory, GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(found, indent=2, default=str))
    if settings.out:
        settings.out.write_text(json.dumps(found, indent=2, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
