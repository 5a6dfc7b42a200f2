"""Weights are found where they are, fetched whole or not at all, and never run code."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tests.helpers import network
from torch import nn

from limbeck.encoders._module import built, byte_vocabulary, filled, package, tokenizer_fingerprint, with_random_weights
from limbeck.encoders._weights import (
    HubFiles,
    Needed,
    OfficialFile,
    copied,
    file_sha256,
    located,
    read_state,
    reading,
    weights_hash,
)
from limbeck.errors import InputError, MissingExtraError, MissingWeightsError
from limbeck.hub import is_offline

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REPO = HubFiles("owner/name", network.COMMIT, ("config.json", "sub/words.txt"))


def found(source: HubFiles | OfficialFile, folder: Path | None = None, *, offline: bool = False) -> Path:
    """Where an encoder finds its only files; if they must be fetched, with the source's own sentence on failure."""
    if folder is None and not offline:
        return source.cached() or source.fetched()
    (path,) = located(Needed(source, folder), offline=offline)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "cache" / "weights"


class TestOffline:
    @pytest.mark.parametrize(
        ("value", "expected"), [("1", True), ("true", True), ("YES", True), ("0", False), ("", False)]
    )
    def test_the_hubs_own_variable_counts(self, value: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HF_HUB_OFFLINE", value)
        assert is_offline() is expected
        assert is_offline(True)


@pytest.mark.usefixtures("cache")
class TestHubFiles:
    def _lay(self, folder: Path, *names: str) -> Path:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(CONTENT)
        return folder

    def test_a_folder_is_taken_as_it_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network.forbid(monkeypatch)
        folder = self._lay(tmp_path / "mine", "config.json", "sub/words.txt", "pytorch_model.bin")
        assert found(REPO, folder) == folder
        assert REPO.weights_in(folder) == folder / "pytorch_model.bin"
        self._lay(folder, "model.safetensors")
        assert REPO.weights_in(folder) == folder / "model.safetensors"

    def test_what_a_folder_lacks_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network.forbid(monkeypatch)
        folder = self._lay(tmp_path / "a folder", "config.json")
        with pytest.raises(MissingWeightsError) as caught:
            found(REPO, folder)
        message = str(caught.value)
        assert "sub/words.txt, model.safetensors or pytorch_model.bin of owner/name: looked for in" in message
        assert "hf download owner/name" in message
        assert f"--local-dir '{folder}'" in message

    def test_the_command_fetches_one_file_of_weights_and_names_the_other(self) -> None:
        command = REPO.command()
        assert command.count("--include") == 3
        assert "model.safetensors (if it has no model.safetensors: the same with pytorch_model.bin)" in command
        assert HubFiles("owner/name", network.COMMIT, ("a",), ()).command().endswith("--include a")

    def test_the_hubs_cache_is_used_without_the_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network.forbid(monkeypatch)
        repo = tmp_path / "hub" / "models--owner--name"
        folder = self._lay(repo / "snapshots" / network.COMMIT, "config.json", "sub/words.txt")
        with pytest.raises(
            MissingWeightsError, match=r"(?s)HF_HUB_OFFLINE=0 hf download owner/name --revision 0123456789.*offline"
        ):
            found(REPO, offline=True)
        self._lay(folder, "pytorch_model.bin")
        assert found(REPO) == folder
        assert found(REPO, offline=True) == folder

    @pytest.fixture
    def at(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], HubFiles]:
        def point(url: str) -> HubFiles:
            template = url + "/{repo_id}/resolve/{revision}/{filename}"
            monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
            monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
            return HubFiles("owner/name", network.COMMIT, ("config.json",))

        return point

    def test_files_are_fetched_once_and_only_those_needed(self, at: Callable[[str], HubFiles]) -> None:
        files = {"config.json": b"{}", "pytorch_model.bin": CONTENT, "other.bin": CONTENT}
        with network.serving(network.Hub("owner/name", files)) as hub:
            repo = at(hub.url)
            folder = found(repo)
        assert repo.weights_in(folder) == folder / "pytorch_model.bin"
        assert (folder / "pytorch_model.bin").read_bytes() == CONTENT
        assert not (folder / "other.bin").exists()
        assert not any("other.bin" in path for path in hub.asked)
        assert found(repo) == folder
        assert found(repo, offline=True) == folder

    def test_a_damaged_download_is_refused_and_forgotten(self, at: Callable[[str], HubFiles]) -> None:
        hub = network.Hub("owner/name", {"config.json": b"{}", "model.safetensors": CONTENT})
        hub.changed.add("model.safetensors")
        with network.serving(hub):
            repo = at(hub.url)
            with pytest.raises(
                MissingWeightsError, match=r"model\.safetensors of owner/name arrived damaged.*hf download"
            ):
                found(repo)
            hub.changed.clear()
            assert (found(repo) / "model.safetensors").read_bytes() == CONTENT

    def test_a_repository_without_weights_is_a_sentence(self, at: Callable[[str], HubFiles]) -> None:
        with (
            network.serving(network.Hub("owner/name", {"config.json": b"{}"})) as hub,
            pytest.raises(
                MissingWeightsError,
                match=r"owner/name \(0123456789.*\) has no model\.safetensors or pytorch",
            ),
        ):
            found(at(hub.url))

    @pytest.mark.slow
    def test_a_hub_that_does_not_answer_is_a_sentence(self, at: Callable[[str], HubFiles]) -> None:
        with pytest.raises(MissingWeightsError, match=r"could not be fetched from the Hugging Face hub.*hf download"):
            found(at("http://127.0.0.1:9"))


