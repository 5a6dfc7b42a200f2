"""BirdNET: birds of the world and some other animals, made an audio-text encoder by their names (`birdnet`).

The network names 6,522 species and noises. A clip's vector among texts is the mean of the text vectors
(all-MiniLM-L6-v2) of the names it is likeliest to have (ConSE, see `_class_names`), each read as
``Red Junglefowl (Gallus gallus)``; the 1,024 numbers before its classes are the richer audio space.

Source:   Kahl et al., *BirdNET: A deep learning solution for avian diversity monitoring*, Ecological Informatics 61,
          2021 (https://doi.org/10.1016/j.ecoinf.2021.101236); weights V2.4 of
          https://github.com/birdnet-team/BirdNET-Analyzer (CC BY-NC-SA 4.0).
Differs from the paper: not at all up to the logits; the text space is ours. Neither place nor season is asked, and no
          species is left out.
Cost:     about 40 ms a window of 3 s on one core, and 150 MB of memory a core. The vectors of all names take half a
          minute once, and are kept in the cache.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Self, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import write_bytes, write_text
from limbeck.encoders._class_names import WithClassNames
from limbeck.encoders._litert import PatchNetwork, tiny_network
from limbeck.encoders._sentences import MINILM, Sentences
from limbeck.encoders._weights import OfficialFile, reading
from limbeck.errors import InputError

_REPOSITORY = (
    "https://raw.githubusercontent.com/birdnet-team/BirdNET-Analyzer/44252378bb1466755d35bb963977c0f6a2e8425e/"
    "birdnet_analyzer/checkpoints/V2.4/"
)
NETWORK = OfficialFile(
    "BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite",
    f"{_REPOSITORY}BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite",
    "55f3e4055b1a13bfa9a2452731d0d34f6a02d6b775a334362665892794165e4c",
)
LABELS = OfficialFile(
    "BirdNET_GLOBAL_6K_V2.4_Labels.txt",
    f"{_REPOSITORY}BirdNET_GLOBAL_6K_V2.4_Labels.txt",
    "b50b77b7c3dfe40cd637e8cccdca0173a0a4ddee8867b830ff3c1a566f477f16",
)
SAMPLE_RATE_HZ = 48000
WINDOW_SAMPLES = 3 * SAMPLE_RATE_HZ
_TINY_LABELS = (
    "Noise_Noise",
    "Dog_Dog",
    "Siren_Siren",
    "Engine_Engine",
    "Corvus corax_Raven",
    "Pica pica_Magpie",
)


@final
class BirdNet(WithClassNames[PatchNetwork]):
    """Waveforms of 3 s through BirdNET in LiteRT, on the CPU; texts through a sentence encoder on any device.

    A folder of weights holds BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite and BirdNET_GLOBAL_6K_V2.4_Labels.txt, and may
    hold the text model in all-MiniLM-L6-v2/; without that it comes from the hub's cache. Of a shorter sound the rest is
    silence, of a longer one the beginning is heard.

    Attributes:
        labels: The classes as published, in the network's order: scientific name, underscore, English name.
    """

    sample_rate = SAMPLE_RATE_HZ
    window_s = 3.0
    checkpoints = ("V2.4",)
    licence = (
        "BirdNET's weights are under CC BY-NC-SA 4.0 (https://creativecommons.org/licenses/by-nc-sa/4.0): name their "
        "authors, the K. Lisa Yang Center for Conservation Bioacoustics and Chemnitz University of Technology; no "
        "commercial use; pass on what you make of them under the same licence."
    )
    network_file = NETWORK
    names_file = LABELS

    def __init__(self, checkpoint: str, network: PatchNetwork, labels: Sequence[str], sentences: Sentences) -> None:
        super().__init__(checkpoint, network, [readable(label) for label in labels], sentences)
        self.labels = tuple(labels)

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        network, names, text = found
        with reading(names):
            labels = names.read_text(encoding="utf-8").splitlines()
        if not all("_" in label for label in labels):
            raise InputError(
                f"{names} is not BirdNET's list: a line Scientific name_English name per class was expected."
            )
        content = PatchNetwork(network.read_bytes(), (WINDOW_SAMPLES,))
        return cls(checkpoint, content, labels, Sentences.read(text, device))

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A LiteRT network of one convolution over the waveform, six labels and a text model of one layer, random."""
        content = tiny_network((WINDOW_SAMPLES,), width=24, classes=len(_TINY_LABELS), seed=seed, plane=(480, 300))
        return cls("tiny", PatchNetwork(content, (WINDOW_SAMPLES,)), _TINY_LABELS, Sentences.tiny(seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`."""
        write_bytes(folder / NETWORK.name, self._network.content)
        write_text(folder / LABELS.name, "\n".join(self.labels))
        self._sentences.save(folder / MINILM.name)

    def logits(self, waveforms: Sequence[Tensor]) -> Tensor:
        """What the network itself says of each class in each sound, float32, (sound, class); see `embed_audio`."""
        return self._heard(waveforms)[0]

    def _scored(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        logits, features = self._heard(waveforms)
        return logits.sigmoid(), features

    def _heard(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        heads = [waveform.detach().cpu().float()[:WINDOW_SAMPLES] for waveform in waveforms]
        filled = torch.stack([F.pad(head, (0, WINDOW_SAMPLES - len(head))) for head in heads])
        logits, features = self._network(filled.numpy())
        return torch.from_numpy(logits), torch.from_numpy(features)


def readable(label: str) -> str:
    """A label as people write it: with the English name first.

    Example:
        >>> readable("Gallus gallus_Red Junglefowl"), readable("Dog_Dog")
        ('Red Junglefowl (Gallus gallus)', 'Dog')
    """
    scientific, _, english = label.partition("_")
    return english if english == scientific else f"{english} ({scientific})"
