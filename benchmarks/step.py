"""Time of one distillation step, against a plain transcription of the published loop.

One step for one class: embed its real pairs, embed its synthetic pairs (mosaics cut into cells and enlarged), take
the matching loss of the means, and its gradient for the synthetic pairs. Augmentation (under 1 % of the time) and the
drawing of networks are left out of all forms alike.

    python benchmarks/step.py                      # published sizes, some five minutes on two cores
    python benchmarks/step.py --small              # seconds: does it run?
    python benchmarks/step.py --compile            # also ours through torch.compile

Every form lives in a process of its own, so that each has its own memory and memory settings; only one works at a
time, and the forms take turns, so that a machine that slows down slows all of them. The numbers are medians.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from limbeck.engine import machine, versions
from limbeck.networks import Encoder, embed, keep_freed_memory
from limbeck.networks.convnet import ConvNet, ConvNetEncoder
from limbeck.parameterisations.mosaic import pack, unpack

JOINT_WEIGHT = GAP_WEIGHT = 10.0
MOSAIC = 2
GRID = (MOSAIC, MOSAIC)
BF16, FP32 = torch.bfloat16, torch.float32


@dataclass(frozen=True)
class Sizes:
    """What a class step works on."""

    audio: tuple[int, int, int]
    image: tuple[int, int, int]
    real: int
    width: int
    pairs: tuple[int, ...]

    @property
    def shapes(self) -> dict[str, tuple[int, int, int]]:
        """Of a sample, by modality."""
        return {"audio": self.audio, "image": self.image}


PUBLISHED = Sizes((1, 128, 56), (3, 224, 224), real=128, width=128, pairs=(1, 10))
SMALL = Sizes((1, 64, 28), (3, 64, 64), real=16, width=32, pairs=(1, 2))


@dataclass(frozen=True)
class Form:
    """One way of doing the step."""

    title: str
    real: torch.dtype | None = FP32
    synthetic: torch.dtype = FP32
    reference: bool = False
    keep_memory: bool = True
    compile: bool = False


FORMS = {
    "reference": Form("published loop, transcribed", reference=True, keep_memory=False),
    "reference-kept": Form("published loop, freed memory kept", reference=True),
    "fp32": Form("ours, float32"),
    "bf16-real": Form("ours, bfloat16 real, float32 synthetic", real=BF16),
    "bf16": Form("ours, bfloat16 both", real=BF16, synthetic=BF16),
    "cached-fp32": Form("ours, real means cached, float32", real=None),
    "cached-bf16": Form("ours, real means cached, bfloat16", real=None, synthetic=BF16),
}
COMPILED = {
    "bf16-real-compiled": Form("as above, compiled: bfloat16 real, float32 synthetic", real=BF16, compile=True),
    "bf16-compiled": Form("as above, compiled: bfloat16 both", real=BF16, synthetic=BF16, compile=True),
    "cached-fp32-compiled": Form("as above, compiled: cached, float32", real=None, compile=True),
    "cached-bf16-compiled": Form("as above, compiled: cached, bfloat16", real=None, synthetic=BF16, compile=True),
}
ALL = FORMS | COMPILED


def matching_loss(audio: Tensor, image: Tensor) -> Tensor:
    """Base, joint and gap terms of the differences between real and synthetic means, each (dim,)."""
    base = audio.square().sum() + image.square().sum()
    return base + JOINT_WEIGHT * (audio + image).square().sum() + GAP_WEIGHT * (audio - image).square().sum()


def published_encoder(encoder: ConvNetEncoder) -> nn.Sequential:
    """The same network as plain modules: biased convolutions, GroupNorm, in-place ReLU, pooling."""
    layers: list[nn.Module] = []
    for block in encoder.blocks:
        out, channels = block.weight.shape[:2]
        conv = nn.Conv2d(channels, out, 3, padding=block.padding)
        conv.weight.data.copy_(block.weight)
        pool = nn.AvgPool2d(2) if block.grid is None else nn.AdaptiveAvgPool2d(block.grid)
        layers += [conv, nn.GroupNorm(out, out), nn.ReLU(inplace=True), pool]
    return nn.Sequential(*layers, nn.Flatten()).requires_grad_(False)


def quarters(x: Tensor) -> Tensor:
    """A mosaic's four cells, enlarged, one after the other on the batch axis."""
    h, w = x.shape[2] // 2, x.shape[3] // 2
    cells = [x[:, :, :h, :w], x[:, :, h:, :w], x[:, :, :h, w:], x[:, :, h:, w:]]
    return torch.cat([F.interpolate(c, scale_factor=2, mode="bilinear") for c in cells])


def reference_step(
    encoders: dict[str, Encoder], real: list[Tensor], synthetic: list[Tensor]
) -> Callable[[], list[Tensor]]:
    """The published class step."""
    nets = [published_encoder(encoder) for encoder in encoders.values()]  # type: ignore[arg-type]

    def step() -> list[Tensor]:
        leaves = [s.clone().requires_grad_() for s in synthetic]
        gaps = []
        for net, x, leaf in zip(nets, real, leaves, strict=True):
            gaps.append(net(x).detach().mean(0) - net(quarters(leaf)).mean(0))
        matching_loss(*gaps).backward()
        return [leaf.grad for leaf in leaves if leaf.grad is not None]

    return step


