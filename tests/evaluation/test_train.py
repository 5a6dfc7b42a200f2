import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import Targets
from limbeck.errors import DivergedError, InputError
from limbeck.evaluation import ClipSamples, Protocol, TensorSamples, predict, train_student
from limbeck.media import ClipRecipe
from limbeck.modalities import bound
from limbeck.networks import _block, _norm, heads

SHORT = Protocol(epochs=3, batch=16)


def _scales(clips):
    return clips.scales("standardised")


def _in_memory(clips):
    streamed = ClipSamples(clips, _scales(clips))
    tensors = streamed.fetch(torch.arange(len(clips)), torch.device("cpu"))
    return TensorSamples(tensors, clips.targets, clips.modalities)


def _train(samples, network, protocol=SHORT, *, head="ensemble", seed=5, **options):
    return train_student(samples, network.build(), head, protocol, seed=seed, **options)


def _same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_descent_with_momentum_is_the_textbook_rule():
    """Three steps by hand: decay into the gradient, gradient into the velocity, velocity off the weight."""
    protocol = Protocol(optimiser="sgd", lr=0.5, momentum=0.9, weight_decay=0.1)
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimiser = protocol.optimiser_of([{"name": "head", "params": [weight], "lr": 0.5}])
    by_hand, velocity = 2.0, 0.0
    for gradient in (1.0, -3.0, 0.5):
        weight.grad = torch.tensor([gradient])
        optimiser.step()
        velocity = 0.9 * velocity + gradient + 0.1 * by_hand
        by_hand -= 0.5 * velocity
        assert weight.item() == pytest.approx(by_hand, rel=1e-6)


def test_students_learn_by_descent_with_momentum(train, small):
    samples = _in_memory(train)
    protocol = Protocol(optimiser="sgd", lr=0.05, epochs=6, drop_after=(), augment=None)
    losses = []
    one = _train(samples, small, protocol, on_epoch=lambda report: losses.append(report.loss))
    assert losses[-1] < losses[0] / 2
    assert _same(one, _train(samples, small, protocol))
    assert not _same(one, _train(samples, small, protocol.changed(momentum=0.0)))


def test_training_equals_a_plain_loop(train, small, golden):
    """The published recipe written down naively, rates from the reference: the same weights up to rounding."""
    with np.load(golden / "eval_rule.npz") as archive:
        rates = archive["lr_per_epoch"]
    samples, protocol = _in_memory(train), Protocol(epochs=13, drop_after=(10,), batch=16, augment=None)
    losses = []
    student = _train(samples, small, protocol, on_epoch=lambda report: losses.append(report.loss))

    plain = _train(samples, small, protocol.model_copy(update={"epochs": 1, "lr": 1e-30}))
    plain.train()
    order, naive = generator(5, "order"), []
    parts = (plain.head, plain.encoders["audio"], plain.encoders["image"])
    optimisers = [torch.optim.Adam(p.parameters(), weight_decay=1e-4, foreach=False) for p in parts]
    for epoch in range(13):
        for optimiser, rate in zip(optimisers, rates[epoch], strict=True):
            optimiser.param_groups[0]["lr"] = float(rate)
        total = 0.0
        for index in torch.randperm(len(train), generator=order).split(16):
            for optimiser in optimisers:
                optimiser.zero_grad()
            features = {name: encode(samples.tensors[name][index]) for name, encode in plain.encoders.items()}
            loss = plain.head.loss(features, samples.labels[index])
            loss.backward()
            for optimiser in optimisers:
                optimiser.step()
            total += float(loss.detach()) * len(index)
        naive.append(total / len(train))
    assert losses == pytest.approx(naive, rel=2e-3)
    for key, probabilities in predict(student, samples).items():
        torch.testing.assert_close(probabilities, predict(plain, samples)[key], rtol=0.02, atol=0.01)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_equals_that_by_operations_instead_of_loops(train, small, monkeypatch, seed):
    """The second implementation of the block that ConvNets are made of; long training would blow up any rounding."""
    samples, protocol = _in_memory(train), Protocol(epochs=2, batch=16)

    def losses():
        found = []
        student = _train(samples, small, protocol, seed=seed, on_epoch=lambda report: found.append(report.loss))
        return found, predict(student, samples)["A+V"]

    fast, guess = losses()
    monkeypatch.setattr(_block, "_by", lambda *_: _norm)
    slow, same_guess = losses()
    assert fast == pytest.approx(slow, rel=1e-3)
    torch.testing.assert_close(guess, same_guess, rtol=0.02, atol=0.01)


