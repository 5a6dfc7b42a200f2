"""Damaged files of every form that a verb reads: refused in a sentence, or harmless. No traceback, no other result.

Every form has one whole example and one command that uses it. A file of the example is damaged by a draw from a seed,
and the command is given again. It may end as it did before, or leave with a sentence. Where Limbeck writes the form
for itself, another result than before is a fault too: damage has to be noticed. What people write by hand (a
manifest, a recipe) may well mean something else after a change.

``LIMBECK_MUTATIONS=1000`` makes more of them, ``LIMBECK_MUTATION_SEED`` others.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers import published_forms
from tests.helpers.generated import RECIPE, Generated, contents
from tests.helpers.mutate import MUTATIONS, changed_text, whole_files
from tests.helpers.timed_media import TimedMedia, write

import limbeck
from limbeck import cli, exports
from limbeck._runtime import choose_runtime
from limbeck.distilled import DistilledSet
from limbeck.evaluation import Protocol
from limbeck.playground import write_sounds
from limbeck.testing import Published

SEED = int(os.environ.get("LIMBECK_MUTATION_SEED", "0"))
QUICK = {"protocol": Protocol(epochs=2, drop_after=()), "progress": False}
SETTINGS = {"per_class": 1}
FIRST = 2


@dataclass(frozen=True)
class Form:
    """A kind of file or folder.

    Attributes:
        name: For people.
        make: Makes a whole example in a folder; gives the file or folder.
        use: Words of a command that uses it, given the example and an empty folder for what it writes.
        own: Written by Limbeck for itself: no other result may come of it.
        damaged: Patterns of the files that are damaged.
        text: They are text.
        share: Of all mutations.
    """

    name: str
    make: Callable[[Path], Path]
    use: Callable[[Path, Path], Sequence[object]]
    own: bool
    damaged: tuple[str, ...]
    text: bool
    share: float


def _prepared(folder: Path) -> Path:
    limbeck.prepare(Generated(16), out=folder / "prepared", recipe=RECIPE, workers=1, progress=False)
    return folder / "prepared"


def _distilled(folder: Path, **settings: object) -> Path:
    limbeck.distill(_prepared(folder), "random", out=folder / "distilled", progress=False, **SETTINGS | settings)
    return folder / "distilled"


def _coded(folder: Path) -> Path:
    return _distilled(folder, storage="coded")


def _scored(folder: Path) -> Path:
    made = _distilled(folder)
    limbeck.evaluate(made, on=folder / "prepared", repeats=1, **QUICK)
    return made


def _unfinished(folder: Path) -> Path:
    """A run that was stopped: its set is not there yet, its checkpoint is."""
    from limbeck.engine.run import RunCheckpoint
    from limbeck.methods import RunContext, load

    prepared = _prepared(folder)
    out = folder / "distilled"
    settings = {"steps": 4, "encoders": {"network": {"options": {"width": 8}}, "bank": 2}} | SETTINGS
    limbeck.distill(prepared, "dm", out=out, progress=False, **settings)
    clips = limbeck.Prepared.open(prepared).clips("train")

    class Keep(RunCheckpoint):
        def offer(self, step: int, tensors: Callable[[], dict[str, torch.Tensor]]) -> None:
            if step == FIRST:
                super().offer(step, tensors)

    asked = json.loads((out / "run" / "run.json").read_text())["asked"]
    kept = Keep(out / "run" / "checkpoint.safetensors", every_seconds=0.0)
    method = load("dm").from_json(asked["settings"])
    method.distill(clips, seed=0, run=RunContext(choose_runtime(), None, kept))
    for name in ("config.json", "data.safetensors", "README.md", "run/done.json"):
        (out / name).unlink()
    shutil.rmtree(prepared / "cache", ignore_errors=True)
    return folder


def _manifest(folder: Path) -> Path:
    whole = [f for f in whole_files(folder / "videos") if f.suffix == ".mp4"]
    lines = ["path,label,split,start,end"]
    for number in range(8):
        split = "test" if number > 5 else "train"
        lines.append(f"videos/{whole[number % 2].name},{'ab'[number % 2]},{split},{number / 8},{number / 8 + 0.5}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder / "manifest.csv"


def _containers(folder: Path) -> Path:
    """A video and a sound a container, each its own clip."""
    videos = {
        "mp4": TimedMedia(format="mp4", video="mpeg4", audio="aac", options={"movflags": "frag_keyframe+delay_moov"}),
        "mov": TimedMedia(format="mov", video="mjpeg", audio="adpcm_ima_qt", pix_fmt="yuvj420p"),
        "mkv": TimedMedia(format="matroska", video="ffv1", audio="flac"),
        "webm": TimedMedia(format="webm", video="libvpx", audio="libopus", rate_hz=48000),
        "avi": TimedMedia(format="avi", video="mpeg4", audio="adpcm_ima_wav"),
        "ts": TimedMedia(format="mpegts", video="mpeg2video", audio="mp2", rate_hz=48000, fps=25),
        "flv": TimedMedia(format="flv", video="flv", audio="libmp3lame", rate_hz=44100),
        "mpg": TimedMedia(format="mpeg", video="mpeg1video", audio="mp2", rate_hz=44100, fps=25),
    }
    for number, (ending, how) in enumerate(videos.items()):
        for label in "ab":
            (folder / "videos" / label).mkdir(parents=True, exist_ok=True)
            name = f"{number}.{ending}" if label == "a" else f"{number}{number}.{ending}"
            write(folder / "videos" / label / name, how)
    return folder / "videos"


def _media(folder: Path) -> Path:
    for file in whole_files(folder / "whole"):
        for label in "ab":
            (folder / "videos" / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / "videos" / label / file.name)
            shutil.copy(folder / "whole" / "plain.mp4", folder / "videos" / label / "more.mp4")
    return folder / "videos"


RECIPE_TOML = """
title = "Two rows"
per_class = [1]
baseline = "random"
distillations = 2
[data]
dataset = "playground"
options = { clips = 80, seed = 1 }
expected = { classes = 10, train = 60, test = 20 }
[data.clip]
image_size = 32
[network]
options = { width = 8 }
[protocol]
epochs = 3
[rows.random]
method = "random"
[rows.dm]
method = "dm"
settings = { steps = 2, hold = "mosaic:2", optimiser = { kind = "adam" } }
"""


def _recipe(folder: Path) -> Path:
    (folder / "two.toml").write_text(RECIPE_TOML)
    return folder / "two.toml"


def _weights(folder: Path) -> Path:
    pytest.importorskip("transformers")
    from limbeck.encoders.clap import Clap

    if not (folder / "weights").exists():
        Clap.tiny().save(folder / "weights")
        write_sounds(folder / "recordings", each=3, kinds=2)
    return folder / "weights"


def _run(*words: object) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([str(w) for w in words])
    assert not caught.value.code


def _index(folder: Path) -> Path:
    weights = _weights(folder)
    _run(
        "sounds", "index", folder / "recordings", "--out", folder / "index", "--window", 4, "--workers", 1,
        "--weights", weights, "--offline", "--quiet",
    )  # fmt: skip
    return folder / "index"


def _classifier(folder: Path) -> Path:
    _run(
        "sounds", "learn", _index(folder), "--labels", "metal bar,harp", "--neighbours", 2,
        "--out", folder / "classifier", "--weights", folder / "weights", "--offline", "--quiet",
    )  # fmt: skip
    return folder / "classifier"


def _corrections(folder: Path) -> Path:
    """As the page saves them."""
    _classifier(folder)
    stands = json.loads((folder / "classifier" / "config.json").read_text())["pieces"][0]
    other = next(f for f in sorted((folder / "recordings").rglob("*.wav")) if str(f) != stands["path"])
    add = {"label": "harp", "path": str(other), "start_s": 0.0}
    (folder / "corrections.json").write_text(json.dumps({"remove": [], "add": [add]}, indent=1))
    return folder / "corrections.json"


def _cached(folder: Path) -> Path:
    """Prepared data with the experts that one run left for others."""
    _prepared(folder)
    cli_words = _with_cache(folder / "prepared", folder)
    _run(*cli_words)
    shutil.rmtree(folder / "distilled")
    return folder / "prepared"


def _with_cache(prepared: Path, out: Path) -> Sequence[object]:
    return (
        "distill", prepared, "--method", "forgetting", "--out", out / "distilled", "--per-class", 1, "-q",
        "--set", "hold=plain",
    )  # fmt: skip


def _benchmark(folder: Path) -> Path:
    """All that a comparison left."""
    _run(*_compare(_recipe(folder), folder / "runs"))
    return folder / "runs"


def _compare(recipe: Path, out: Path) -> Sequence[object]:
    return ("benchmark", recipe, "--out", out, "--device", "cpu", "-q")


SOUND_TOML = """
kind = "sounds"
title = "Two classifiers"
[data]
dataset = "folder"
options = { folds = 2 }
[encoder]
name = "clap"
[rows.zero-shot]
classifier = "zero_shot"
[rows.paper]
settings = { paper = true, two_spaces = false, settings = { neighbours = 2 } }
"""


def _sound_benchmark(folder: Path) -> Path:
    _weights(folder)
    (folder / "classifiers.toml").write_text(SOUND_TOML)
    _run(*_compare_classifiers(folder / "runs"))
    return folder / "runs"


def _compare_classifiers(runs: Path) -> Sequence[object]:
    return (
        "sounds", "benchmark", runs.parent / "classifiers.toml", "--data", runs.parent / "recordings", "--out", runs,
        "-q", *_weights_of(runs),
    )  # fmt: skip


def _words(folder: Path) -> Path:
    _index(folder)
    (folder / "words.csv").write_text(
        'label,description\n"metal bar","a bar of metal, struck"\nharp,\n', encoding="utf-8"
    )
    return folder / "words.csv"


def _prepare(source: Path, out: Path) -> Sequence[object]:
    return ("prepare", "folder", source, "--out", out / "prepared", "--image-size", 32, "--workers", 1, "-q")


def _export(made: Path, out: Path) -> Sequence[object]:
    return ("export", made, "--to", "folder", "--out", out / "pairs")


def _pairs(folder: Path) -> Path:
    _run(*_export(_distilled(folder), folder))
    return folder / "pairs"


def _published(name: str) -> Callable[[Path], Path]:
    """A set in one of the forms that other code publishes, or that Limbeck exports."""

    def make(folder: Path) -> Path:
        if name in exports.names():
            return published_forms.exported(name, folder / name).path
        published: Published = getattr(published_forms, name)(folder / name)
        return published.path

    return make


def _import(path: Path, out: Path) -> Sequence[object]:
    return ("import", path, "--set", "dataset=CIFAR10", "--out", out / "set", "-q")


def _import_export(path: Path, out: Path) -> Sequence[object]:
    return ("import", path, "--out", out / "set", "-q")


def _weights_of(place: Path) -> Sequence[object]:
    return ("--weights", place.parent / "weights", "--offline", "--json")


FORMS = [
    Form("containers", _containers, _prepare, False, ("a/*",), False, 0.05),
    Form("export", _pairs, lambda p, _: ("inspect", p, "--json"), False, ("*.json",), True, 0.04),
    Form("cache", _cached, _with_cache, True, ("cache/**/*",), False, 0.03),
    Form(
        "benchmark", _benchmark, lambda p, _: (*_compare(p.parent / "two.toml", p), "--json"), True,
        ("prepared/*/*", "sets/**/*", "two/*.json"), True, 0.015,
    ),
    Form(
        "sound benchmark", _sound_benchmark, lambda p, _: _compare_classifiers(p), True,
        ("named/*/*", "embeddings/*", "classifiers/*.json"), True, 0.03,
    ),
    Form(
        "weights", lambda folder: _index(folder).parent / "weights",
        lambda p, _: ("sounds", "search", p.parent / "index", "harp", "--top", 3, *_weights_of(p)),
        True, ("*",), True, 0.03,
    ),
    Form(
        "corrections", _corrections,
        lambda p, _: (
            "sounds", "correct", p.parent / "classifier", "--corrections", p, *_weights_of(p),
        ),
        False, ("corrections.json",), True, 0.03,
    ),
    Form("import of DM", _published("dc"), _import, False, ("*.pt",), False, 0.05),
    *(
        Form(f"import of {name}", _published(name), _import_export, False, ("**/*",), False, 0.04)
        for name in exports.names()
    ),
    Form("media", _media, _prepare, False, ("*/plain.mp4", "*/busy.mp4"), False, 0.05),
    Form("manifest", _manifest, _prepare, False, ("manifest.csv",), True, 0.05),
    Form("prepared", _prepared, lambda p, _: ("inspect", p, "--json"), False, ("dataset.json", "*.parquet"), True, 0.1),
    Form("distilled", _distilled, _export, True, ("config.json", "data.safetensors"), True, 0.1),
    Form("coded", _coded, _export, True, ("config.json", "data.safetensors"), True, 0.07),
    Form("scores", _scored, lambda p, _: ("inspect", p, "--json"), False, ("scores/*.json",), True, 0.1),
    Form(
        "run", _unfinished,
        lambda p, _: (
            "distill", p / "prepared", "--method", "dm", "--out", p / "distilled", "--per-class", 1,
            "--set", "hold=plain", "--set", "steps=4", "--set", "encoders.bank=2",
            "--set", "encoders.network.options.width=8", "-q",
        ),
        True, ("distilled/run/*",), True, 0.05,
    ),
    Form(
        "recipe", _recipe,
        lambda p, out: ("benchmark", p, "--out", out, "--dry-run", "-q"),
        False, ("two.toml",), True, 0.05,
    ),
    Form(
        "index", _index,
        lambda p, _: ("sounds", "search", p, "harp", "--top", 3, *_weights_of(p)),
        True, ("**/*",), False, 0.07,
    ),
    Form(
        "words", _words,
        lambda p, out: (
            "sounds", "learn", p.parent / "index", "--labels", p, "--neighbours", 2, "--out", out / "classifier",
            *_weights_of(p),
        ),
        False, ("words.csv",), True, 0.04,
    ),
    Form(
        "classifier", _classifier,
        lambda p, _: ("sounds", "classify", p, p.parent / "recordings", *_weights_of(p)),
        True, ("*.json", "*.safetensors"), True, 0.06,
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)
def test_damage_is_refused_or_harmless(
    form: Form, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    example = form.make(whole).relative_to(whole)
    capfd.readouterr()
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy, symlinks=True)
    before = _outcome(form, copy, example, tmp_path / "out", capfd)
    shutil.rmtree(copy)
    assert before[0] == 0, before[2]
    count = max(2, round(int(os.environ.get("LIMBECK_MUTATIONS", "60")) * form.share))
    seen: Counter[str] = Counter()
    faults = []
    for number in range(count):
        draw = np.random.default_rng([SEED, number])
        shutil.copytree(whole, copy, symlinks=True)
        what = _damage(form, copy / example, draw)
        after = _outcome(form, copy, example, tmp_path / "out", capfd)
        verdict = _verdict(form, before, after)
        seen[verdict] += 1
        if verdict.startswith("FAULT"):
            told = "\n".join(after[2].splitlines()[-6:])
            faults.append(f"number {number}, {what}: {verdict}\n{told}")
        shutil.rmtree(copy)
    with capfd.disabled():
        print(f"\n{form.name}: seed {SEED}, {count} damaged: {dict(seen)}")
    assert not faults, f"{len(faults)} faults in {form.name} with seed {SEED}\n" + "\n".join(faults[:12])


Outcome = tuple[int, str, str]


def _outcome(form: Form, root: Path, example: Path, out: Path, capfd: pytest.CaptureFixture[str]) -> Outcome:
    """Exit code, what came out (printed and written), and what was told on stderr."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    code = 0
    try:
        cli.main([str(w) for w in form.use(root / example, out)])
    except SystemExit as leave:
        code = int(leave.code or 0)
    printed, told = capfd.readouterr()
    # A set says what it cost, in seconds, which its fingerprint leaves out.
    sets = [place / "distilled" for place in (root, out) if not code and form.name in ("run", "cache")]
    made = [DistilledSet.load(place).fingerprint for place in sets if place.exists()] or contents(out)
    return code, json.dumps([_timeless(printed.replace(str(root), "")), made], sort_keys=True), told