def our_step(
    form: Form, by_modality: dict[str, Encoder], real: list[Tensor], synthetic: list[Tensor]
) -> Callable[[], list[Tensor]]:
    """Limbeck's class step; with cached means the real branch is done once, here."""
    encoders = list(by_modality.values())

    def means(dtype: torch.dtype) -> list[Tensor]:
        return [embed(e, x, dtype=dtype, compile=form.compile).mean(0) for e, x in zip(encoders, real, strict=True)]

    cached = means(FP32) if form.real is None else None

    def step() -> list[Tensor]:
        real_means = cached or means(form.real or FP32)
        leaves = [s.clone().requires_grad_() for s in synthetic]
        gaps = [
            mean - embed(e, unpack(leaf, GRID), dtype=form.synthetic, compile=form.compile).mean(0)
            for e, mean, leaf in zip(encoders, real_means, leaves, strict=True)
        ]
        return list(torch.autograd.grad(matching_loss(*gaps), leaves))

    return step


def worker(name: str, sizes: Sizes, folder: Path) -> None:
    """Do one class step for every line that comes: the number of pairs. Answers seconds and memory as JSON."""
    form = ALL[name]
    if form.keep_memory:
        keep_freed_memory()
    draw = torch.Generator().manual_seed(0)
    encoders = ConvNet(width=sizes.width).encoders(sizes.shapes, generator=draw)
    for encoder in encoders.values():
        encoder.requires_grad_(False)
    inputs = [torch.randn(sizes.real, *shape, generator=draw) for shape in (sizes.audio, sizes.image)]
    steps: dict[int, Callable[[], list[Tensor]]] = {}
    for line in sys.stdin:
        pairs = int(line)
        if pairs not in steps:
            packed = [pack(x[: pairs * MOSAIC**2], GRID) for x in inputs]
            # Real and synthetic means must differ, or the gradient is rounding.
            started = [0.5 * p + 0.5 * torch.randn(p.shape, generator=draw.manual_seed(pairs)) for p in packed]
            make = reference_step if form.reference else lambda *given: our_step(form, *given)
            steps[pairs] = make(encoders, inputs, started)
            save_file(dict(zip(("audio", "image"), steps[pairs](), strict=True)), folder / f"{name}-{pairs}")
        before = _forget_peak()
        begun = time.perf_counter()
        steps[pairs]()
        seconds = time.perf_counter() - begun
        print(json.dumps({"seconds": seconds, "peak_mb": _memory_mb("VmHWM"), "before_mb": before}), flush=True)


def _memory_mb(field: str) -> float:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1000
    return float("nan")


def _forget_peak() -> float:
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _memory_mb("VmRSS")


