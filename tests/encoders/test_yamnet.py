"""YAMNet: front end, network, names, and what they are worth on real sounds."""

from __future__ import annotations

import csv
import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers.extras import needs
from tests.helpers.weights_folder import yamnet_folder

from limbeck._runtime import derive_seed
from limbeck.encoders._class_names import conse
from limbeck.encoders._litert import PatchNetwork, packed, schema, tiny_network
from limbeck.encoders.yamnet import YamNet, mel_magnitude, patches
from limbeck.errors import InputError

pytestmark = needs("ai_edge_litert", "sentence_transformers")
SHAPE = (96, 64)


@lru_cache
def _tiny() -> YamNet:
    return YamNet.tiny(seed=4)


@pytest.fixture(scope="module")
def yamnet(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> YamNet:
    return YamNet.pretrained(folder=yamnet_folder(test_data, tmp_path_factory.mktemp("yamnet")), offline=True)


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestFrontEnd:
    @pytest.mark.data
    def test_it_gives_the_published_spectrogram(self, test_data: Path) -> None:
        """That one was made from sound brought to a peak of 1, with a floor of 0.01 instead of 0.001."""
        sound = np.fromfile(test_data / "models/yamnet_test_audio.bin", np.int16).astype(np.float32)
        expected = np.fromfile(test_data / "models/yamnet_test_spectra.bin", np.float32).reshape(SHAPE)
        found = (mel_magnitude(torch.from_numpy(sound / np.abs(sound).max())) + 0.01).log().numpy()
        np.testing.assert_allclose(found, expected, atol=2e-5)

    def test_a_frame_worked_out_by_sums(self) -> None:
        sound, frame, band = _noise(16000).double().numpy(), 7, 20

        def mel(hz: float) -> float:
            return 1127 * math.log(1 + hz / 700)

        n = np.arange(400)
        windowed = sound[frame * 160 : frame * 160 + 400] * (0.5 - 0.5 * np.cos(2 * np.pi * n / 400))
        step = (mel(7500) - mel(125)) / 65
        total = 0.0
        for k in range(1, 257):
            magnitude = abs((windowed * np.exp(-2j * np.pi * k * n / 512)).sum())
            away = abs(mel(k * 16000 / 512) - (mel(125) + (band + 1) * step)) / step
            total += magnitude * max(0.0, 1 - away)
        found = patches(torch.from_numpy(sound).float())[0, frame, band]
        assert float(found) == pytest.approx(math.log(total + 0.001), abs=1e-4)

    def test_frames_of_a_long_sound_are_those_of_its_parts(self) -> None:
        sound = _noise(16000 * 12)
        whole = mel_magnitude(sound)
        assert whole.shape == (1198, 64)
        torch.testing.assert_close(whole[600:], mel_magnitude(sound[600 * 160 :]))
        torch.testing.assert_close(whole[500:530], mel_magnitude(sound[500 * 160 :][: 29 * 160 + 400]))

    @pytest.mark.parametrize(
        ("samples", "count"), [(1, 1), (15600, 1), (15601, 2), (23280, 2), (23281, 3), (80000, 10)]
    )
    def test_the_last_patch_is_filled_with_silence(self, samples: int, count: int) -> None:
        found = patches(torch.full((samples,), 0.5))
        assert found.shape == (count, *SHAPE)
        if samples in (1, 15601, 23281):
            torch.testing.assert_close(found[-1, -1], torch.full((64,), math.log(0.001)))

    def test_patches_overlap_by_half(self) -> None:
        found = patches(_noise(40000))
        torch.testing.assert_close(found[0, 48:], found[1, :48])


class TestConse:
    def test_against_a_loop(self) -> None:
        scores, names = _noise(5, 30).abs(), _noise(30, 8, seed=1)
        for row, found in zip(scores.tolist(), conse(scores, names, best=4), strict=True):
            best = sorted(range(30), key=lambda c: -row[c])[:4]
            mixed = sum((row[c] * names[c] for c in best), torch.zeros(8))
            torch.testing.assert_close(found, mixed / mixed.norm())

    def test_twice_the_scores_change_nothing(self) -> None:
        scores, names = _noise(5, 30).abs(), _noise(30, 8, seed=1)
        torch.testing.assert_close(conse(2 * scores, names), conse(scores, names))

    def test_a_sound_without_scores_has_a_vector(self) -> None:
        names = torch.eye(3)
        torch.testing.assert_close(conse(torch.zeros(1, 3), names), torch.full((1, 3), 3**-0.5))


class TestNetwork:
    def test_the_tiny_one_against_torch(self) -> None:
        """Its averages are those of a convolution, its scores the logistic function of them, read from the file."""
        network = PatchNetwork(tiny_network(SHAPE, width=5, classes=3, seed=7), SHAPE)
        draw = torch.Generator().manual_seed(derive_seed(7, "network"))
        kernel = torch.randn(5, 8, 8, 1, generator=draw) / 8
        dense = torch.randn(3, 5, generator=draw)
        seen = _noise(4, *SHAPE)
        maps = torch.nn.functional.conv2d(seen[:, None], kernel.permute(0, 3, 1, 2), stride=8).relu()
        scores, averages = network(seen.numpy())
        np.testing.assert_allclose(averages, maps.mean((2, 3)).numpy(), atol=1e-5)
        np.testing.assert_allclose(scores, (maps.mean((2, 3)) @ dense.T).sigmoid().numpy(), atol=1e-5)

    @pytest.mark.parametrize("count", [1, 2, 7])
    def test_networks_side_by_side_give_the_same(self, count: int) -> None:
        content, seen = tiny_network(SHAPE, width=5, classes=3, seed=7), _noise(count, *SHAPE).numpy()
        for found, expected in zip(
            PatchNetwork(content, SHAPE, copies=3)(seen), PatchNetwork(content, SHAPE, copies=1)(seen), strict=True
        ):
            np.testing.assert_array_equal(found, expected)

    @pytest.mark.data
    def test_the_averages_are_those_inside_the_published_file(self, test_data: Path) -> None:
        """Read the slow way: all inner tensors kept, reference arithmetic, tensor 90. Both round, not always alike."""
        interpreter, seen = _with_inner_tensors(test_data), patches(_noise(64000)).numpy()
        scores, averages = PatchNetwork((test_data / "models/yamnet_spectra_in.tflite").read_bytes(), SHAPE)(seen)
        assert averages.shape == (len(seen), 1024)
        step = np.float32(0.023313090205192566)
        for patch, score, average in zip(seen, scores, averages, strict=True):
            interpreter.set_tensor(0, patch[None])
            interpreter.invoke()
            expected = (interpreter.get_tensor(90).reshape(-1).astype(np.float32) + 128) * step
            assert np.abs(average - expected).max() <= 10 * step
            assert np.corrcoef(average, expected)[0, 1] > 0.99
            assert np.abs(score - interpreter.get_tensor(93)[0]).max() < 0.1

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"RIFF....WAVE", "not a LiteRT network: a .tflite file has TFL3"),
            (b"", "not a LiteRT network"),
            (tiny_network(SHAPE, width=5, classes=3, seed=7)[:300], "is damaged"),
            (tiny_network((64, 64), width=5, classes=3, seed=7), r"takes \(1, 64, 64\) float32"),
        ],
    )
    def test_another_file_is_refused(self, content: bytes, sentence: str) -> None:
        with pytest.raises(InputError, match=sentence):
            PatchNetwork(content, SHAPE)

    def test_a_network_without_one_average_is_refused(self) -> None:
        form = schema()
        model = form.ModelT.InitFromObj(form.Model.GetRootAs(tiny_network(SHAPE, width=5, classes=3, seed=7), 0))
        model.operatorCodes[2].builtinCode = model.operatorCodes[2].deprecatedBuiltinCode = form.BuiltinOperator.SUM
        with pytest.raises(InputError, match=r"one average over the map.* that the last dense layer reads.*1, 1 and 0"):
            PatchNetwork(packed(model), SHAPE)


