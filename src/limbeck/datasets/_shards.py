"""Decode shards of a plan: work that knows all of itself, so that any machine that sees the files can do it."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from limbeck import _files
from limbeck._locations import Location
from limbeck.datasets._decoding import Decoded, Decoder, Refused, decoding_pool, results
from limbeck.datasets._listing import TRAIN
from limbeck.datasets._plan import FILE_CLIPS, Plan, ShardPlan
from limbeck.datasets._prepared import write_shard
from limbeck.datasets._sources import Digests, Sources
from limbeck.engine import Progress
from limbeck.modalities import Moments


@dataclass(frozen=True)
class Shards:
    """Shards to be decoded and written to the place of a prepared dataset, a task of `limbeck.engine.executor`.

    Attributes:
        shards: Which clips, shard by shard.
        decoder: What makes arrays of a clip.
        identity: What is written down of the plan.
        sources: How files are written down.
        out: Location of the prepared dataset.
        workers: Processes, >= 1.
        timeout_s: Seconds one file may keep a worker busy.
        show: Whether people are told what is unusual.
    """

    shards: Sequence[ShardPlan]
    decoder: Decoder
    identity: dict[str, Any]
    sources: Sources
    out: Location
    workers: int
    timeout_s: float
    show: bool = False

    @classmethod
    def of(cls, plan: Plan, which: Sequence[int], out: Location, **how: Any) -> "Shards":
        """Some shards of a plan by number; `how` are the last three attributes."""
        decoder = Decoder(plan.dataset, plan.recipe, plan.modalities)
        return cls([plan.shard(i) for i in which], decoder, plan.identity(), plan.sources, out, **how)

    @property
    def needs(self) -> Sequence["Shards"]:
        """Nothing has to be done before."""
        return ()

    @property
    def clips(self) -> int:
        """How many clips there are in all."""
        return sum(len(shard.clips) for shard in self.shards)

    def run(self, tell: Progress = lambda done, total: None) -> None:
        """Decode and write them; `tell` is given the number of clips done, and of all.

        Raises:
            InputError: None of the files of a folder is there that were there when the plan was made.
        """
        _files.check_seen({path: None for shard in self.shards for path, stamp in shard.stamps.items() if stamp})
        shard_of = {position: shard for shard in self.shards for position in shard.clips}
        units = deque((shard.index, unit) for shard in self.shards for unit in shard.units())
        count = min(self.workers, len(units))
        open_limit = 4 + count * 2 * FILE_CLIPS // max(len(shard.clips) for shard in self.shards)
        gathered: dict[int, dict[int, Decoded | Refused]] = {}
        writes: dict[int, Future[None]] = {}
        memory, done = Digests.kept_in(self.out.folder), 0
        tell(done, self.clips)

        def is_room() -> bool:
            unwritten = sum(not w.done() for w in writes.values())
            return units[0][0] in gathered or len(gathered) + unwritten < open_limit

        decoders = decoding_pool(self.decoder, workers=count, timeout_s=self.timeout_s, show=self.show)
        with ThreadPoolExecutor(1) as writer, decoders as pool:

            def write(shard: ShardPlan, outcomes: dict[int, Decoded | Refused]) -> None:
                writes[shard.index] = writer.submit(self._write, shard, outcomes, memory)

            for shard in self.shards:
                done += len(shard.refused)
                if len(shard.refused) == len(shard.clips):
                    write(shard, {**shard.refused})
            while units or gathered:
                while units and pool.has_room and is_room():
                    index, unit = units.popleft()
                    gathered.setdefault(index, {**shard_of[unit.positions[0]].refused})
                    pool.submit(unit)
                for position, outcome in results(pool):
                    shard = shard_of[position]
                    gathered[shard.index][position] = outcome
                    done += 1
                    if len(gathered[shard.index]) == len(shard.clips):
                        write(shard, gathered.pop(shard.index))
                tell(done, self.clips)
                for written in writes.values():
                    if written.done():
                        written.result()
                if units and not is_room() and not pool.is_busy:
                    next(w for w in writes.values() if not w.done()).result()
            for written in writes.values():
                written.result()

    def _write(self, shard: ShardPlan, outcomes: dict[int, Decoded | Refused], memory: Digests) -> None:
        modalities = self.decoder.modalities
        in_order = [(shard.clips[p], outcomes[p]) for p in sorted(outcomes)]
        kept = [(clip, o) for clip, o in in_order if isinstance(o, Decoded)]
        training = [o for clip, o in kept if clip.split == TRAIN]
        entry = {clip.id: {"id": clip.id, "files": shard.digests(clip, memory)} for clip, _ in in_order}
        record = self.identity | {
            "clips": [
                entry[clip.id] | {"repairs": list(o.repairs), "sha256": o.sha256, "digests": o.digests}
                for clip, o in kept
            ],
            "rejected": [
                entry[clip.id] | {"reason": o.reason, "detail": self.sources.shortened(o.detail)}
                for clip, o in in_order
                if isinstance(o, Refused)
            ],
            "moments": {
                name: Moments.pooled([o.moments[name] for o in training]).to_json() for name in modalities if training
            },
        }
        write_shard(self.out, shard.index, modalities, record, [o.arrays for _, o in kept])
