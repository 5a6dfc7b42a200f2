"""A classifier comes back from its folder as it was, and a damaged folder says so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from tests.helpers.heard import LABELS, Heard, heard
from torch import Tensor

from limbeck import _files
from limbeck.encoders import AudioEmbeddings, Encoder
from limbeck.errors import FingerprintError, InputError
from limbeck.prototypes import Evidence, Piece, Probe, PrototypeClassifier, SoundClassifier


class Words(Encoder):
    """Knows the made-up words and no sound."""

    sample_rate, window_s, checkpoints = 16_000, 1.0, ("only",)

    def __init__(self, pool: Heard, id: str = "words:only:0f") -> None:
        self.given_id = id
        self.text, self.asked = torch.from_numpy(pool.text), list[str]()
        self.dim, self.features_dim = self.text.shape[1], pool.features.shape[1]

    @property
    def id(self) -> str:
        return self.given_id

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        raise NotImplementedError

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        raise NotImplementedError

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        raise NotImplementedError

    def _text(self, texts: Sequence[str]) -> Tensor:
        self.asked += texts
        return torch.stack([self.text[next(i for i, w in enumerate(LABELS) if w in text)] for text in texts])


POOL = heard(seed=1)
PIECES = [Piece(path=f"pool/{i}.wav", start_s=i / 2, duration_s=1.5) for i in range(len(POOL.joint))]


def _learned(*, features: bool = True, **parameters: Any) -> SoundClassifier:
    return SoundClassifier.learn(
        Words(POOL),
        LABELS,
        POOL.joint,
        POOL.features if features else None,
        PIECES,
        prompts=["{label}", "A sound of {label}"],
        descriptions={"rain": "heavy rain"},
        window_s=5.0,
        hop_s=2.5,
        classifier=PrototypeClassifier(**parameters),
    )


def _embedded(sounds: Heard) -> AudioEmbeddings:
    return AudioEmbeddings(torch.from_numpy(sounds.joint), torch.from_numpy(sounds.features))


@pytest.mark.parametrize("features", [True, False])
@pytest.mark.parametrize(
    "parameters", [{}, {"reject": "auto", "exclusive": True}, {"neighbours": np.int64(3), "refine": 4}]
)
def test_a_classifier_comes_back_as_it_was(tmp_path: Path, features: bool, parameters: dict[str, Any]) -> None:
    saved = _learned(features=features, **parameters)
    again = SoundClassifier.load(saved.save(tmp_path / "one"))
    assert (again.labels, again.encoder, again.pieces, again.prompts) == (
        tuple(LABELS),
        saved.encoder,
        saved.pieces,
        saved.prompts,
    )
    assert (again.descriptions, again.window_s, again.hop_s) == ({"rain": "heavy rain"}, 5.0, 2.5)
    assert again.classifier.get_params() == saved.classifier.get_params()
    sounds = _embedded(heard(seed=2))
    assert again.predict(sounds) == saved.predict(sounds)
    x = saved.vectors(sounds)
    assert x.shape[1] == (40 if features else 24)
    np.testing.assert_array_equal(again.classifier.predict_proba(x), saved.classifier.predict_proba(x))
    np.testing.assert_array_equal(again.classifier.multi_label_scores(x), saved.classifier.multi_label_scores(x))
    again.save(tmp_path / "two")
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == sorted(p.name for p in (tmp_path / "one").iterdir())
    assert (tmp_path / "two/config.json").read_bytes() == (tmp_path / "one/config.json").read_bytes()


def test_the_words_are_put_in_the_prompts_and_the_recordings_kept_by_name() -> None:
    encoder = Words(POOL)
    found = SoundClassifier.learn(encoder, LABELS, POOL.joint, POOL.features, PIECES)
    assert encoder.asked == [f"This is a sound of {label}" for label in LABELS]
    direct = PrototypeClassifier().fit_from_text(POOL.joint, POOL.text, LABELS, features=POOL.features)
    for label, own in zip(LABELS, direct.neighbours_, strict=True):
        assert [piece for _, piece in found.neighbours(label)] == [PIECES[i] for i in own]
    np.testing.assert_array_equal(found.classifier.prototypes_, direct.prototypes_)
    assert len(found.pieces) == len(set(np.concatenate(direct.neighbours_).tolist()))


def test_corrections_go_on_after_loading(tmp_path: Path) -> None:
    here = _learned(neighbours=4)
    there = SoundClassifier.load(here.save(tmp_path))
    rows = POOL.features[:2]
    for classifier in (here, there):
        wrong = classifier.neighbours("rain")[1][0]
        classifier.classifier.without("rain", wrong).with_neighbour("bark", wrong)
        classifier.classifier.add_labelled(rows, ["clock", "siren"], weight=2.0)
    np.testing.assert_allclose(there.classifier.prototypes_, here.classifier.prototypes_, atol=1e-6)
    last = SoundClassifier.load(there.save(tmp_path))
    again = int(last.neighbours("bark")[-1][0])
    there.classifier.without("bark", again)
    last.classifier.without("bark", again)
    np.testing.assert_allclose(last.classifier.prototypes_, there.classifier.prototypes_, atol=1e-6)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_probe_comes_back_with_its_evidence(tmp_path: Path) -> None:
    rng, made = np.random.default_rng(0), _learned(neighbours=12)
    plain = made.fingerprint
    coefficients, intercept = rng.normal(size=(4, 40)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    made.classifier.probe_ = Probe(coefficients, intercept, 0.5)
    made.classifier.evidence_ = Evidence(windows=40, recordings=40, probe=0.9, ahead=8, p=1 / 256, chosen=True)
    assert made.fingerprint != plain
    back = SoundClassifier.load(made.save(tmp_path))
    assert back.fingerprint == made.fingerprint
    assert back.classifier.evidence_ == made.classifier.evidence_
    np.testing.assert_array_equal(
        back.classifier.predict_proba(POOL.features), made.classifier.predict_proba(POOL.features)
    )
    arrays = load(next(tmp_path.glob("*.safetensors")).read_bytes())
    _damaged(tmp_path, arrays | {"probe_intercept": arrays["probe_intercept"][1:]})
    with pytest.raises(InputError, match="a probe of 4 labels in 40 dimensions was expected"):
        SoundClassifier.load(tmp_path)
    _damaged(tmp_path, {name: array for name, array in arrays.items() if name != "probe_intercept"})
    with pytest.raises(InputError, match="is damaged"):
        SoundClassifier.load(tmp_path)


def _damaged(folder: Path, arrays: dict[str, Any]) -> None:
    """Put other arrays into a classifier, with the hash that belongs to them."""
    content = save(arrays)
    note = _files.read_record(folder / "config.json")
    note["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / note["data"]).write_bytes(content)
    _files.write_record(folder / "config.json", note)


def test_a_writer_that_is_stopped_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _learned(neighbours=4)
    old.save(tmp_path)
    before = old.classifier.prototypes_.copy()

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_files, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            _learned(neighbours=9).save(tmp_path)
    np.testing.assert_array_equal(SoundClassifier.load(tmp_path).classifier.prototypes_, before)
    _learned(neighbours=9).save(tmp_path)
    assert SoundClassifier.load(tmp_path).classifier.neighbours_count_ == 9
    assert len(list(tmp_path.iterdir())) == 2


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    saved = _learned()
    with pytest.raises(FingerprintError, match="learned with words:only:0f, and vectors of clap:x:1 cannot be"):
        SoundClassifier.load(saved.save(tmp_path)).check(Words(POOL, "clap:x:1"))
    saved.check(Words(POOL))
    assert (saved.encoder.name, saved.encoder.checkpoint, saved.encoder.id) == ("words", "only", "words:only:0f")


def _cut(folder: Path) -> None:
    data = next(folder.glob("*.safetensors"))
    data.write_bytes(data.read_bytes()[:-8])


def _lost(folder: Path) -> None:
    next(folder.glob("*.safetensors")).unlink()


def _broken(folder: Path) -> None:
    (folder / "config.json").write_text('{"format": ')


def _changed(**changes: Any) -> Any:
    def change(folder: Path) -> None:
        card = _files.read_record(folder / "config.json")
        _files.write_record(folder / "config.json", card | changes)

    return change


def _other_array(**others: np.ndarray) -> Any:
    def change(folder: Path) -> None:
        data = next(folder.glob("*.safetensors"))
        data.write_bytes(save(load(data.read_bytes()) | others))
        _changed(sha256=hashlib.sha256(data.read_bytes()).hexdigest())(folder)

    return change


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_cut, "is not what config.json says it is"),
        (_lost, "No such file"),
        (_broken, "Expecting value"),
        (_changed(format="other-9"), "reads the format 'limbeck-sound-classifier-1', but got 'other-9'"),
        (_changed(pieces=[]), "0 recordings are named"),
        (_changed(data="../../secret"), "data"),
        (_changed(surprise=1), "surprise"),
        (_other_array(prototypes=np.zeros((4, 3))), "arrays of 4 labels in 40 dimensions were expected"),
        (_other_array(example_weights=np.ones(1)), "arrays of 4 labels in 40 dimensions were expected"),
    ],
)
def test_damage_is_told(tmp_path: Path, damage: Any, words: str) -> None:
    damage(_learned().save(tmp_path))
    with pytest.raises(InputError, match=words) as caught:
        SoundClassifier.load(tmp_path)
    assert f"{tmp_path} is damaged" in str(caught.value)
    assert "limbeck sounds learn" in str(caught.value)


def test_no_classifier_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a classifier of sounds: it has no config.json"):
        SoundClassifier.load(tmp_path)
    with pytest.raises(InputError, match="pieces must say what each of the 120 rows is; got 3"):
        SoundClassifier.learn(Words(POOL), LABELS, POOL.joint, None, PIECES[:3])
