"""A small network that has learned which looks go with which sounds (`contrastive`).

Source: S. Mo and P. Morgado, "Localizing Visual Sounds the Easy Way", ECCV 2022 (EZ-VSL).
Differs from the paper: small networks from scratch; the second map, of objects whatever they sound like, is what moves;
clips of the same class are no counterexamples; sounds of other clips are mixed in, so that one of several is found.

A picture becomes a map of unit vectors and a second of sound one unit vector; how well they go together at a place is
the cosine, and of a whole picture that of the best place. Trained to tell a clip's own sound from those of others.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self, final

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from limbeck import _files
from limbeck._config import Config
from limbeck._runtime import derive_seed, generator
from limbeck.errors import InputError
from limbeck.media import MelRecipe, log_mel, resample
from limbeck.networks import best_cosines, class_contrast, place_contrast
from limbeck.spatial.localisers._contract import Film, Frame, Localiser, Maps, seconds_of

WEIGHTS = "weights.safetensors"
_FORMAT = "limbeck-localiser-1"
_TEMPERATURE = 0.07
_SHARPNESS = 12.0
_STILL, _MOVING_S = 0.05, 0.5
"""Weight of what does not move, and over how long motion is seen."""
_FRAMES_AT_ONCE = 16
_CELLS = (24, 48)
"""Rows and columns of a map at most: what is looked for along it takes the square of their number."""
_FEWEST = 8
_LEAST_DB = 1.0
_PIXELS = (127.5, 64.0)
"""What is subtracted from pixels, and what they are divided by."""


class Settings(Config):
    """What a trained localiser is, beside its weights.

    Attributes:
        image_size: Height and width of the pictures it sees, in pixels.
        mel: Of the log-mels it hears.
        width: Channels of its first layer.
        dimensions: Of its vectors.
        least: Cosine from which on something that is seen sounds.
    """

    format: str = _FORMAT
    kind: str = "localiser"
    name: str = "contrastive"
    image_size: int = Field(96, ge=16, le=1024)
    mel: MelRecipe = MelRecipe()
    width: int = Field(16, ge=4, le=512)
    dimensions: int = Field(64, ge=2, le=4096)
    least: float = Field(0.5, ge=-1, le=1)


class Training(Config):
    """How it is trained.

    Attributes:
        steps: Of the optimiser (AdamW).
        batch: Clips that are told from one another, drawn anew for each step.
        rate: The largest of the optimiser; it rises to that, and falls to nothing.
        mixed: Part of the sounds that another clip's is mixed to, by up to as loud.
    """

    steps: int = Field(1000, ge=1)
    batch: int = Field(32, ge=4)
    rate: float = Field(4e-3, gt=0)
    mixed: float = Field(0.5, ge=0, le=1)


class Network(nn.Module):
    """Maps of pictures and vectors of sounds, of unit length."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        width, out = settings.width, settings.dimensions
        bands = settings.mel.mels

        def layer(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
            convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
            return nn.Sequential(convolution, nn.GroupNorm(4, after), nn.ReLU())

        self.see = nn.Sequential(
            layer(3, width, 7, 4),
            layer(width, 2 * width, 3, 1),
            layer(2 * width, 2 * width, 3, 1),
            nn.Conv2d(2 * width, out, 1),
        )
        self.hear = nn.Sequential(
            layer(1, width, 5, 2), layer(width, 2 * width, 3, 2), layer(2 * width, 2 * width, 3, 2)
        )
        self.whole = nn.Linear(2 * width * -(-bands // 8), out)
        self.register_buffer("middle", torch.zeros(bands, 1))
        self.register_buffer("spread", torch.ones(bands, 1))
        self.middle: Tensor
        self.spread: Tensor

    def places(self, pictures: Tensor) -> Tensor:
        """Unit vectors, (picture, dimension, row, column), of pictures in pixels, (picture, 3, height, width)."""
        middle, spread = _PIXELS
        return nn.functional.normalize(self.see((pictures.float() - middle) / spread), dim=1)

    def sounds(self, log_mels: Tensor) -> Tensor:
        """Unit vectors, (sound, dimension), of log-mels in dB, (sound, 1, mel, frame)."""
        heard = self.hear((log_mels - self.middle) / self.spread).mean(dim=-1)
        return nn.functional.normalize(self.whole(heard.flatten(1)), dim=1)


@final
class Contrastive(Localiser):
    """A trained network, of which `settings` say the rest."""

    def __init__(self, settings: Settings, network: Network) -> None:
        self.settings, self.network = settings, network.eval()
        self.size = (settings.image_size, settings.image_size)

    @classmethod
    def untrained(cls) -> Self:
        """Refuses: it must be trained."""
        raise InputError(
            "The localiser contrastive must be trained: limbeck spatial learn DATA --out FOLDER, then give the folder."
        )

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """The one that `save` wrote to a `folder`; InputError where it is damaged."""
        settings = Settings.from_json(_files.read_json(folder / "config.json"))
        if not (folder / WEIGHTS).is_file():
            raise InputError(f"{folder} has no {WEIGHTS}: the localiser is not whole. Train it again.")
        tensors, _ = _files.read_tensors(folder / WEIGHTS)
        with torch.random.fork_rng(devices=[]):
            network = Network(settings)
        try:
            network.load_state_dict(tensors)
        except RuntimeError as error:
            raise InputError(f"The weights in {folder} are not those of its config.json: {error}") from error
        return cls(settings, network)

    def save(self, folder: Path) -> None:
        """Write it to a `folder`, which is made; ``config.json`` last."""
        _files.write_tensors(folder / WEIGHTS, self.network.state_dict())
        _files.write_json(folder / "config.json", self.settings.to_json())

    def maps(self, film: Film) -> Maps:
        """The score is the cosine of a place and the second of sound about the frame; what moves has more weight."""
        mel = self.settings.mel
        waveform = torch.from_numpy(resample(film.waveform, film.rate, mel.sample_rate_hz))
        length = round(mel.clip_seconds * mel.sample_rate_hz)
        waveform = nn.functional.pad(waveform, (0, max(length - len(waveform), 0)))
        windows = waveform.unfold(0, length, 1)
        times: list[float] = []
        made: list[npt.NDArray[np.float32]] = []
        changes: list[npt.NDArray[np.float32]] = []
        frames = iter(film.frames)
        before: list[Frame] = []
        while some := list(itertools.islice(frames, _FRAMES_AT_ONCE)):
            times += [frame.seconds for frame in some]
            made.append(self._cosines(some, windows).numpy())
            grey = torch.from_numpy(np.stack([frame.pixels.mean(axis=-1) for frame in (before or some[:1]) + some]))
            moved = grey.float().diff(dim=0).abs()[:, None]
            changes.append(nn.functional.adaptive_avg_pool2d(moved, made[-1].shape[1:])[:, 0].numpy())
            before = some[-1:]
        when = seconds_of(times, least=1)
        score = np.concatenate(made).astype(np.float64)
        peak = score.max(axis=(1, 2), keepdims=True)
        weight = np.exp(_SHARPNESS * (score - peak)) * (_STILL + _moving(np.concatenate(changes), when))
        rows, columns = np.minimum(score.shape[1:], _CELLS).tolist()
        return Maps(
            when,
            nn.functional.adaptive_max_pool2d(torch.from_numpy(score), (rows, columns)).numpy(),
            nn.functional.adaptive_avg_pool2d(torch.from_numpy(weight), (rows, columns)).numpy(),
            self.settings.least,
        )

    @torch.inference_mode()
    def _cosines(self, frames: list[Frame], windows: Tensor) -> Tensor:
        mel = self.settings.mel
        starts = [round(frame.seconds * mel.sample_rate_hz) - windows.shape[1] // 2 for frame in frames]
        heard = windows[torch.tensor(starts).clamp(0, len(windows) - 1)]
        sounds = self.network.sounds(log_mel(heard, mel)[:, None])
        pictures = torch.from_numpy(np.stack([frame.pixels for frame in frames])).permute(0, 3, 1, 2)
        return torch.einsum("ndrc,nd->nrc", self.network.places(pictures), sounds)


def _moving(changes: npt.NDArray[np.float32], times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much each place moves about each frame, from 0 to 1 where most does, (frame, row, column)."""
    from scipy.ndimage import gaussian_filter

    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    smooth = gaussian_filter(changes.astype(np.float64), (_MOVING_S / step, 1.0, 1.0), mode="nearest")
    above = np.maximum(smooth - np.median(smooth, axis=(1, 2), keepdims=True), 0)
    return np.asarray(above / np.maximum(above.max(axis=(1, 2), keepdims=True), 1e-9))


def train(
    pictures: Tensor,
    log_mels: Tensor,
    labels: Tensor,
    settings: Settings,
    training: Training,
    *,
    seed: int,
    tell: Callable[[int, float], None] | None = None,
) -> Contrastive:
    """Train a localiser.

    Args:
        pictures: In pixels, (clip, 3, height, width), any number format.
        log_mels: In dB, float32, (clip, 1, mel, frame).
        labels: int64, (clip,): clips of one label are no counterexamples of each other.
        settings: What it is; `least` is found at the end, where as many pictures pass it with a sound of another class
            as do not with their own.
        training: How.
        seed: Of everything, >= 0.
        tell: Called after each step with its number from 1 and its loss.

    Raises:
        InputError: There are too few clips, or all are of one class.
    """
    if len(labels) < _FEWEST or len(set(labels.tolist())) < 2:
        raise InputError(
            f"A localiser learns from at least {_FEWEST} clips of two classes, but {len(labels)} clips of "
            f"{len(set(labels.tolist()))} came."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "localiser"))
        network = Network(settings)
    network.middle.copy_(log_mels.mean(dim=(0, 1, 3))[:, None])
    network.spread.copy_(log_mels.std(dim=(0, 1, 3))[:, None].clamp_min(_LEAST_DB))
    optimiser = torch.optim.AdamW(network.parameters(), lr=training.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, training.rate, total_steps=training.steps)
    for step in range(training.steps):
        random = generator(seed, "localiser", "step", step)
        rows = torch.randperm(len(labels), generator=random)[: training.batch]
        seen = _varied(pictures[rows].float(), random)
        heard, beside = _mixed(log_mels[rows], training.mixed, random)
        own = labels[rows]
        places, sounds = network.places(seen), network.sounds(heard)
        inside = torch.stack([own, own[beside]], dim=1)
        loss = place_contrast(places, sounds, own, inside, temperature=_TEMPERATURE) + class_contrast(
            sounds, own, temperature=_TEMPERATURE
        )
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if tell:
            tell(step + 1, loss.item())
    network.eval()
    found = settings.model_copy(update={"least": least_of(network, pictures, log_mels, labels)})
    return Contrastive(found, network)


@torch.inference_mode()
def least_of(network: Network, pictures: Tensor, log_mels: Tensor, labels: Tensor) -> float:
    """The cosine that is passed by as many pictures with sounds of other classes as is missed with their own.

    Args:
        network: The trained one.
        pictures: As `train` takes them.
        log_mels: Likewise.
        labels: Likewise.
    """
    chunks = list(range(len(labels)))
    places = torch.cat([network.places(pictures[part]) for part in _parts(chunks)])
    sounds = torch.cat([network.sounds(log_mels[part]) for part in _parts(chunks)])
    together = torch.cat([best_cosines(places[part], sounds) for part in _parts(chunks)])
    own = together.diagonal().sort().values
    other = together[labels[:, None] != labels].sort().values
    at = torch.linspace(-1, 1, 401)
    missed = torch.searchsorted(own, at) / len(own)
    passed = 1 - torch.searchsorted(other, at) / len(other)
    return float(at[(missed - passed).abs().argmin()])


def _parts(rows: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(rows), 32):
        yield rows[first : first + 32]


def _varied(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Pictures mirrored, moved round by some columns, and in other light, by draws for each."""
    count, *_, columns = pictures.shape
    mirrored = torch.rand(count, generator=random) < 0.5
    pictures = torch.where(mirrored[:, None, None, None], pictures.flip(-1), pictures)
    by = torch.randint(columns, (count,), generator=random)
    around = (torch.arange(columns) - by[:, None]) % columns
    pictures = pictures.gather(-1, around[:, None, None].expand_as(pictures))
    light = 1 + 0.2 * torch.randn(count, 3, 1, 1, generator=random)
    return pictures * light + 12 * torch.randn(count, 3, 1, 1, generator=random)


def _mixed(log_mels: Tensor, part: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Sounds, some with another one of the batch, up to as loud as they are; all a little louder or softer.

    With them comes which one each was mixed with: itself where it was not.
    """
    own = torch.arange(len(log_mels))
    is_mixed = torch.rand(len(own), generator=random) < part
    beside = torch.where(is_mixed, own.roll(int(torch.randint(1, len(own), (), generator=random))), own)
    softer = -15 * torch.rand(len(own), 1, 1, 1, generator=random)
    both = 10 * torch.log10(10 ** (log_mels / 10) + 10 ** ((log_mels[beside] + softer) / 10))
    heard = torch.where(is_mixed[:, None, None, None], both, log_mels)
    return heard + 4 * torch.randn(len(own), 1, 1, 1, generator=random), beside