def test_prediction_rule_and_loss_as_the_reference(golden):
    """The head's linear maps set to the identity, so that features are the stored logits."""
    with np.load(golden / "eval_rule.npz") as archive:
        g = {k: torch.from_numpy(archive[k]) for k in archive}
    letters = {"audio": "A", "image": "V"}
    head = heads.load("ensemble")(dict.fromkeys(letters, 10), 10, letters, generator=torch.Generator()).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.eye(10) if parameter.ndim == 2 else torch.zeros(10))
    features = {"audio": g["out_a"], "image": g["out_v"]}
    scores = head.scores(features)
    torch.testing.assert_close(scores["A+V"], g["probs"])
    assert torch.equal(scores["A+V"].argmax(1), g["pred"])
    assert not torch.equal(g["pred"], g["pred_logit_sum"])
    torch.testing.assert_close(head.loss(features, g["gt"]), g["loss"])
    torch.testing.assert_close(scores["A"], F.softmax(g["out_a"], 1))
    assert 100 * float((scores["A+V"].argmax(1) == g["gt"]).double().mean()) == pytest.approx(float(g["acc_percent"]))


def test_a_separable_toy_is_learnt(train, test, small):
    """Both modalities tell the classes apart; 3 classes, so chance is a third."""
    student = _train(_in_memory(train), small, Protocol(lr=1e-3))
    for key, probabilities in predict(student, ClipSamples(test, _scales(train))).items():
        torch.testing.assert_close(probabilities.sum(1), torch.ones(len(test)))
        assert float((probabilities.argmax(1) == test.labels).float().mean()) > 0.85, key


def test_same_seed_same_bits_and_the_global_generator_stays(train, small):
    samples = _in_memory(train)
    before = torch.random.get_rng_state()
    first = _train(samples, small)
    torch.manual_seed(123)
    disturbed = torch.random.get_rng_state()
    second = _train(samples, small)
    assert _same(first, second)
    assert torch.equal(disturbed, torch.random.get_rng_state())
    assert not _same(first, _train(samples, small, seed=6))
    torch.random.set_rng_state(before)


def test_the_order_in_which_tensors_come_does_not_matter(train, small):
    samples = _in_memory(train)
    backwards = TensorSamples(dict(reversed(samples.tensors.items())), samples.targets, samples.modalities)
    assert list(backwards.tensors) == list(backwards.shapes) == ["audio", "image"]
    once = SHORT.model_copy(update={"epochs": 1})
    assert _same(_train(backwards, small, once), _train(samples, small, once))


def test_streaming_equals_memory_and_reads_only_batches(train, small):
    read = []

    class Watched:
        def read(self, modality, rows):
            read.append((modality, len(rows)))
            return train.store.read(modality, rows)

    streamed = ClipSamples(replace(train, store=Watched()), _scales(train))
    assert _same(_train(streamed, small), _train(_in_memory(train), small))
    assert max(count for _, count in read) <= SHORT.batch
    for name in ("audio", "image"):
        assert sum(count for modality, count in read if modality == name) == SHORT.epochs * len(train)


def test_modalities_are_augmented_apart(train, small, monkeypatch):
    drawn = []
    real = SiameseAugment.draw
    monkeypatch.setattr(SiameseAugment, "draw", lambda self, g, n: drawn.append(real(self, g, n)) or drawn[-1])
    _train(_in_memory(train), small)
    sound, picture = drawn[::2], drawn[1::2]
    assert len(sound) == len(picture) == 9  # 3 epochs of 42 samples: 16, 16, 10
    assert [len(d.uniforms) for d in sound] == [16, 16, 10] * 3
    assert any(a.family != v.family for a, v in zip(sound, picture, strict=True))
    assert not any(torch.equal(a.uniforms, v.uniforms) for a, v in zip(sound, picture, strict=True))


