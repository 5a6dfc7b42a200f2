"""Name sounds without labels: recordings and a list of words become a classifier, step by step.

The recordings are generated: sixteen of each of ten kinds, of which four are held out. With a pretrained encoder, words
find their sounds by themselves::

    python examples/name_sounds.py out/ --encoder yamnet

Without ``--encoder`` nothing is downloaded: the encoder has random weights, to which words mean nothing, so some sounds
of each word are given as examples. That also shows how a classifier is corrected.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from limbeck import encoders, sounds
from limbeck.playground import write_sounds

EACH, HELD_OUT, EXAMPLES = 16, 4, 6


def main() -> None:
    """Read the command line and go the whole way."""
    parser = argparse.ArgumentParser(description="Name sounds without labels.")
    parser.add_argument("out", type=Path, help="folder everything is written to")
    parser.add_argument("--encoder", choices=encoders.names(), help="a pretrained encoder; random weights by default")
    arguments = parser.parse_args()
    out: Path = arguments.out

    # Recordings nobody has labelled, and the words for what may be in them. `truth` is for the last step alone.
    truth = write_sounds(out / "recordings", each=EACH)
    words = sorted({word for _, word in truth})
    known = [(path, word) for number, (path, word) in enumerate(truth) if number % EACH >= HELD_OUT]
    new = [(path, word) for number, (path, word) in enumerate(truth) if number % EACH < HELD_OUT]

    # 1. Every window of every recording becomes a vector. Run again, only new and changed files are embedded.
    encoder = encoders.load(arguments.encoder or "yamnet")
    encoder = encoder.pretrained() if arguments.encoder else encoder.tiny(seed=0)
    sounds.index([path for path, _ in known], out=out / "index", encoder=encoder, progress=False)

    # 2. Each word finds the windows nearest to it; their mean is its prototype. No label has a part in it.
    count = None if arguments.encoder else 1  # chosen from the pool by default
    sounds.learn(out / "index", words, out=out / "classifier", neighbours=count, encoder=encoder)

    # 3. What is wrong can be corrected; here some sounds are put to their words.
    if not arguments.encoder:
        first = [known[i * (EACH - HELD_OUT) + j] for i in range(len(words)) for j in range(EXAMPLES)]
        sounds.correct(out / "classifier", add=[f"{word}={path}" for path, word in first], encoder=encoder)

    # 4. New recordings get the word of the nearest prototype.
    found = list(sounds.classify(out / "classifier", [path for path, _ in new], encoder=encoder))
    for (path, word), prediction in list(zip(new, found, strict=True))[::HELD_OUT]:
        print(f"{path.parent.name}/{path.name}: {prediction.label} (it is {word})")
    right = sum(prediction.label == word for (_, word), prediction in zip(new, found, strict=True))
    print(f"{right} of {len(new)} new recordings got their word; by chance it would be {len(new) // len(words)}.")


if __name__ == "__main__":
    main()