@pytest.mark.usefixtures("cache")
class TestCopied:
    """All that a model needs in one folder, as another machine takes it."""

    @pytest.fixture
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[network.Hub]:
        files = {"config.json": b"{}", "sub/words.txt": b"rain", "pytorch_model.bin": CONTENT}
        with network.serving(network.Hub("owner/name", files)) as hub:
            assert isinstance(hub, network.Hub)
            template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
            monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
            monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
            yield hub

    def _needed(self, url: str, folder: Path) -> list[Needed]:
        return [Needed(OfficialFile("weights.pt", f"{url}/weights.pt", SHA256), folder), Needed.near(REPO, folder)]

    def test_files_and_repositories_lie_where_they_are_looked_for(
        self, hub: network.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "to"
        with network.serving(network.Server({"/weights.pt": CONTENT})) as server:
            needed = self._needed(server.url, folder)
            written = copied(*needed)
        names = {"weights.pt", "name/config.json", "name/sub/words.txt", "name/pytorch_model.bin"}
        assert {str(path.relative_to(folder)) for path in written} == names
        assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == names
        assert not any(path.is_symlink() for path in written)
        # A machine without network, to which only the folder was brought.
        shutil.rmtree(tmp_path / "cache")
        shutil.rmtree(tmp_path / "hub")
        network.forbid(monkeypatch)
        assert located(*needed, offline=True) == [folder / "weights.pt", folder / "name"]
        assert copied(*needed, offline=True) == written

    def test_the_error_names_every_file_and_nothing_is_put_there(self, hub: network.Hub, tmp_path: Path) -> None:
        folder = tmp_path / "to"
        with pytest.raises(MissingWeightsError) as caught:
            copied(*self._needed("http://127.0.0.1:9", folder))
        assert "weights.pt: looked for in" in str(caught.value)
        with pytest.raises(MissingWeightsError) as caught:
            copied(*self._needed("http://127.0.0.1:9", folder), offline=True)
        for name in ("weights.pt", "config.json", "sub/words.txt", "model.safetensors or pytorch_model.bin"):
            assert name in str(caught.value)
        assert not folder.exists()


class TestOfficialFile:
    def _file(self, server: network.Server, sha256: str | None = SHA256) -> OfficialFile:
        return OfficialFile("weights.pt", f"{server.url}/weights.pt", sha256)

    @pytest.mark.parametrize("sha256", [SHA256, None])
    def test_it_is_fetched_once(self, cache: Path, sha256: str | None) -> None:
        with network.serving(network.Server({"/weights.pt": CONTENT})) as server:
            file = self._file(server, sha256)
            assert found(file) == cache / "weights.pt"
            assert found(file).read_bytes() == CONTENT
        assert server.asked == ["/weights.pt"]
        assert found(file, offline=True) == cache / "weights.pt"

    def test_another_file_than_the_published_one_is_refused_and_not_kept(self, cache: Path) -> None:
        with (
            network.serving(network.Server({"/weights.pt": CONTENT})) as server,
            pytest.raises(MissingWeightsError, match=r"could not be fetched.*curl -L .*weights\.pt"),
        ):
            found(self._file(server, "0" * 64))
        assert list(cache.rglob("*.pt")) == []

    @pytest.mark.parametrize("sha256", [SHA256, None])
    def test_a_download_that_ends_early_leaves_nothing(self, cache: Path, sha256: str | None) -> None:
        server = network.Server({"/weights.pt": CONTENT})
        server.short.add("weights.pt")
        with network.serving(server):
            with pytest.raises(MissingWeightsError, match="could not be fetched"):
                found(self._file(server, sha256))
            assert [p for p in cache.rglob("*") if p.is_file()] == []
            server.short.clear()
            assert found(self._file(server, sha256)).read_bytes() == CONTENT

    @pytest.mark.parametrize("sha256", [SHA256, None])
    def test_a_file_changed_later_is_noticed(self, cache: Path, sha256: str | None) -> None:
        with network.serving(network.Server({"/weights.pt": CONTENT})) as server:
            file = self._file(server, sha256)
            path = found(file)
        path.write_bytes(CONTENT[::-1])
        os.utime(path, ns=(1, 1))
        with pytest.raises(MissingWeightsError, match=rf"damaged or another file.*expected was {SHA256}.*rm "):
            found(file)
        path.write_bytes(CONTENT)
        assert found(file) == cache / "weights.pt"

    def test_a_file_laid_there_by_hand_is_checked(self, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        network.forbid(monkeypatch)
        cache.mkdir(parents=True)
        file = OfficialFile("weights.pt", "https://example.org/weights.pt", SHA256)
        (cache / "weights.pt").write_bytes(b"not it")
        with pytest.raises(MissingWeightsError, match="damaged or another file"):
            found(file)
        (cache / "weights.pt").write_bytes(CONTENT)
        assert found(file, offline=True).read_bytes() == CONTENT

    def test_a_folder_may_hold_weights_of_ones_own(
        self, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network.forbid(monkeypatch)
        file = OfficialFile("weights.pt", "https://example.org/weights.pt", SHA256)
        (tmp_path / "weights.pt").write_bytes(b"mine")
        assert found(file, tmp_path) == tmp_path / "weights.pt"
        with pytest.raises(
            MissingWeightsError,
            match=r"  weights\.pt: looked for in .*none .*curl .*-o .*none/weights\.pt https://example",
        ):
            found(file, tmp_path / "none")
        with pytest.raises(MissingWeightsError, match=rf"(?s)curl .*-o {cache}/weights\.pt https://example.*offline"):
            found(file, offline=True)


class _Code:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, ("ran",)


class TestReading:
    def test_both_formats_give_the_tensors(self, tmp_path: Path) -> None:
        state = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2], dtype=torch.int64)}
        save_file(state, tmp_path / "s.safetensors")
        torch.save(state, tmp_path / "t.pt")
        torch.save({"epoch": 3, "model": state}, tmp_path / "u.pth")
        for file, inside in (("s.safetensors", ()), ("t.pt", ("model",)), ("u.pth", ("state_dict", "model"))):
            found = read_state(tmp_path / file, inside=inside)
            assert found.keys() == state.keys()
            assert all(torch.equal(found[k], state[k]) for k in state)

    def test_code_in_a_file_is_never_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        torch.save({"a": torch.zeros(1), "b": _Code()}, "bad.pt")
        Path("old.pt").write_bytes(pickle.dumps({"a": _Code()}))
        for name in ("bad.pt", "old.pt"):
            with pytest.raises(InputError, match=name):
                read_state(Path(name))
        assert not Path("ran").exists()

    @pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
    def test_a_file_cut_short_is_a_sentence(self, name: str, tmp_path: Path) -> None:
        (save_file if name.endswith("tensors") else torch.save)({"a": torch.zeros(1000)}, tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=r"cannot be read.*Fetch it again"):
            read_state(tmp_path / name)

    def test_errors_of_other_packages_become_one_sentence(self, tmp_path: Path) -> None:
        sentence = rf"^{tmp_path} cannot be read: ValueError: one\. Fetch it again\.$"
        with pytest.raises(InputError, match=sentence), reading(tmp_path):
            raise ValueError("one.\ntwo")
        for own in (MissingWeightsError("mine"), MissingExtraError("sounds", "x"), ModuleNotFoundError("theirs")):
            with pytest.raises(type(own)) as caught, reading(tmp_path):
                raise own
            assert caught.value is own

    @pytest.mark.parametrize("content", [{}, {"a": 1}, [1, 2]])
    def test_a_file_without_tensors_is_refused(self, content: object, tmp_path: Path) -> None:
        torch.save(content, tmp_path / "w.pt")
        with pytest.raises(InputError, match="no tensors by name"):
            read_state(tmp_path / "w.pt")


