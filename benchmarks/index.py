"""A million windows: seconds and memory to write, search and learn, beside NumPy and scikit-learn on the same vectors.

The embeddings are generated: recordings of ten windows, of 200 classes of sound in the joint space (512 numbers) and in
the richer audio space (768). Two kinds of queries: sounds (close to a recording) and words (the direction of a class,
and an offset that all words share, as in real joint spaces). Every measurement is a process of its own, ways in turns,
medians over the rounds; what is counted as found is what NumPy finds in float32.

    python benchmarks/index.py                       # half an hour or so on two cores, 16 GiB of disk
    python benchmarks/index.py --windows 20000       # a minute: does it run?
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lancedb  # noqa: F401 (here, so that no way is charged with its import)
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.neighbors import NearestNeighbors

from limbeck.engine import machine
from limbeck.index import File, IndexSettings, SoundIndex, _rows
from limbeck.index._store import APPROXIMATE_FROM, Store
from limbeck.prototypes import PrototypeClassifier

FULL, DIM, FEATURES, CLASSES, WINDOWS_A_FILE = 1_000_000, 512, 768, 200, 10
QUERIES, TOP, LEARNED, NEIGHBOURS = 50, 10, 50, 35
CHUNK = 4000
SPARE_BYTES = 2 * 2**30
SETTINGS = IndexSettings(
    encoder="generated:normal:000000000000",
    sample_rate_hz=16000,
    window_s=10.0,
    hop_s=10.0,
    dim=DIM,
    features_dim=FEATURES,
)

Floats = npt.NDArray[np.float32]


def unit(rows: Floats) -> Floats:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def generate(folder: Path, count: int) -> None:
    """The vectors as files of NumPy, which no way but NumPy and scikit-learn reads, and the queries."""
    draw = np.random.default_rng(0)
    heard, known = unit(_normal(draw, CLASSES, DIM)), _normal(draw, CLASSES, FEATURES)
    joint = np.lib.format.open_memmap(folder / "joint.npy", "w+", np.float32, (count, DIM))
    features = np.lib.format.open_memmap(folder / "features.npy", "w+", np.float32, (count, FEATURES))
    for i in range(0, count, CHUNK):
        size = min(CHUNK, count - i)
        of = draw.integers(0, CLASSES, -(-size // WINDOWS_A_FILE)).repeat(WINDOWS_A_FILE)[:size]
        joint[i : i + size] = unit(heard[of] + _normal(draw, size, DIM) / np.float32(np.sqrt(DIM)))
        features[i : i + size] = known[of] + _normal(draw, size, FEATURES)
    sounds = joint[draw.choice(count, QUERIES, replace=False)] + 0.5 * _normal(draw, QUERIES, DIM) / np.sqrt(DIM)
    offset = unit(_normal(draw, 1, DIM))
    words = heard[:QUERIES] + 1.5 * offset + 0.5 * _normal(draw, QUERIES, DIM) / np.float32(np.sqrt(DIM))
    np.save(folder / "queries.npy", np.concatenate([unit(sounds), unit(words)]).astype(np.float32))


def _normal(draw: np.random.Generator, rows: int, columns: int) -> Floats:
    return draw.standard_normal((rows, columns), np.float32)


def write(folder: Path) -> dict[str, float]:
    """An index of the vectors: commits as an update makes them, joined, and made fit for approximate search."""
    joint, features = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("joint", "features"))
    store = Store.create(folder / "index", SETTINGS)
    seconds: dict[str, float] = {}
    with _timed(seconds, "write"):
        for i in range(0, len(joint), CHUNK):
            tables = [_recording(j, joint, features) for j in range(i, min(i + CHUNK, len(joint)), WINDOWS_A_FILE)]
            store.add(pa.concat_tables(tables))
    with _timed(seconds, "join pieces"):
        store.compact()
    if store.approximate is None:
        with _timed(seconds, "build approximate index"):
            store.make_approximate()
    size = sum(p.stat().st_size for p in (folder / "index").rglob("*") if p.is_file())
    return seconds | {"disk_gib": size / 2**30}


def _recording(first: int, joint: Floats, features: Floats) -> Any:
    rows = slice(first, first + WINDOWS_A_FILE)
    starts = [10.0 * i for i in range(len(joint[rows]))]
    vectors = (joint[rows].astype(np.float16), features[rows].astype(np.float16))
    windows = list(zip(starts, [10.0] * len(starts), *vectors, strict=True))
    return _rows.rows(File("/recordings", f"{first:09d}.wav", 1, 1, f"{first:064x}"), windows, SETTINGS)


def search_ours(folder: Path, *, exact: bool) -> tuple[dict[str, float], list[list[int]]]:
    queries = np.load(folder / "queries.npy")
    seconds: dict[str, float] = {}
    with _timed(seconds, "open"):
        index = SoundIndex.open(folder / "index")
    with _timed(seconds, "first query"):
        index.search(queries[:1], TOP, exact=exact)
    with _timed(seconds, "one query"):
        index.search(queries[1:2], TOP, exact=exact)
    with _timed(seconds, "all queries"):
        found = index.search(queries, TOP, exact=exact)
    return seconds, [[int(h.path.stem) + round(h.start_s / 10) for h in hits] for hits in found]


def search_numpy(folder: Path) -> tuple[dict[str, float], list[list[int]]]:
    queries = np.load(folder / "queries.npy")
    seconds: dict[str, float] = {}
    with _timed(seconds, "open"):
        joint = np.load(folder / "joint.npy")

    def search(some: Floats) -> npt.NDArray[np.int64]:
        scores = some @ joint.T
        best = np.argpartition(-scores, TOP, axis=1)[:, :TOP]
        return np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 1), axis=1), 1)

    with _timed(seconds, "first query"):
        search(queries[:1])
    with _timed(seconds, "one query"):
        search(queries[1:2])
    with _timed(seconds, "all queries"):
        found = search(queries)
    return seconds, found.tolist()


def search_sklearn(folder: Path) -> tuple[dict[str, float], list[list[int]]]:
    queries = np.load(folder / "queries.npy")
    seconds: dict[str, float] = {}
    with _timed(seconds, "open"):
        neighbours = NearestNeighbors(n_neighbors=TOP, metric="cosine", algorithm="brute")
        neighbours.fit(np.load(folder / "joint.npy"))
    with _timed(seconds, "first query"):
        neighbours.kneighbors(queries[:1], return_distance=False)
    with _timed(seconds, "one query"):
        neighbours.kneighbors(queries[1:2], return_distance=False)
    with _timed(seconds, "all queries"):
        found = neighbours.kneighbors(queries, return_distance=False)
    return seconds, found.tolist()


def learn_ours(folder: Path) -> tuple[dict[str, float], None]:
    words = np.load(folder / "queries.npy")[QUERIES:][:LEARNED]
    seconds: dict[str, float] = {}
    with _timed(seconds, "pool"):
        pool = SoundIndex.open(folder / "index").pool()
    with _timed(seconds, "learn"):
        labels = [f"class {i}" for i in range(len(words))]
        PrototypeClassifier(NEIGHBOURS).fit_from_text(pool.joint, words, labels, features=pool.features)
    return seconds, None


def learn_numpy(folder: Path) -> tuple[dict[str, float], None]:
    """The least that learning is: the mean of the standardised features of each class's neighbours."""
    words = np.load(folder / "queries.npy")[QUERIES:][:LEARNED]
    seconds: dict[str, float] = {}
    with _timed(seconds, "pool"):
        joint, features = np.load(folder / "joint.npy"), np.load(folder / "features.npy")
    with _timed(seconds, "learn"):
        best = np.argpartition(-(words @ joint.T), NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        ((features[best].mean(1)) - features.mean(0)) / features.std(0)
    return seconds, None


def nothing(folder: Path) -> tuple[dict[str, float], None]:
    """What the imports take by themselves."""
    return {}, None


WAYS: dict[str, Callable[[Path], tuple[dict[str, float], list[list[int]] | None]]] = {
    "index, exact": lambda folder: search_ours(folder, exact=True),
    "index, approximate": lambda folder: search_ours(folder, exact=False),
    "NumPy": search_numpy,
    "scikit-learn": search_sklearn,
    "learn: index": learn_ours,
    "learn: NumPy": learn_numpy,
    "imports alone": nothing,
}


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - begun


def peak_gib() -> float:
    """Most memory this process has held."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def measure(count: int, rounds: int, place: Path | None) -> dict[str, Any]:
    """Generate, write the index, and do everything in every way, in processes of their own."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        needed = int(count * (DIM + FEATURES) * (4 + 2 * 2.2))
        if shutil.disk_usage(folder).free < needed + SPARE_BYTES:
            raise SystemExit(
                f"This needs {(needed + SPARE_BYTES) / 2**30:.0f} GiB of disk, more than {folder.parent} has free. "
                "Give another place with --place, or fewer --windows."
            )
        generate(folder, count)
        written = _apart("write", folder)
        told: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for i in range(rounds):
            for way in list(WAYS) if i % 2 == 0 else reversed(WAYS):
                told[way].append(_apart(way, folder))
    truth = told["NumPy"][0].pop("found")
    for answers in told.values():
        for answer in answers:
            if found := answer.pop("found", None):
                answer["recall of sounds"] = _recall(found[:QUERIES], truth[:QUERIES])
                answer["recall of words"] = _recall(found[QUERIES:], truth[QUERIES:])
    return {
        "machine": machine(),
        "versions": {name: version(name) for name in ("limbeck", "lancedb", "pyarrow", "numpy", "scikit-learn")},
        "windows": count,
        "rounds": rounds,
        "sizes": {"dim": DIM, "features_dim": FEATURES, "queries": 2 * QUERIES, "top": TOP},
        "write": written,
        "ways": {
            way: {k: statistics.median(a[k] for a in answers) for k in answers[0]} for way, answers in told.items()
        },
        "all_rounds": told,
    }


def _apart(way: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _run(way: str, folder: Path) -> dict[str, Any]:
    if way == "write":
        return write(folder) | {"peak_gib": peak_gib()}
    seconds, found = WAYS[way](folder)
    return seconds | {"peak_gib": peak_gib()} | ({"found": found} if found else {})


def _recall(found: list[list[int]], truth: list[list[int]]) -> float:
    return statistics.mean(len(set(a) & set(b)) / len(b) for a, b in zip(found, truth, strict=True))


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, ways, written, used = result["machine"], result["ways"], result["write"], result["versions"]
    stages = [k for k in written if k not in ("disk_gib", "peak_gib")]
    searches = [w for w in ways if "all queries" in ways[w]]
    lines = [
        "# The index of sounds",
        "",
        f"{result['windows']:,} windows of {DIM} numbers in the joint space and {FEATURES} in the audio space; "
        f"medians of {result['rounds']} rounds, ways in turns, a process each. Machine: {facts['processor']}, "
        f"{facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; LanceDB {used['lancedb']}, "
        f"NumPy {used['numpy']}, scikit-learn {used['scikit-learn']}.",
        "",
        "Written: " + ", ".join(f"{stage} {written[stage]:.1f} s" for stage in stages) + f"; "
        f"{written['disk_gib']:.2f} GiB on disk, at most {written['peak_gib']:.2f} GiB of memory. "
        f"An update builds the approximate index from {APPROXIMATE_FROM:,} windows on.",
        "",
        f"Imports alone take {ways['imports alone']['peak_gib']:.2f} GiB, which every number below includes.",
        "",
        f"| search, top {TOP} | open, s | first query, s | one query, s | {2 * QUERIES} queries, s "
        "| found, sounds | found, words | memory, GiB |",
        "|---|---|---|---|---|---|---|---|",
        *(_search_row(way, ways[way]) for way in searches),
        "",
        "| learn | vectors to memory, s | learn, s | memory, GiB |",
        "|---|---|---|---|",
        *(
            f"| {way.removeprefix('learn: ')} | {w['pool']:.2f} | {w['learn']:.2f} | {w['peak_gib']:.2f} |"
            for way, w in ways.items()
            if "learn" in w
        ),
        "",
        f"Found: the share of the {TOP} windows that NumPy finds in float32. The index keeps float16 and holds nothing "
        "in memory between searches; NumPy and scikit-learn read float32 from a file and hold it. Learning is of "
        f"{LEARNED} classes, {NEIGHBOURS} neighbours each; NumPy only averages their standardised features, while the "
        "classifier also calibrates itself on the pool.",
        "",
    ]
    return "\n".join(lines)


def _search_row(name: str, way: dict[str, float]) -> str:
    seconds = " | ".join(f"{way[k]:.3f}" for k in ("open", "first query", "one query", "all queries"))
    recall = [f"{way[k]:.3f}" if k in way else "1" for k in ("recall of sounds", "recall of words")]
    return f"| {name} | {seconds} | {' | '.join(recall)} | {way['peak_gib']:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=FULL, help="windows in the index")
    parser.add_argument("--rounds", type=int, default=3, help="rounds")
    parser.add_argument("--place", type=Path, help="folder for the temporary files")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--way", choices=("write", *WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(_run(given.way, given.folder)))
        return
    result = measure(given.windows, given.rounds, given.place)
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "index" if given.windows >= FULL else "index-small"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
