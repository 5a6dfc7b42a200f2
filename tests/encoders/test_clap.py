"""LAION-CLAP gives what transformers gives, without its dice."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers import network

from limbeck.encoders import _htsat
from limbeck.encoders.clap import Clap, fused
from limbeck.errors import InputError

LENGTHS = (700, 48_000, 200_000, 479_999, 480_000)


@lru_cache
def _tiny(fusion: bool = False) -> Clap:
    return Clap.tiny(seed=2, fusion=fusion)


def _noises(*lengths: int) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    return [0.1 * torch.randn(length, generator=draw) for length in lengths]


def _parts(clap: Clap) -> tuple[Any, Any, Any]:
    return clap._model, clap._extractor, clap._tokenizer


def _changed(file: Path, change: dict[str, Any]) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | change))


@pytest.mark.parametrize("fusion", [False, True])
class TestAgainstTransformers:
    def test_log_mels_are_those_of_its_feature_extractor(self, fusion: bool) -> None:
        clap, sounds = _tiny(fusion), _noises(*LENGTHS)
        expected = clap._extractor([s.numpy() for s in sounds], sampling_rate=48_000, return_tensors="pt")
        found, longer = clap._inputs(sounds)
        assert found.shape == expected["input_features"].shape
        torch.testing.assert_close(found.double(), expected["input_features"].double(), atol=2e-3, rtol=0)
        assert not bool(longer.any())

    def test_vectors_are_those_of_its_model(self, fusion: bool) -> None:
        clap, sounds = _tiny(fusion), _noises(*LENGTHS)
        model, extractor, _ = _parts(clap)
        inputs = extractor([s.numpy() for s in sounds], sampling_rate=48_000, return_tensors="pt")
        with torch.no_grad():
            heard = model.audio_model(inputs["input_features"].float(), is_longer=torch.zeros(len(sounds), 1).bool())
            joint = model.get_audio_features(
                inputs["input_features"].float(), is_longer=torch.zeros(len(sounds), 1).bool()
            ).pooler_output
        found = clap.embed_audio(sounds)
        torch.testing.assert_close(found.joint, joint, atol=1e-4, rtol=0)
        torch.testing.assert_close(found.features, heard.pooler_output, atol=1e-4, rtol=1e-3)

    def test_texts_are_those_of_its_model(self, fusion: bool) -> None:
        clap, texts = _tiny(fusion), ["rain", "This is a sound of a dog, barking"]
        model, _, tokenizer = _parts(clap)
        with torch.no_grad():
            expected = model.get_text_features(**tokenizer(texts, padding=True, return_tensors="pt")).pooler_output
        torch.testing.assert_close(clap.embed_text(texts), expected, atol=1e-5, rtol=0)

    def test_a_saved_one_loads_from_its_folder_with_the_network_off(
        self, fusion: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clap, sounds = _tiny(fusion), _noises(48_000, 600_000)
        clap.save(tmp_path)
        network.forbid(monkeypatch)
        again = Clap.pretrained("clap-htsat-fused", folder=tmp_path)
        assert again.id.split(":") == ["clap", "clap-htsat-fused", clap.id.split(":")[2]]
        assert torch.equal(again.embed_audio(sounds).joint, clap.embed_audio(sounds).joint)
        assert torch.equal(again.embed_audio(sounds).features, clap.embed_audio(sounds).features)
        assert torch.equal(again.embed_text(["rain"]), clap.embed_text(["rain"]))

    def test_bfloat16_gives_nearly_the_same_vectors_and_the_same_id(self, fusion: bool) -> None:
        clap, sounds = _tiny(fusion), _noises(48_000, 600_000)
        short = Clap("tiny", *_parts(clap))
        short.dtype = torch.bfloat16
        assert short.id == clap.id
        one, other = short.embed_audio(sounds).joint, clap.embed_audio(sounds).joint
        assert one.dtype == torch.float32
        assert float((one * other).sum(1).min()) > 0.999
        assert not torch.equal(one, other)
        assert torch.equal(short.embed_text(["rain"]), clap.embed_text(["rain"]))


class TestLongSounds:
    def test_without_fusion_the_beginning_is_heard(self) -> None:
        long = _noises(900_000)[0]
        both = _tiny().embed_audio([long, long[:480_000]])
        assert torch.equal(both.joint[0], both.joint[1])

    def test_with_fusion_all_of_it_counts(self) -> None:
        begin, *ends = _noises(480_000, 480_000, 480_000)
        both = _tiny(True).embed_audio([torch.cat([begin, end]) for end in ends])
        alone = _tiny(True).embed_audio([begin])
        assert float((both.joint[0] - both.joint[1]).abs().max()) > 1e-4
        assert float((both.joint[0] - alone.joint[0]).abs().max()) > 1e-4

    def test_a_hop_too_much_is_not_long_yet(self) -> None:
        """As published: what has the frames of a whole window is heard whole, with a few samples more."""
        _, longer = _tiny(True)._inputs(_noises(480_000, 480_479, 480_480))
        assert longer.flatten().tolist() == [False, False, True]

    def test_pieces_come_from_the_middles_of_the_thirds(self) -> None:
        """16 frames in pieces of 5 can begin at 0 ... 11: thirds 0-3, 4-7 and 8-11, middles 2, 6 and 10."""
        mel = torch.arange(16.0)[:, None].expand(16, 3)
        whole, *pieces = fused(mel, 5)
        assert [piece[0, 0].item() for piece in pieces] == [2, 6, 10]
        assert all(torch.equal(piece[:, 0], piece[0, 0] + torch.arange(5.0)) for piece in pieces)
        torch.testing.assert_close(whole[:, 1], (torch.arange(5) + 0.5) * 3.2 - 0.5)

    def test_where_a_third_is_empty_the_first_piece_stands_in(self) -> None:
        mel = torch.arange(6.0)[:, None]
        assert [piece[0, 0].item() for piece in fused(mel, 5)[1:]] == [0, 1, 0]


class TestFolder:
    def test_pickled_weights_are_read_where_there_are_no_safetensors(self, tmp_path: Path) -> None:
        clap = _tiny()
        clap.save(tmp_path)
        (tmp_path / "model.safetensors").unlink()
        torch.save(clap._model.state_dict(), tmp_path / "pytorch_model.bin")
        assert Clap.pretrained(folder=tmp_path).id.split(":")[2] == clap.id.split(":")[2]

    def test_half_precision_weights_are_widened(self, tmp_path: Path) -> None:
        clap = _tiny()
        clap.save(tmp_path)
        (tmp_path / "model.safetensors").unlink()
        state = {k: v.half() if v.is_floating_point() else v for k, v in clap._model.state_dict().items()}
        torch.save(state, tmp_path / "pytorch_model.bin")
        found = Clap.pretrained(folder=tmp_path).embed_audio(_noises(48_000)).joint
        torch.testing.assert_close(found, clap.embed_audio(_noises(48_000)).joint, atol=1e-2, rtol=0)

    def test_weights_of_another_configuration_are_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        config = json.loads((tmp_path / "config.json").read_text())
        config["text_config"]["num_hidden_layers"] = 2
        (tmp_path / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputError, match=r"lacks 16 of the .*text_model\.encoder\.layer\.1\."):
            Clap.pretrained(folder=tmp_path)

    @pytest.mark.parametrize(
        "change", [{"hop_length": 960}, {"frequency_max": 8000}, {"padding": "pad"}, {"max_length_s": 5}]
    )
    def test_another_log_mel_makes_other_vectors_and_another_id(self, change: dict[str, Any], tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        _changed(tmp_path / "preprocessor_config.json", change)
        again, sound = Clap.pretrained(folder=tmp_path), _noises(100_000)
        assert float((again.embed_audio(sound).joint - _tiny().embed_audio(sound).joint).abs().max()) > 2e-4
        assert again.id.split(":")[2] != _tiny().id.split(":")[2]

    def test_another_way_to_read_makes_another_id(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        words = _tiny()._tokenizer.get_vocab()
        words |= {"R": words["N"], "N": words["R"]}
        _changed(tmp_path / "tokenizer.json", {"model": {"type": "BPE", "vocab": words, "merges": []}})
        again = Clap.pretrained(folder=tmp_path)
        assert not torch.equal(again.embed_text(["RAIN"]), _tiny().embed_text(["RAIN"]))
        torch.testing.assert_close(again.embed_text(["NAIR"]), _tiny().embed_text(["RAIN"]))
        assert again.id.split(":")[2] != _tiny().id.split(":")[2]

    def test_an_unknown_padding_is_refused_with_the_known_ones(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        _changed(tmp_path / "preprocessor_config.json", {"padding": "mirror"})
        with pytest.raises(InputError, match=r"padding is 'mirror', expected was one of repeatpad, repeat, pad\."):
            Clap.pretrained(folder=tmp_path)

    @pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json"])
    @pytest.mark.parametrize("content", ["{", "[1]"])
    def test_a_broken_file_is_a_sentence(self, name: str, content: str, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=rf"^{tmp_path} cannot be read: \w+: .*\. Fetch it again\.$"):
            Clap.pretrained(folder=tmp_path)


class TestFills:
    """A sound of three samples, by hand."""

    SOUND = torch.tensor([1.0, 2.0, 3.0])

    @pytest.mark.parametrize(
        ("fill", "samples", "expected"),
        [
            ("repeatpad", 8, [1, 2, 3, 1, 2, 3, 0, 0]),
            ("repeat", 8, [1, 2, 3, 1, 2, 3, 1, 2]),
            ("pad", 8, [1, 2, 3, 0, 0, 0, 0, 0]),
            ("repeatpad", 3, [1, 2, 3]),
            ("repeat", 2, [1, 2]),
            ("pad", 2, [1, 2]),
            ("repeatpad", 2, [1, 2]),
        ],
    )
    def test_by_hand(self, fill: str, samples: int, expected: list[float]) -> None:
        assert _htsat.FILLS[fill](self.SOUND, samples).tolist() == expected

    def test_silence_is_at_the_floor(self) -> None:
        found = _htsat.log_mel(torch.zeros(1, 2000), torch.ones(513, 4), hop=500)
        assert found.shape == (1, 5, 4)
        assert torch.equal(found, torch.full_like(found, -100))
