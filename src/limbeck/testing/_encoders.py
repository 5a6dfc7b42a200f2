"""What every encoder must do, whoever wrote it."""

from functools import lru_cache

import numpy as np
import pytest
import torch

from limbeck import encoders
from limbeck.encoders import AudioEmbeddings, Encoder
from limbeck.errors import InputError, UnknownNameError
from limbeck.testing._shared import ListedContract, check_tensor, rng_states


@lru_cache
def _tiny(name: str, seed: int = 0) -> Encoder:
    return encoders.load(name).tiny(seed=seed)


def _sounds(encoder: Encoder) -> list[torch.Tensor]:
    """A click, tones and noises: far below the window, about half of it, exactly one, and beyond."""
    rate, window = encoder.sample_rate, round(encoder.window_s * encoder.sample_rate)
    draw = torch.Generator().manual_seed(5)
    time = torch.arange(2 * window) / rate
    tone = 0.4 * torch.sin(2 * torch.pi * 440 * time)
    noise = 0.2 * torch.randn(2 * window, generator=draw)
    beep = torch.where(time % 0.5 < 0.1, 0.5 * torch.sin(2 * torch.pi * 2000 * time), 0.01 * noise)
    return [noise[:37], tone[: window // 20], beep[: window // 2], noise[:window], beep[: int(1.3 * window)]]


@lru_cache
def _heard(name: str) -> AudioEmbeddings:
    return _tiny(name).embed_audio(_sounds(_tiny(name)))


class EncoderContract(ListedContract):
    """What an encoder must do, tested on `Encoder.tiny`."""

    base = Encoder

    def test_it_says_what_it_is(self, name: str) -> None:
        kind = encoders.load(name)
        assert kind.sample_rate >= 8000
        assert kind.window_s > 0
        assert kind.prompt.count("{label}") == 1
        assert kind.prompt.format(label="rain") != kind.prompt
        assert kind.checkpoints
        assert len(set(kind.checkpoints)) == len(kind.checkpoints)

    def test_vectors_have_the_lengths_that_are_announced(self, name: str) -> None:
        encoder, heard = _tiny(name), _heard(name)
        for vectors, dim in ((heard.joint, encoder.dim), (heard.features, encoder.features_dim)):
            check_tensor(vectors, 5, dim)
            assert float((torch.cdist(vectors, vectors) + torch.eye(5)).min()) > 1e-5
        torch.testing.assert_close(heard.joint.norm(dim=1), torch.ones(5), atol=1e-5, rtol=0)

    def test_no_sounds_and_no_texts_are_empty_arrays_of_the_right_width(self, name: str) -> None:
        encoder = _tiny(name)
        nothing = encoder.embed_audio([])
        shapes = [tuple(x.shape) for x in (nothing.joint, nothing.features, encoder.embed_text([]))]
        assert shapes == [(0, encoder.dim), (0, encoder.features_dim), (0, encoder.dim)]

    def test_a_sound_has_the_same_vectors_in_any_company_and_order(self, name: str) -> None:
        encoder, heard, sounds = _tiny(name), _heard(name), _sounds(_tiny(name))
        for again in (encoder.embed_audio(sounds, batch=batch) for batch in (2, 1)):
            torch.testing.assert_close(again.joint, heard.joint, atol=2e-5, rtol=0)
            torch.testing.assert_close(again.features, heard.features, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(encoder.embed_audio(sounds[::-1]).joint.flip(0), heard.joint, atol=2e-5, rtol=0)
        for left, before in zip(sounds, _sounds(encoder), strict=True):
            assert torch.equal(left, before), "a waveform was changed"

    def test_windows_of_their_own_are_heard_as_sounds(self, name: str) -> None:
        encoder, heard, sounds = _tiny(name), _heard(name), _sounds(_tiny(name))
        again = encoder.embed_windows(sounds, [[(0, len(sound))] for sound in sounds])
        torch.testing.assert_close(again.joint, heard.joint, atol=2e-5, rtol=0)
        torch.testing.assert_close(again.features, heard.features, atol=2e-5, rtol=1e-4)

    def test_overlapping_windows_have_a_row_each_in_order(self, name: str) -> None:
        encoder, sound = _tiny(name), _sounds(_tiny(name))[3]
        half = len(sound) // 2
        found = encoder.embed_windows(
            [sound, sound[:half]], [[(0, half), (half // 2, half), (half, half)], [(0, half)]]
        )
        check_tensor(found.joint, 4, encoder.dim)
        check_tensor(found.features, 4, encoder.features_dim)
        torch.testing.assert_close(found.joint[3], encoder.embed_audio([sound[:half]]).joint[0], atol=2e-5, rtol=0)
        assert len(encoder.embed_windows([], []).joint) == 0
        for wrong in ((-1, 5), (0, 0), (half, half + len(sound))):
            with pytest.raises(InputError, match="A window of waveform 0 has samples"):
                encoder.embed_windows([sound], [[wrong]])

    def test_a_window_is_heard_alike_however_its_recording_is_cut(self, name: str) -> None:
        """In one piece or in another that begins later, with half a second around the window."""
        encoder, rate = _tiny(name), _tiny(name).sample_rate
        sound = torch.cat([piece[: 2 * rate] for piece in (*_sounds(encoder)[1:], _sounds(encoder)[3])])
        length, around = min(rate, len(sound) // 4), rate // 2
        firsts = list(range(0, len(sound) - length, length // 3 + 11))
        whole = encoder.embed_windows([sound], [[(first, length) for first in firsts]])
        begins = [max(0, first - around) for first in firsts]
        parts = [sound[begin : first + length + around] for begin, first in zip(begins, firsts, strict=True)]
        windows = [[(first - begin, length)] for begin, first in zip(begins, firsts, strict=True)]
        again = encoder.embed_windows(parts, windows, begins=begins)
        torch.testing.assert_close(again.joint, whole.joint, atol=2e-5, rtol=0)
        torch.testing.assert_close(again.features, whole.features, atol=2e-5, rtol=1e-4)
        with pytest.raises(InputError, match="must begin with sample 0"):
            encoder.embed_windows([sound], [[(0, 1)]], begins=[-1])

    def test_a_strided_column_and_double_precision_are_heard_as_their_copies(self, name: str) -> None:
        encoder, sound = _tiny(name), _sounds(_tiny(name))[2]
        strided = torch.stack([sound, -sound], dim=1)[:, 0]
        assert not strided.is_contiguous()
        for copy in (strided, sound.double()):
            torch.testing.assert_close(encoder.embed_audio([copy]).joint[0], _heard(name).joint[2], atol=2e-5, rtol=0)

    @pytest.mark.parametrize("value", [0.0, 1.0])
    def test_silence_and_a_constant_have_vectors_too(self, name: str, value: float) -> None:
        encoder = _tiny(name)
        joint = encoder.embed_audio([torch.full((encoder.sample_rate // 2,), value)]).joint
        torch.testing.assert_close(joint.norm(dim=1), torch.ones(1), atol=1e-5, rtol=0)

    @pytest.mark.parametrize(
        ("waveform", "sentence"),
        [
            (torch.zeros(2, 400), r"Waveform 1 must be of shape \(sample,\).*\(2, 400\)"),
            (torch.zeros(0), r"Waveform 1 must be of shape \(sample,\) and not empty"),
            (torch.tensor([0.0, float("nan")]), "Waveform 1 has samples that are NaN"),
            (torch.tensor([float("inf"), 0.0]), "Waveform 1 has samples that are NaN or infinite"),
            (torch.full((400,), 20000, dtype=torch.int16), "Waveform 1 must be a tensor of float32 .*got torch.int16"),
            (torch.full((400,), 20000.0), "Waveform 1 reaches 20000, .*divided by 32768"),
            (np.zeros(400, np.float32), "Waveform 1 must be a tensor .*got ndarray.*from_numpy"),
            ("a.wav", "Waveform 1 must be a tensor .*got str"),
        ],
    )
    def test_bad_waveforms_are_refused(self, name: str, waveform: torch.Tensor, sentence: str) -> None:
        with pytest.raises(InputError, match=sentence):
            _tiny(name).embed_audio([torch.zeros(400), waveform])

    def test_what_is_no_list_of_texts_or_no_batch_is_refused(self, name: str) -> None:
        for texts in ("rain", [3], ["rain", None]):
            with pytest.raises(InputError, match="A list of texts was expected"):
                _tiny(name).embed_text(texts)  # type: ignore[arg-type]
        for batch in (0, -1, 2.5):
            with pytest.raises(InputError, match=f"batch must be a whole number of at least 1, but got {batch}"):
                _tiny(name).embed_text(["rain"], batch=batch)  # type: ignore[arg-type]
            with pytest.raises(InputError, match="batch must be a whole number"):
                _tiny(name).embed_audio([torch.zeros(400)], batch=batch)  # type: ignore[arg-type]

    def test_texts_have_unit_vectors_in_any_company(self, name: str) -> None:
        encoder = _tiny(name)
        texts = [encoder.prompt.format(label=label) for label in ("rain", "a dog that barks", "Türklingel")]
        found = encoder.embed_text(texts)
        check_tensor(found, 3, encoder.dim)
        torch.testing.assert_close(found.norm(dim=1), torch.ones(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(encoder.embed_text(texts[::-1], batch=1).flip(0), found, atol=2e-5, rtol=0)
        assert float((torch.cdist(found, found) + torch.eye(3)).min()) > 1e-4

    def test_of_a_long_text_the_beginning_is_read(self, name: str) -> None:
        encoder = _tiny(name)
        long, longer = ("a dog barks in the rain " * n for n in (200, 400))
        one, other = encoder.embed_text([long, longer])
        torch.testing.assert_close(one, other, atol=2e-5, rtol=0)

    def test_the_seed_alone_decides_the_weights_and_the_id(self, name: str) -> None:
        before = rng_states()
        one, same, other = _tiny(name), encoders.load(name).tiny(seed=0), _tiny(name, 1)
        assert one.id == same.id != other.id
        assert one.id.split(":")[0] == name
        assert len(one.id.split(":")) == 3
        first, again, apart = (encoder.embed_audio(_sounds(one)[1:3]).joint for encoder in (one, same, other))
        assert torch.equal(first, again)
        assert float((first - apart).abs().max()) > 1e-4
        one.embed_text(["rain"])
        assert rng_states() == before

    def test_a_raised_revision_makes_another_id(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Code that gives other vectors for the same weights must not mix with an old index."""
        kind = encoders.load(name)
        monkeypatch.setattr(kind, "revision", kind.revision + 1)
        raised = kind.tiny(seed=0).id
        assert raised.split(":")[:2] == [name, "tiny"]
        assert raised != _tiny(name).id

    def test_the_id_is_the_same_before_and_after_use(self, name: str) -> None:
        """Tokenizers remember how they filled and cut what they last read."""
        fresh, used = (encoders.load(name).tiny(seed=0) for _ in range(2))
        used.embed_text(["rain", "a dog that barks"])
        assert used.id == fresh.id

    def test_no_gradient_is_recorded_and_the_vectors_can_be_learned_from(self, name: str) -> None:
        encoder, sound = _tiny(name), _sounds(_tiny(name))[1].clone().requires_grad_()
        heard = encoder.embed_audio([sound])
        assert not any(x.requires_grad for x in (heard.joint, heard.features, encoder.embed_text(["rain"])))
        weight = torch.ones(encoder.features_dim, requires_grad=True)
        (heard.features @ weight).sum().backward()  # type: ignore[no-untyped-call]
        assert weight.grad is not None

    def test_an_unknown_checkpoint_is_refused_with_the_names_there_are(self, name: str) -> None:
        kind = encoders.load(name)
        with pytest.raises(UnknownNameError, match="no checkpoint 'nosuch'") as caught:
            kind.pretrained("nosuch", offline=True)
        assert all(checkpoint in str(caught.value) for checkpoint in kind.checkpoints)
