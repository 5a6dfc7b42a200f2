"""Miniatures of the official layouts of datasets of sounds: one function a dataset, named like it.

Each writes a few recordings below `root` and returns the folder to open. Class number c sounds at 400 + 500 c Hz.
"""

from __future__ import annotations

from pathlib import Path

from tests.helpers.layouts import sound, table, tone

SECONDS = 0.3


def recording(path: Path, class_number: int, seconds: float = SECONDS) -> Path:
    """A sine whose pitch says the class."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return sound(path, [tone(400 + 500 * class_number, seconds)])


def esc50(root: Path) -> Path:
    classes = {0: ("dog", True), 20: ("crying_baby", True), 14: ("chirping_birds", False)}
    rows = []
    for number, (target, (name, esc10_)) in enumerate(classes.items()):
        for fold in range(1, 6):
            file = f"{fold}-{1000 * fold + target}-A-{target}.wav"
            rows.append((file, fold, target, name, esc10_, 1000 * fold + target, "A"))
            recording(root / "audio" / file, number)
    header = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
    table(root / "meta" / "esc50.csv", rows, header)
    return root


esc10 = esc50


def urbansound8k(root: Path) -> Path:
    rows = []
    for number, name in enumerate(("air_conditioner", "car_horn")):
        for fold in range(1, 11):
            source = 100 * fold + number
            for piece in range(2):
                file = f"{source}-{number}-0-{piece}.wav"
                rows.append((file, source, 0.0, SECONDS, 1, fold, number, name))
                recording(root / "audio" / f"fold{fold}" / file, number)
    header = ("slice_file_name", "fsID", "start", "end", "salience", "fold", "classID", "class")
    table(root / "metadata" / "UrbanSound8K.csv", rows, header)
    return root


def fsd50k(root: Path) -> Path:
    classes = {"Bark": "/m/05tny_", "Boat_and_Water_vehicle": "/m/019jd", "Fill_(with_liquid)": "/m/07r5v4s"}
    names = list(classes)
    ground = root / "FSD50K.ground_truth"
    table(ground / "vocabulary.csv", [(i, name, mid) for i, (name, mid) in enumerate(classes.items())])
    listed: dict[str, list[tuple[str, ...]]] = {"dev": [], "eval": []}
    for clip in range(12):
        has = [names[clip % 3], *([names[0]] if clip % 4 == 3 and clip % 3 else [])]
        half = "dev" if clip < 8 else "eval"
        split = () if half == "eval" else ("val",) if clip in (3, 6) else ("train",)
        listed[half].append((str(100 + clip), ",".join(has), ",".join(classes[c] for c in has), *split))
        recording(root / f"FSD50K.{half}_audio" / f"{100 + clip}.wav", clip % 3)
    table(ground / "dev.csv", listed["dev"], ("fname", "labels", "mids", "split"))
    table(ground / "eval.csv", listed["eval"], ("fname", "labels", "mids"))
    return root


def folder(root: Path) -> Path:
    for number, label in enumerate(("dog_bark", "rain")):
        for i in range(5):
            recording(root / label / f"{i}.wav", number)
    (root / "README.md").write_text("Not a sound.", encoding="utf-8")
    return root


def manifest(root: Path) -> Path:
    rows = []
    for i in range(8):
        recording(root / "sounds" / f"{i}.wav", i % 2, 2 * SECONDS)
        label = ("dog bark", "rain")[i % 2]
        rows.append((f"sounds/{i}.wav", label, f"fold{i // 2 % 2 + 1}", "", ""))
    rows.append(("sounds/0.wav", "dog bark", "fold1", 0.1, 0.4))
    table(root / "manifest.csv", rows, ("path", "label", "split", "start", "end"))
    return root