def _timeless(printed: str) -> object:
    """What was printed, without what differs from one run to the next if it is JSON."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items() if "seconds" not in k and k not in ("command", "machine")}
        return [plain(one) for one in value] if isinstance(value, list) else value

    try:
        return plain(json.loads(printed))
    except ValueError:
        return printed


def _verdict(form: Form, before: Outcome, after: Outcome) -> str:
    code, result, told = after
    if "Traceback" in told or "fault in Limbeck" in told or code not in (0, 1, 2):
        return f"FAULT: not refused in a sentence (exit {code})"
    if code:
        return "refused" if "Error" in told else "FAULT: refused without a word"
    if result == before[1]:
        return "the same"
    return "FAULT: another result without a word" if form.own else "something else"


def _damage(form: Form, example: Path, draw: np.random.Generator) -> str:
    """Damage one file of the example; what was done."""
    files = sorted({f for pattern in form.damaged for f in example.glob(pattern)} if example.is_dir() else {example})
    files = [f for f in files if f.is_file() and f.stat().st_size]
    file = files[int(draw.integers(len(files)))]
    content = file.read_bytes()
    textual = form.text and file.suffix in (".json", ".jsonl", ".csv", ".toml", ".md")
    if textual and draw.random() < 0.7:
        how, damaged = changed_text(content.decode(), draw)
        file.write_bytes(damaged)
    else:
        how = str(draw.choice([name for name in MUTATIONS if name != "wrong_ending"]))
        file.write_bytes(MUTATIONS[how](content, draw, [content, b"{}", bytes(300)]))
    return f"{how} of {file.relative_to(example) if file != example else file.name}"
