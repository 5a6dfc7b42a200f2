"""Processor time of training and testing students, against the plain formulation and against another version.

The sizes are those of the recipe `paired_small`: 64 x 56 log-mels and 32 x 32 frames, ConvNets of width 32, one
thread. Students are trained on 40 pairs (one stored pair a class, 2 x 2), 400 and 1,200 (the whole split) and tested
on 400. Everything random is the same in all forms, so their accuracies can be compared student by student.

    python benchmarks/students.py --data DATA                  # as the recipe wants it: esc10/ and photos/
    python benchmarks/students.py                              # generated clips: seconds are as good, accuracy is not
    python benchmarks/students.py --against v0.1.0             # also the package as it was at a commit, or in a folder

The plain formulation is a ConvNet of PyTorch's own modules with the same weights. Every form lives in a process of its
own; they take turns. Numbers are medians of processor seconds: on a busy machine they say more than those of a clock.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

ROOT = Path(__file__).parents[1]
SETS = ("40", "400", "1200")
DTYPES = ("float32", "bfloat16")


def plainly(self: Any, x: Tensor) -> Tensor:
    """The ConvNet's block as one would write it down."""
    y = F.conv2d(x, self.weight, padding=self.padding)
    y = F.instance_norm(y, weight=self.scale, bias=self.shift).relu()
    return F.avg_pool2d(y, 2) if self.grid is None else F.adaptive_avg_pool2d(y, self.grid)


def worker(form: str, folder: Path) -> None:
    """Train and test a student for every line that comes. Answers processor seconds and accuracy as JSON."""
    from limbeck.datasets import Targets
    from limbeck.evaluation import Protocol, TensorSamples
    from limbeck.evaluation.train import predict, train_student
    from limbeck.media import ClipRecipe
    from limbeck.modalities import bound
    from limbeck.networks import convnet, keep_freed_memory

    torch.set_num_threads(1)
    keep_freed_memory()
    if form == "plain":
        convnet.ConvBlock.forward = plainly  # type: ignore[method-assign]

    classes, modalities = tuple(f"class {i}" for i in range(10)), bound(("audio", "image"), ClipRecipe())

    def samples(name: str) -> TensorSamples:
        held = load_file(folder / f"{name}.safetensors")
        return TensorSamples(held, Targets(classes, held["labels"]), modalities)

    network, test = convnet.ConvNet(width=32), samples("test")
    train_student(samples("40"), network, "ensemble", Protocol(epochs=1), seed=0)  # whatever is done once
    predict(train_student(samples("40"), network, "ensemble", Protocol(epochs=1, dtype="bfloat16"), seed=0), test)
    for line in sys.stdin:
        name, dtype, seed, epochs = line.split()
        begun = time.process_time()
        student = train_student(
            samples(name), network, "ensemble", Protocol(dtype=dtype, epochs=int(epochs)), seed=int(seed)
        )
        trained = time.process_time()
        guess = predict(student, test)
        tested = time.process_time()
        right = {key: 100 * float((p.argmax(1) == test.targets.labels).float().mean()) for key, p in guess.items()}
        answer = {"train": trained - begun, "test": tested - trained, "accuracy": right}
        print(json.dumps(answer), flush=True)


def real_samples(data: str, folder: Path) -> None:
    """The recipe's data, and mosaics of herded clips, as tensors in network scale."""
    import limbeck
    from limbeck.comparison import Place
    from limbeck.comparison.kinds.distillation import DistillationRecipe

    recipe = DistillationRecipe.load("paired_small")
    prepared = recipe.data.prepare(Place(out=folder, data=data))
    scales = prepared.clips("train").scales("standardised")
    for name, split in (("1200", "train"), ("test", "test")):
        clips = prepared.clips(split)
        seen = {m: modality.to_network(clips.array(m), scales[m]) for m, modality in clips.modalities.items()}
        save(folder / name, seen["audio"], seen["image"], clips.labels)
    for name, per_class in (("40", 1), ("400", 10)):
        held = limbeck.distill(prepared, "herding", per_class=per_class, hold="mosaic:2", progress=False)
        save(folder / name, held.samples()["audio"], held.samples()["image"], held.targets.labels)


def made_samples(folder: Path) -> None:
    """A pattern for each class, under noise."""
    g = torch.Generator().manual_seed(0)
    sound, picture = torch.randn(10, 1, 64, 56, generator=g), torch.randn(10, 3, 32, 32, generator=g)
    for name, count in (("40", 40), ("400", 400), ("1200", 1200), ("test", 400)):
        labels = torch.arange(count) % 10
        audio = sound[labels] / 8 + torch.randn(count, 1, 64, 56, generator=g)
        save(folder / name, audio, picture[labels] / 8 + torch.randn(count, 3, 32, 32, generator=g), labels)