def conv_peak(dtype: torch.dtype, width: int) -> float:
    """GFLOP/s of the convolution that dominates (width to width, 3x3, 112 x 112 positions), best of several."""
    x = torch.randn(4, width, 112, 112).to(dtype).contiguous(memory_format=torch.channels_last)
    w = torch.randn(width, width, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    times = []
    with torch.no_grad():
        for _ in range(8):
            begun = time.perf_counter()
            F.conv2d(x, w, padding=1)
            times.append(time.perf_counter() - begun)
    return 2 * 9 * width**2 * 112**2 * len(x) / min(times) / 1e9


def gflop(encoder: ConvNetEncoder, shape: tuple[int, int, int]) -> float:
    """Arithmetic of one sample's forward pass through the convolutions."""
    _, h, w = shape
    total = 0
    for block in encoder.blocks:
        out, channels = block.weight.shape[:2]
        h, w = h + 2 * block.padding - 2, w + 2 * block.padding - 2
        total += 2 * 9 * out * channels * h * w
        h, w = h // 2, w // 2
    return total / 1e9


def measure(sizes: Sizes, names: list[str], rounds: int) -> dict[str, Any]:
    """Run all forms in turns."""
    answers: dict[tuple[str, int], list[dict[str, float]]] = {}
    peaks: dict[torch.dtype, list[float]] = {FP32: [], BF16: []}
    errors: dict[tuple[str, int], dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for pairs in sizes.pairs:
            open_workers = {n: _start(n, sizes, folder) for n in names}
            for _ in range(rounds):
                for dtype, found in peaks.items():
                    found.append(conv_peak(dtype, sizes.width))
                for name, process in open_workers.items():
                    answer = _ask(process, name, pairs)
                    answers.setdefault((name, pairs), []).append(answer)
                    print(f"{pairs:3d} pairs  {name:22s} {answer['seconds']:8.3f} s", file=sys.stderr, flush=True)
            for process in open_workers.values():
                process.communicate()
            errors |= {(n, pairs): _errors(Path(folder), n, pairs) for n in names}
    best = {dtype: max(found) for dtype, found in peaks.items()}
    rows = [_row(n, p, answers, errors, best, sizes) for p in sizes.pairs for n in names]
    return {
        "machine": machine(),
        "versions": versions(),
        "platform": platform.platform(),
        "sizes": vars(sizes),
        "rounds": rounds,
        "conv_peak_gflops": {"float32": best[FP32], "bfloat16": best[BF16]},
        "rows": rows,
    }


def _start(name: str, sizes: Sizes, folder: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, "--worker", name, "--folder", folder]
    if sizes == SMALL:
        command.append("--small")
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(process: subprocess.Popen[str], name: str, pairs: int) -> dict[str, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{pairs}\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"The process of form {name!r} ended early (exit code {process.wait()}); is memory short?")
    answer: dict[str, float] = json.loads(line)
    return answer


def _errors(folder: Path, name: str, pairs: int) -> dict[str, float]:
    """Relative distance of a form's gradient from the published loop's."""
    found, expected = load_file(folder / f"{name}-{pairs}"), load_file(folder / f"reference-{pairs}")
    return {m: float((found[m] - expected[m]).norm() / expected[m].norm()) for m in expected}


def _row(
    name: str,
    pairs: int,
    answers: dict[tuple[str, int], list[dict[str, float]]],
    errors: dict[tuple[str, int], dict[str, float]],
    peak: dict[torch.dtype, float],
    sizes: Sizes,
) -> dict[str, Any]:
    form = ALL[name]
    encoders = ConvNet(width=sizes.width).encoders(sizes.shapes, generator=torch.Generator())
    sample = sum(gflop(encoder, sizes.shapes[m]) for m, encoder in encoders.items())  # type: ignore[arg-type]
    real = sizes.real * sample if form.real else 0.0
    synthetic = 2 * pairs * MOSAIC**2 * sample
    ideal = (real / peak[form.real] if form.real else 0.0) + synthetic / peak[form.synthetic]
    times = [a["seconds"] for a in answers[name, pairs]]
    seconds = statistics.median(times)
    theirs = statistics.median(a["seconds"] for a in answers["reference", pairs])
    return {
        "form": name,
        "title": form.title,
        "pairs": pairs,
        "seconds": seconds,
        "fastest": min(times),
        "slowest": max(times),
        "ratio": theirs / seconds,
        "gflops": (real + synthetic) / seconds,
        "share_of_peak": ideal / seconds,
        "peak_memory_mb": max(a["peak_mb"] for a in answers[name, pairs]),
        "gradient_error": errors[name, pairs],
    }


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, peak, sizes = result["machine"], result["conv_peak_gflops"], result["sizes"]
    lines = [
        "# One distillation step for one class",
        "",
        f"{sizes['real']} real pairs, {sizes['audio'][1]} x {sizes['audio'][2]} log-mel and "
        f"{sizes['image'][1]} x {sizes['image'][2]} frames, ConvNets of width {sizes['width']}, mosaic {MOSAIC}. "
        f"Medians of {result['rounds']} steps, forms in turns.",
        "",
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['threads']} threads, "
        f"{facts['memory_gib']} GiB, {facts['system']}; torch {result['versions']['torch']}, "
        f"Python {result['versions']['python']}. "
        f"Convolution peak measured in the same run: {peak['float32']:.0f} GFLOP/s float32, "
        f"{peak['bfloat16']:.0f} bfloat16.",
        "",
        "Gradient error: relative distance from the published loop's gradient on equal inputs, sound / frame. "
        "Memory: the process's peak. Share of peak: time the arithmetic alone would take at the measured peaks.",
        "",
    ]
    for pairs in sizes["pairs"]:
        lines += [
            f"## {pairs} synthetic {'pair' if pairs == 1 else 'pairs'}",
            "",
            "| form | s a class step (range) | ratio | GFLOP/s | share of peak | memory, MB | gradient error |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in (r for r in result["rows"] if r["pairs"] == pairs):
            error = row["gradient_error"]
            lines.append(
                f"| {row['title']} | {row['seconds']:.3f} ({row['fastest']:.3f} to {row['slowest']:.3f}) "
                f"| {row['ratio']:.1f} | {row['gflops']:.0f} | {row['share_of_peak']:.0%} "
                f"| {row['peak_memory_mb']:.0f} | {error['audio']:.1e} / {error['image']:.1e} |"
            )
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small sizes: seconds instead of minutes")
    parser.add_argument("--compile", action="store_true", help="also ours through torch.compile")
    parser.add_argument("--classes-timed", type=int, default=3, help="class steps of every form")
    parser.add_argument("--forms", nargs="*", choices=list(ALL), help="only these, beside the reference")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = SMALL if given.small else PUBLISHED
    if given.worker:
        worker(given.worker, sizes, given.folder)
        return
    chosen = given.forms if given.forms is not None else list(ALL if given.compile else FORMS)
    result = measure(sizes, ["reference", *(n for n in chosen if n != "reference")], given.classes_timed)
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "step-small" if given.small else "step"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
