import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import InputError
from limbeck.storage import payload_bytes
from limbeck.storage.quantised import Quantised


def laplace(rows, places, seed=0):
    """Coefficients whose spread falls from place to place, as those of a cosine transform do."""
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.laplace(0, 20 / np.arange(1, places + 1), (rows, places)).astype(np.float32))


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 9), places=st.integers(1, 40), step=st.floats(0.01, 100), seed=st.integers(0, 9))
def test_numbers_come_back_within_the_step(rows, places, step, seed):
    form, x = Quantised(step=step), laplace(rows, places, seed).view(rows, 1, places)
    payload = form.encode({"audio": x}, {})
    back = form.decode(payload, {})["audio"]
    assert back.shape == x.shape
    assert (back - x).abs().max() <= 0.6501 * step
    assert torch.equal(form.decode(form.encode({"audio": back}, {}), {})["audio"], back)


def test_it_takes_little_more_than_the_entropy_of_its_distributions():
    x = laplace(400, 300)
    payload = Quantised(step=1.0).encode({"audio": x}, {})
    levels = Quantised(step=1.0).decode(payload, {})["audio"].numpy()
    bits = 0.0
    for place in levels.T:  # of the best distribution there is for each place
        counts = np.unique(place, return_counts=True)[1]
        bits -= (counts * np.log2(counts / len(place))).sum()
    assert bits / 8 < payload_bytes(payload) < 1.05 * bits / 8
    assert payload_bytes(payload) < x.numel()  # less than a byte a number


def test_places_that_are_always_0_take_no_room():
    x = torch.zeros(50, 1000)
    x[:, 0] = laplace(50, 1)[:, 0]
    alone, beside = (payload_bytes(Quantised().encode({"audio": part}, {})) for part in (x[:, :1], x))
    assert beside - alone < 20


def test_equal_rows_are_kept_once():
    x = laplace(5, 200)
    twice = torch.cat([x, x[2:3].repeat(20, 1), x])
    form = Quantised(step=0.5)
    once, all_of_them = form.encode({"audio": x}, {}), form.encode({"audio": twice}, {})
    assert payload_bytes(all_of_them) == payload_bytes(once) + 2 * len(twice)
    back = form.decode(all_of_them, {})["audio"]
    assert torch.equal(back[:5], back[25:])
    assert torch.equal(back[5:25], back[2:3].expand(20, -1))
    halves = [form.encode({"audio": twice[:3]}, {}), form.encode({"audio": twice[3:]}, {})]
    joined = form.join(halves, torch.arange(len(twice)).flip(0))
    assert torch.equal(form.decode(joined, {})["audio"], back.flip(0))


def test_modalities_may_have_steps_of_their_own():
    form = Quantised(step={"audio": 0.1, "image": 10.0})
    x = {"audio": laplace(9, 50), "image": laplace(9, 50), "image.more": laplace(9, 50)}
    back = form.decode(form.encode(x, {}), {})
    lost = {name: (back[name] - x[name]).abs().max().item() for name in x}
    assert lost["audio"] < 0.07 < 0.7 < lost["image"] == lost["image.more"] < 6.5
    with pytest.raises(InputError, match="has steps for audio, but the set has image; give it one too"):
        Quantised(step={"audio": 1.0}).encode(x, {})


@pytest.mark.parametrize("value", [1e6, -4e4, float("inf"), float("nan")])
def test_numbers_too_large_for_the_step_are_refused(value):
    with pytest.raises(InputError, match="A number of audio is too large to be kept as 'quantised'"):
        Quantised().encode({"audio": torch.tensor([[0.0, value]])}, {})


def test_a_damaged_payload_is_refused():
    payload = dict(Quantised().encode({"audio": laplace(9, 50)}, {}))
    for name, tensor in payload.items():
        for other in (tensor[:-1], tensor.flip(0) + 1, tensor[:0]):
            if torch.equal(other, tensor):
                continue
            with pytest.raises(InputError, match="audio of this set is damaged"):
                Quantised().decode(payload | {name: other}, {})
    with pytest.raises(InputError, match="audio of this set is damaged"):
        Quantised().decode({name: tensor for name, tensor in payload.items() if name != "audio_table"}, {})


def test_no_rows_are_no_mistake():
    assert Quantised().decode(Quantised().encode({"audio": torch.zeros(0, 3, 4)}, {}), {})["audio"].shape == (0, 3, 4)