class TestEncoder:
    def test_a_class_counts_by_its_three_best_patches_and_a_feature_by_its_best(self) -> None:
        encoder, sound = _tiny(), _noise(50000)
        scores, averages = encoder._network(patches(sound).numpy())
        heard = encoder.embed_audio([sound])
        np.testing.assert_allclose(encoder.class_scores([sound])[0], np.sort(scores, axis=0)[-3:].mean(0), rtol=1e-5)
        np.testing.assert_array_equal(heard.features[0], averages.max(0))

    def test_windows_of_a_longer_sound_share_its_patches(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Six windows of four patches, every second one, on a sound of fourteen: what each takes, worked out apart."""
        encoder, sound = _tiny(), _noise(15600 + 13 * 7680)
        scores, averages = (torch.from_numpy(part) for part in encoder._network(patches(sound).numpy()))
        length = 15600 + 3 * 7680
        heard: list[int] = []
        network = encoder._network
        monkeypatch.setattr(encoder, "_network", lambda seen: (heard.append(len(seen)), network(seen))[1])
        found = encoder.embed_windows([sound], [[(2 * k * 7680, length) for k in range(6)]])
        assert heard == [14]
        for k in range(6):
            own = slice(2 * k, 2 * k + 4)
            assert torch.equal(found.features[k], averages[own].max(0).values)
            torch.testing.assert_close(
                found.joint[k], conse(scores[own].topk(3, dim=0).values.mean(0)[None], encoder._names)[0]
            )
        # These begin where patches do and end where one does, so that they are heard as by themselves.
        alone = encoder.embed_audio([sound[2 * k * 7680 :][:length] for k in range(6)])
        torch.testing.assert_close(found.features, alone.features, atol=1e-5, rtol=0)
        torch.testing.assert_close(found.joint, alone.joint, atol=1e-5, rtol=0)

    def test_a_window_between_patches_takes_the_nearest(self) -> None:
        encoder, sound = _tiny(), _noise(15600 + 13 * 7680)
        _, averages = encoder._network(patches(sound).numpy())
        windows = [(3000, 15600), (4000, 15600), (len(sound) - 20000, 20000), (len(sound) - 10, 10)]
        found = encoder.embed_windows([sound], [windows])
        for row, own in enumerate((slice(0, 1), slice(1, 2), slice(12, 14), slice(13, 14))):
            np.testing.assert_array_equal(found.features[row], averages[own].max(0))

    def test_the_mean_of_names_is_near_the_name_of_the_likeliest_class(self) -> None:
        encoder, sound = _tiny(), _noise(16000)
        scores = encoder.class_scores([sound])
        expected = conse(scores, encoder.embed_text(encoder.classes))
        torch.testing.assert_close(encoder.embed_audio([sound]).joint, expected)

    def test_a_saved_one_loads_without_the_network(self, tmp_path: Path) -> None:
        encoder, sounds = _tiny(), [_noise(16000), _noise(30000)]
        encoder.save(tmp_path)
        again = YamNet.pretrained(folder=tmp_path, offline=True)
        assert again.classes == encoder.classes
        assert again.id.split(":")[2] == encoder.id.split(":")[2]
        torch.testing.assert_close(again.embed_audio(sounds).joint, encoder.embed_audio(sounds).joint)

    def test_other_class_names_make_another_id_or_are_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        names = tmp_path / "yamnet_class_map.csv"
        text = names.read_text()
        names.write_text(text.replace("Dog", "Cat"))
        assert YamNet.pretrained(folder=tmp_path, offline=True).id.split(":")[2] != _tiny().id.split(":")[2]
        names.write_text(text + "8,Thunder\n")
        with pytest.raises(InputError, match="tells 8 classes apart, but the class map names 9"):
            YamNet.pretrained(folder=tmp_path, offline=True)
        names.write_bytes(b"index,display_name\n0,\xff\n")
        with pytest.raises(InputError, match=r"yamnet_class_map\.csv cannot be read: UnicodeDecodeError"):
            YamNet.pretrained(folder=tmp_path, offline=True)
        names.write_text("nothing\n")
        with pytest.raises(InputError, match="column display_name"):
            YamNet.pretrained(folder=tmp_path, offline=True)

    def test_other_pooling_of_words_makes_another_id(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        file = tmp_path / "all-MiniLM-L6-v2/1_Pooling/config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"pooling_mode": "cls"}))
        again = YamNet.pretrained(folder=tmp_path, offline=True)
        assert not torch.allclose(again.embed_text(["rain"]), _tiny().embed_text(["rain"]), atol=1e-3)
        assert again.id.split(":")[2] != _tiny().id.split(":")[2]

    def test_a_broken_text_model_is_a_sentence(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        text = tmp_path / "all-MiniLM-L6-v2"
        (text / "config.json").write_text("{")
        with pytest.raises(InputError, match=rf"^{text} cannot be read: .* Fetch it again\.$"):
            YamNet.pretrained(folder=tmp_path, offline=True)

    @pytest.mark.parametrize("place", [".", "elsewhere"])
    def test_a_text_model_that_names_a_foreign_class_is_refused_and_not_run(
        self, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither from the folder itself nor from what can be imported."""
        _tiny().save(tmp_path)
        text, ran = tmp_path / "all-MiniLM-L6-v2", tmp_path / "ran"
        (text / place).mkdir(exist_ok=True)
        monkeypatch.syspath_prepend(text / "elsewhere")
        (text / place / "foreign.py").write_text(f"open({str(ran)!r}, 'w').close()\nclass Part: pass\n")
        parts = json.loads((text / "modules.json").read_text())
        parts[1]["type"] = "foreign.Part"
        (text / "modules.json").write_text(json.dumps(parts))
        with pytest.raises(InputError, match=rf"^{text} cannot be read: .*'foreign\.Part', which is not part of"):
            YamNet.pretrained(folder=tmp_path, offline=True)
        assert not ran.exists()


@pytest.mark.data
class TestRealSounds:
    def test_it_hears_silence(self, yamnet: YamNet) -> None:
        assert yamnet.dim == 384
        assert yamnet.features_dim == 1024
        assert yamnet.classes[int(yamnet.class_scores([torch.zeros(16000)]).argmax())] == "Silence"

    @pytest.mark.slow
    def test_zero_shot_prototypes_and_two_spaces_on_esc10(self, yamnet: YamNet, test_data: Path) -> None:
        """The three numbers of docs/encoders.md: k = 15, pool of three folds, tested on the fourth."""
        sounds, labels, folds = _esc10(test_data)
        classes, truth = np.unique(labels, return_inverse=True)
        texts = yamnet.embed_text([yamnet.prompt.format(label=c) for c in classes]).numpy()
        heard = yamnet.embed_audio(sounds)
        joint, features = heard.joint.numpy(), heard.features.numpy()
        zero_shot = ((joint @ texts.T).argmax(1) == truth).mean()
        one_space, two_spaces = [], []
        for fold in np.unique(folds):
            pool, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            nearest = np.argsort(-(joint[pool] @ texts.T), axis=0)[:15]
            apart = ((joint[test][:, None] - joint[pool][nearest].mean(0)) ** 2).sum(2)
            one_space.append((apart.argmin(1) == truth[test]).mean())
            standard = (features - features[pool].mean(0)) / (features[pool].std(0) + 1e-6)
            means = standard[pool][nearest].mean(0)
            cosine = (standard[test] @ means.T) / np.linalg.norm(means, axis=1)
            two_spaces.append((cosine.argmax(1) == truth[test]).mean())
        assert zero_shot == pytest.approx(0.866, abs=0.012)
        assert np.mean(one_space) == pytest.approx(0.894, abs=0.012)
        assert np.mean(two_spaces) == pytest.approx(0.966, abs=0.012)


def _with_inner_tensors(data: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_path=str(data / "models/yamnet_spectra_in.tflite"),
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def _esc10(data: Path) -> tuple[list[torch.Tensor], np.ndarray, np.ndarray]:
    import soundfile
    import soxr

    with open(data / "esc10/manifest.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sounds = []
    for row in rows:
        samples, rate = soundfile.read(data / "esc10" / row["path"], dtype="float32")
        sounds.append(torch.from_numpy(soxr.resample(samples, rate, 16000)))
    return sounds, np.array([row["label"] for row in rows]), np.array([row["split"] for row in rows])