def test_modality_aware_augmentation_is_told_modality_and_scale(train, small, monkeypatch):
    told = []
    real = SiameseAugment.apply
    monkeypatch.setattr(SiameseAugment, "apply", lambda self, x, d, **of: told.append(of) or real(self, x, d, **of))
    aware = Protocol(epochs=1, augment=SiameseAugment(modality_aware=True))
    _train(ClipSamples(train, _scales(train)), small, aware)
    each = [{"modality": train.modalities[name], "scale": _scales(train)[name]} for name in ("audio", "image")]
    assert told == each * 2  # 42 samples in batches of 32
    with pytest.raises(InputError, match="modality and scale"):
        _train(_in_memory(train), small, aware)


@pytest.mark.parametrize("head", heads.names())
@pytest.mark.parametrize(("modality", "key"), [("audio", "A"), ("image", "V")])
def test_samples_of_one_modality_train_one_encoder(train, small, head, modality, key):
    samples = _in_memory(train.seen_by([modality]))
    student = _train(samples, small, SHORT.model_copy(update={"epochs": 1}), head=head)
    assert list(student.encoders) == [modality]
    assert list(predict(student, samples)) == [key]


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"dtype": "bfloat16"}, {"augment": None}, {"batch": 1000}])
def test_options_train(train, small, options):
    losses = []
    protocol = Protocol(epochs=6, drop_after=(), lr=1e-3, **options)
    _train(_in_memory(train), small, protocol, on_epoch=lambda r: losses.append(r.loss))
    assert losses[-1] < losses[0]


def test_bfloat16_ends_near_float32(train, test, small):
    samples, held = _in_memory(train), ClipSamples(test, _scales(train))
    found = [
        predict(_train(samples, small, Protocol(lr=1e-3, epochs=12, dtype=dtype)), held)["A+V"]
        for dtype in ("float32", "bfloat16")
    ]
    accuracies = [float((p.argmax(1) == test.labels).float().mean()) for p in found]
    assert abs(accuracies[0] - accuracies[1]) < 0.1
    assert not torch.equal(*found)


def test_progress_is_told(train, small):
    reports = []
    _train(_in_memory(train), small, on_epoch=reports.append)
    assert [(r.epoch, r.epochs) for r in reports] == [(1, 3), (2, 3), (3, 3)]
    assert all(r.seconds > 0 for r in reports)


def test_a_student_takes_the_least_number_of_steps(train, small):
    """Two steps an epoch, so that seven take four epochs."""
    samples, reports = _in_memory(train), []
    protocol = Protocol(epochs=2, batch=len(samples) - 1, drop_after=(0,))
    student = _train(samples, small, protocol.model_copy(update={"least_steps": 7}), on_epoch=reports.append)
    assert [(r.epoch, r.epochs) for r in reports] == [(i, 4) for i in range(1, 5)]
    assert _same(student, _train(samples, small, protocol.model_copy(update={"epochs": 4, "drop_after": (0,)})))


def test_a_sample_that_is_not_finite_is_named(train, small):
    samples = _in_memory(train)
    samples.tensors["audio"][17, 0, 3, 2] = float("nan")
    with pytest.raises(DivergedError, match=r"nan in epoch 1 of 3: the audio of training sample 17"):
        _train(samples, small, Protocol(epochs=3, augment=None))


def test_steps_that_are_too_large_are_named(train, small):
    with pytest.raises(DivergedError, match=r"(?s)in epoch \d of 9 .*Lower the learning rates \(then audio 1e\+30, "):
        _train(_in_memory(train), small, Protocol(epochs=9, lr=1e30))


def test_nothing_to_train_on_and_misfits_are_refused(small):
    def samples(audio, image, labels):
        tensors = {"audio": torch.zeros(audio, 1, 24, 26), "image": torch.zeros(image, 3, 16, 16)}
        targets = Targets(("a", "b", "c"), torch.zeros(labels, dtype=torch.int64))
        return TensorSamples(tensors, targets, bound(tensors, ClipRecipe()))

    with pytest.raises(InputError, match="no training samples"):
        _train(samples(0, 0, 0), small)
    with pytest.raises(InputError, match="2 labels and 2 of audio, 1 of image"):
        samples(2, 1, 2)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_compiled_training_equals_plain(train, small):
    losses = {False: [], True: []}
    for compiled, found in losses.items():
        protocol = Protocol(epochs=2, batch=21, compile=compiled)
        _train(_in_memory(train), small, protocol, on_epoch=lambda r, found=found: found.append(r.loss))
    assert losses[True] == pytest.approx(losses[False], rel=1e-3)