def save(path: Path, audio: Tensor, image: Tensor, labels: Tensor) -> None:
    """Write one set of samples."""
    held = {"audio": audio.contiguous(), "image": image.contiguous(), "labels": labels}
    save_file(held, path.with_suffix(".safetensors"))


def measure(folder: Path, sources: dict[str, Path], sets: list[str], seeds: int, epochs: int) -> list[dict[str, Any]]:
    """Run all forms in turns."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    workers = {form: start(form, source, folder) for form, source in sources.items()}
    for seed in range(seeds):
        for name in sets:
            for dtype in DTYPES:
                for form, process in workers.items():
                    answer = ask(process, f"{name} {dtype} {seed} {epochs}")
                    found.setdefault((form, name, dtype), []).append(answer)
                    print(f"{name:>5} {dtype:9} {form:9} {answer}", file=sys.stderr, flush=True)
    for process in workers.values():
        process.communicate()
    return [
        {
            "form": form,
            "pairs": int(name),
            "dtype": dtype,
            **{part: statistics.median(a[part] for a in answers) for part in ("train", "test")},
            "accuracy": {k: [a["accuracy"][k] for a in answers] for k in answers[0]["accuracy"]},
        }
        for (form, name, dtype), answers in found.items()
    ]


def start(form: str, source: Path, folder: Path) -> subprocess.Popen[str]:
    """A process that trains students with the package in `source`."""
    command = [sys.executable, str(Path(__file__).resolve()), "--worker", form, "--folder", str(folder)]
    path = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path, "OMP_WAIT_POLICY": "passive"}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(process: subprocess.Popen[str], line: str) -> dict[str, Any]:
    """One student."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(line, file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit(f"A worker ended early (exit code {process.wait()}).")
    told: dict[str, Any] = json.loads(answer)
    return told


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, seeds = result["machine"], result["seeds"]
    lines = [
        "# Training and testing students",
        "",
        f"64 x 56 log-mels, 32 x 32 frames, ConvNets of width 32, {result['epochs']} epochs, tested on 400 pairs "
        f"({result['clips']}); one thread, medians of {seeds} students a form, forms in turns. Seconds are processor "
        "time. Ratio: all seconds of a form to those of Limbeck as it is. Accuracy: sound and picture, mean over the "
        "students; everything random is the same in all forms.",
        "",
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; torch "
        f"{result['versions']['torch']}, Python {result['versions']['python']}.",
        "",
        "| pairs | format | form | training, s | test, s | ratio | A+V |",
        "|---|---|---|---|---|---|---|",
    ]
    own = {(r["pairs"], r["dtype"]): r["train"] + r["test"] for r in result["rows"] if r["form"] == "limbeck"}
    for row in result["rows"]:
        ratio = (row["train"] + row["test"]) / own[row["pairs"], row["dtype"]]
        lines.append(
            f"| {row['pairs']} | {row['dtype']} | {result['titles'][row['form']]} | {row['train']:.2f} "
            f"| {row['test']:.2f} | {ratio:.2f} | {statistics.mean(row['accuracy']['A+V']):.1f} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder with esc10/ and photos/; clips are generated without it")
    parser.add_argument("--against", help="another version, also measured: a commit, or a folder with the package")
    parser.add_argument("--students", type=int, default=3, help="of every form")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS), help="training pairs")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        worker(given.worker, given.folder)
        return
    from limbeck.engine import machine, versions

    sources = {"plain": ROOT / "src", "limbeck": ROOT / "src"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.against and Path(given.against).is_dir():
            sources = {"other": Path(given.against).resolve()} | sources
        elif given.against:
            archive = subprocess.run(
                ["git", "archive", given.against, "src"], cwd=ROOT, capture_output=True, check=True
            )
            (folder / "other").mkdir()
            subprocess.run(["tar", "-x", "-C", str(folder / "other")], input=archive.stdout, check=True)
            sources = {"other": folder / "other" / "src"} | sources
        real_samples(given.data, folder) if given.data else made_samples(folder)
        rows = measure(folder, sources, given.sets, given.students, given.epochs)
    result = {
        "machine": machine(),
        "versions": versions(),
        "titles": {"plain": "plain modules", "limbeck": "Limbeck", "other": f"Limbeck at {given.against}"},
        "clips": "sounds of ESC-10 with photos" if given.data else "generated clips",
        "seeds": given.students,
        "epochs": given.epochs,
        "rows": rows,
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "students.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / "students.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
