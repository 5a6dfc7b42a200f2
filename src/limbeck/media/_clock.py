"""Clocks that jump within a file: recordings of broadcasts, and files put end to end.

Where the clock goes back, or far ahead, it is taken to go on where it was, for all tracks alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from typing import Any

from av.packet import Packet

from limbeck.media.recording import Encoded, Recording

BACK_S = 1.0
AHEAD_S = 3600.0
_LONGEST_DELAY_S = 60.0
_FIRST_PAGE = re.compile(rb"OggS\0[\2\6]")


@dataclass
class Clock:
    """The clock of a file from its first packet on; `ends` has the second at which each track's last packet ended."""

    jumps: int = 0
    ends: dict[int, float] = field(default_factory=dict)
    _shift_s: float = 0.0
    _shifts_s: dict[int, float] = field(default_factory=dict)
    _last_s: dict[int, float] = field(default_factory=dict)

    def even(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """The packets of a file from its beginning, with times that do not jump."""
        for packet in packets:
            stamp, tick = packet.pts if packet.dts is None else packet.dts, packet.time_base
            if stamp is not None and tick:
                track = packet.stream_index
                shift = round(self._shift_of(track, float(stamp * tick)) / tick)
                at_s = float((stamp + shift) * tick)
                since_last_s = min(max(0.0, at_s - self._last_s.get(track, at_s)), BACK_S)
                self.ends[track] = at_s + (float(packet.duration * tick) if packet.duration else since_last_s)
                self._last_s[track] = at_s
                if packet.pts is not None and not 0 <= float((packet.pts - stamp) * tick) <= _LONGEST_DELAY_S:
                    packet.pts = stamp + (packet.duration or 0)  # of the last before a jump ffmpeg guesses behind it
                if shift and packet.dts is not None:
                    packet.dts += shift
                if shift and packet.pts is not None:
                    packet.pts += shift
            yield packet

    def _shift_of(self, track: int, at_s: float) -> float:
        """What makes the next time of a track go on from its last; the tracks jump together, one after the other."""
        due_s = self.ends.get(track, at_s + self._shift_s)
        for shift_s in (self._shifts_s.get(track, self._shift_s), self._shift_s):
            if -BACK_S <= at_s + shift_s - due_s <= AHEAD_S:
                break
        else:
            shift_s = self._shift_s = due_s - at_s
            self.jumps += 1
        self._shifts_s[track] = shift_s
        return shift_s


def from_key_frame(packets: Iterable[Packet[Any]], track: int, from_s: float) -> Iterator[Packet[Any]]:
    """The packets of one track from its last key frame at or before a time on."""
    held: list[Packet[Any]] = []
    is_there = False
    for packet in packets:
        if packet.stream_index != track:
            continue
        stamp = packet.pts if packet.dts is None else packet.dts
        is_there = is_there or (stamp is not None and float(stamp * packet.time_base) > from_s)
        if packet.is_keyframe and not is_there:
            held.clear()
        held.append(packet)
        if is_there:
            yield from held
            held.clear()
    yield from held


def is_chained(recording: Recording, tracks: int) -> bool:
    """Whether an Ogg file holds more beginnings of tracks than it begins with: files put end to end."""
    if isinstance(recording, Encoded):
        return len(_FIRST_PAGE.findall(recording.content)) > tracks
    with recording.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return len(_FIRST_PAGE.findall(content)) > tracks
