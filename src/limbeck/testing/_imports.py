"""What every form of import must do, whoever wrote it."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from limbeck import _discover, imports
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports import Given, Import, Source
from limbeck.testing._shared import SettingsContract, rng_states, same


class Published(NamedTuple):
    """A set as a form holds it: where it lies, what `import_set` is given beside, and the set it stands for."""

    path: Path
    given: dict[str, Any]
    meant: DistilledSet


class ImportContract(SettingsContract):
    """What a form of import must do; `published` writes a small set in its official layout into a folder."""

    base = Import

    @pytest.fixture
    def published(self, name: str, tmp_path: Path) -> Published:
        """A small set in the form's layout, and what is meant by it."""
        return self.write(name, tmp_path / "published")

    @classmethod
    def write(cls, name: str, folder: Path) -> Published:
        """Write a small set of the form of a `name` into a new `folder`."""
        raise NotImplementedError

    def test_says_what_it_reads_and_from_which_code(self, name: str) -> None:
        kind = imports.load(name)
        about = inspect.getdoc(inspect.getmodule(kind)) or ""
        assert about.partition("\n")[0].endswith(f"(`{name}`).")
        assert "Source:" in about
        assert getattr(kind, "__final__", False), f"{kind.__name__} must be marked @final"
        assert kind.model_config["frozen"]

    def test_is_recognised_by_what_is_in_it_and_by_no_other_form(self, name: str, published: Published) -> None:
        source = Source(published.path)
        assert [one for one in imports.names() if imports.load(one).recognises(source)] == [name]

    def test_stands_for_the_same_set(self, published: Published) -> None:
        """The same bits, every time, and the global generators stay as they are."""
        before = rng_states()
        made = imports.import_set(published.path, **published.given)
        again = imports.import_set(published.path, **published.given)
        assert rng_states() == before
        meant = published.meant
        assert (made.classes, str(made.hold), made.scales) == (meant.classes, str(meant.hold), meant.scales)
        assert torch.equal(made.labels, meant.labels)
        assert same(made.tensors, meant.tensors)
        assert same(made.samples(), meant.samples())
        assert (made.soft_labels is None) == (meant.soft_labels is None)
        if made.soft_labels is not None and meant.soft_labels is not None:
            assert torch.equal(made.soft_labels, meant.soft_labels)
        assert made.fingerprint == again.fingerprint

    def test_is_saved_with_what_was_assumed(self, name: str, published: Published, tmp_path: Path) -> None:
        made = imports.import_set(published.path, out=tmp_path / "set", **published.given)
        back = DistilledSet.load(tmp_path / "set")
        assert back.fingerprint == made.fingerprint
        about = back.provenance["imported"]
        assert (about["form"], about["from"]) == (name, published.path.name)
        assert imports.load(name).from_json(about["settings"]).to_json() == about["settings"]
        assert about["files"]
        assert all(len(digest) >= 16 for digest in about["files"].values())
        assert all(note.endswith(".") for note in about["notes"])
        json.dumps(back.provenance, allow_nan=False)

    def test_a_full_folder_is_not_written_over(self, published: Published, tmp_path: Path) -> None:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "mine").write_text("keep")
        with pytest.raises(InputError, match="not an empty folder"):
            imports.import_set(published.path, out=tmp_path / "full", **published.given)
        assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]

    @pytest.mark.parametrize("damage", ["half", "text", "empty"])
    def test_damaged_files_are_refused_in_a_sentence_or_left_out(
        self, name: str, published: Published, damage: str
    ) -> None:
        """No file may be half read, and nothing but an `InputError` comes of it."""
        whole = imports.import_set(published.path, **published.given)
        files = (
            [published.path]
            if published.path.is_file()
            else sorted(p for p in published.path.rglob("*") if p.is_file())
        )
        damages: dict[str, Callable[[bytes], bytes]] = {
            "half": lambda content: content[: len(content) // 2],
            "text": lambda content: b"this is no set\n" * 40,
            "empty": lambda content: b"",
        }
        refused = []
        for file in files:
            content = file.read_bytes()
            file.write_bytes(damages[damage](content))
            try:
                made = imports.import_set(published.path, form=name, **published.given)
                # What is beside the set (a card, pictures) may be damaged; what is in it may not.
                assert len(made) <= len(whole)
                assert same(made.tensors, whole.tensors) or made.provenance["imported"]["notes"]
            except InputError as error:
                refused.append(str(error))
            file.write_bytes(content)
        assert all(len(sentence) > 20 for sentence in refused)
        assert refused or damage != "half" or self.leaves_out(name)

    @classmethod
    def leaves_out(cls, name: str) -> bool:
        """Whether the form leaves single damaged files out, and tells it, instead of refusing all."""
        return False

    def test_what_is_none_of_it_is_not_taken_for_it(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "notes.txt").write_text("res_DM_CIFAR10_ConvNet_10ipc.pt")
        torch.save({"epoch": 3, "weights": torch.zeros(2)}, tmp_path / "images_best.pt")
        for path in tmp_path.iterdir():
            assert not imports.load(name).recognises(Source(path))
            with pytest.raises(InputError):
                imports.load(name)().read(Source(path), Given())

    def test_classes_that_do_not_fit_are_refused(self, published: Published) -> None:
        with pytest.raises(InputError, match="class"):
            imports.import_set(published.path, **{**published.given, "classes": ["one", "one", "two", "x", "y", "z"]})

    def test_is_listed_with_its_settings(self, name: str) -> None:
        assert name in imports.names()
        assert _discover.load(Import, name) is imports.load(name)