class TestHash:
    def test_settings_count_each_for_itself(self) -> None:
        state = {"a": torch.zeros(1)}
        found = [weights_hash(*parts) for parts in ((state,), (state, "ab"), (state, "a", "b"), (state, "ba"), ("ab",))]
        assert len(set(found)) == 5

    def test_it_depends_on_names_values_formats_and_shapes_and_not_on_the_order(self) -> None:
        one = {"a": torch.zeros(4), "b": torch.ones(2)}
        others = [
            {"a": torch.zeros(4), "c": torch.ones(2)},
            {"a": torch.zeros(4), "b": torch.tensor([1.0, 1.0 + 1e-6])},
            {"a": torch.zeros(2, 2), "b": torch.ones(2)},
            {"a": torch.zeros(4, dtype=torch.bfloat16), "b": torch.ones(2)},
            {"a": torch.zeros(4)},
        ]
        found = weights_hash(one)
        assert len(found) == 12
        assert weights_hash({"b": torch.ones(2), "a": torch.zeros(4)}) == found
        assert found not in {weights_hash(other) for other in others}

    def test_how_a_tensor_lies_in_memory_does_not_matter(self) -> None:
        tensor = torch.arange(6.0).reshape(2, 3)
        assert weights_hash({"a": tensor.T}) == weights_hash({"a": tensor.T.contiguous()})
        assert weights_hash({"a": torch.tensor(2.0)}) != weights_hash({"a": torch.tensor([2.0])})

    def test_a_files_hash_is_of_its_bytes(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(CONTENT)
        assert file_sha256(tmp_path / "a") == SHA256


class TestModules:
    def test_a_checkpoint_may_hold_more_but_not_less(self) -> None:
        layer = built(lambda: nn.BatchNorm1d(3))
        state = {"weight": torch.full((3,), 2.0), "bias": torch.zeros(3), "running_mean": torch.ones(3)}
        with pytest.raises(InputError, match="here lacks 1 of the 5 weights of this model, for instance running_var"):
            filled(layer, state, source="here")
        filled(layer, {**state, "running_var": torch.ones(3), "head": torch.ones(9)}, source="here")
        assert torch.equal(layer.weight, torch.full((3,), 2.0))
        with pytest.raises(InputError, match=r"bias must be of shape \(3,\), but is \(4,\)"):
            filled(layer, {**state, "running_var": torch.ones(3), "bias": torch.ones(4)}, source="here")

    def test_built_is_frozen_and_leaves_the_global_generator_alone(self) -> None:
        before = torch.get_rng_state()
        layer = built(lambda: nn.Sequential(nn.Linear(300, 40), nn.Dropout()))
        assert torch.equal(torch.get_rng_state(), before)
        assert not layer.training
        assert not any(p.requires_grad for p in layer.parameters())
        drawn = with_random_weights(layer, seed=1)[0].weight.clone()
        assert abs(float(drawn.std()) * 300**0.5 - 1) < 0.05
        assert torch.equal(with_random_weights(layer, seed=1)[0].weight, drawn)
        assert not torch.equal(with_random_weights(layer, seed=2)[0].weight, drawn)

    def test_what_is_built_does_not_depend_on_the_global_generator(self) -> None:
        found = []
        for seed in (1, 2):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                found.append(built(lambda: nn.Linear(300, 40)).bias)
        assert torch.equal(*found)

    @pytest.mark.parametrize("bias", [True, False])
    def test_products_are_those_of_plain_layers(self, bias: bool) -> None:
        plain = nn.Linear(40, 30, bias=bias)
        ours = built(lambda: nn.Sequential(copy.deepcopy(plain)))[0]
        assert type(ours) is not nn.Linear
        draw = torch.Generator().manual_seed(0)
        wide = torch.randn(3, 40, 5, generator=draw)
        for x in (torch.randn(40, generator=draw), torch.randn(7, 6, 40, generator=draw), wide.transpose(1, 2)):
            with torch.no_grad():
                torch.testing.assert_close(ours(x), plain(x), atol=1e-5, rtol=0)
                with torch.autocast("cpu", torch.bfloat16):
                    assert ours(x).dtype == torch.bfloat16
            watched = x.clone().requires_grad_()
            ours(watched).sum().backward()
            torch.testing.assert_close(watched.grad, plain.weight.detach().sum(0).expand_as(x), atol=1e-5, rtol=0)


class TestTokenizerFingerprint:
    def _tokenizer(self, vocabulary: dict[str, int]) -> Any:
        tokenizers = package("tokenizers")
        made = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        return made

    def test_the_vocabulary_and_the_way_of_reading_count(self) -> None:
        plain, small, other = (self._tokenizer(byte_vocabulary(())) for _ in range(3))
        small.normalizer = package("tokenizers").normalizers.Lowercase()
        other = self._tokenizer(byte_vocabulary(("<s>",)))
        assert tokenizer_fingerprint(plain) == tokenizer_fingerprint(self._tokenizer(byte_vocabulary(())))
        assert len({tokenizer_fingerprint(one) for one in (plain, small, other)}) == 3

    def test_filling_does_not(self) -> None:
        plain, filled_up = (self._tokenizer(byte_vocabulary(())) for _ in range(2))
        filled_up.enable_padding(length=128)
        assert tokenizer_fingerprint(filled_up) == tokenizer_fingerprint(plain)


def test_a_missing_package_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"nosuchpackage.*pip install 'limbeck\[sounds\]'"):
        package("nosuchpackage")
    assert package("json") is json
