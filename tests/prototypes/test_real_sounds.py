"""Ten words and real recordings: the order of the ways, over four folds, with nothing chosen by the test fold."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch
from tests.helpers.weights_folder import yamnet_folder

from limbeck import encoders
from limbeck.prototypes import PrototypeClassifier, class_texts


@pytest.mark.data
def test_prototypes_beat_words_and_two_spaces_beat_one(test_data: Path, tmp_path: Path) -> None:
    encoder = encoders.load("yamnet").pretrained(folder=yamnet_folder(test_data, tmp_path), offline=True)
    with open(test_data / "esc10" / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    waves = []
    for row in rows:
        samples, rate = soundfile.read(test_data / "esc10" / row["path"], dtype="float32")
        waves.append(torch.from_numpy(soxr.resample(samples, rate, encoder.sample_rate)))
    heard = encoder.embed_audio(waves)
    joint, features = heard.joint.numpy(), heard.features.numpy()
    truth, folds = np.array([r["label"] for r in rows]), np.array([r["split"] for r in rows])
    labels = sorted(set(truth.tolist()))
    text = encoder.embed_text(class_texts(labels, [encoder.prompt])[0]).numpy()
    zero_shot, paper, own, refined = [], [], [], []
    lost: dict[float, list[float]] = {0.05: [], 0.1: [], 0.2: []}
    for fold in sorted(set(folds.tolist())):
        pool, test = folds != fold, folds == fold
        zero_shot.append(np.mean(np.array(labels)[(joint[test] @ text.T).argmax(1)] == truth[test]))
        published = PrototypeClassifier.paper().fit_from_text(joint[pool], text, labels)
        paper.append(published.score(joint[test], truth[test]))
        for found, clf in ((own, PrototypeClassifier()), (refined, PrototypeClassifier(refine=10))):
            clf.fit_from_text(joint[pool], text, labels, features=features[pool])
            found.append(clf.score(features[test], truth[test]))
        for share, shares in lost.items():
            rejecting = PrototypeClassifier(reject=share).fit_from_text(
                joint[pool], text, labels, features=features[pool]
            )
            shares.append(float(np.mean(rejecting.predict(features[test]) == "")))
    # Of sounds nobody has heard before, of known words, as many are lost as may be.
    assert all(np.mean(shares) == pytest.approx(share, abs=0.02) for share, shares in lost.items()), lost
    assert np.mean(zero_shot) > 0.82
    assert np.mean(paper) > np.mean(zero_shot) + 0.01
    assert np.mean(own) > 0.93
    assert np.mean(refined) > 0.93
