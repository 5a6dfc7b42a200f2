"""Scores of windows become events: hysteresis, merging, shortest lengths, borders; against a second way to say it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck.detections import Event, EventSettings, events
from limbeck.errors import InputError


def of(column: list[float], **settings: object) -> list[tuple[float, float, float]]:
    """Events of one word in windows of 2 s every second: beginning, end, score."""
    found = events(
        np.array(column)[:, None],
        np.arange(len(column), dtype=float),
        window_s=2,
        hop_s=1,
        end_s=len(column) + 1.0,
        labels=["rain"],
        settings=EventSettings(**settings),  # type: ignore[arg-type]
    )
    return [(event.start_s, event.end_s, event.score) for event in found]


class TestOneWord:
    def test_nothing_reaches_the_threshold(self) -> None:
        assert of([0.1, 0.49, 0.4]) == []

    def test_a_window_holds_around_its_middle(self) -> None:
        assert of([0, 0, 0.6, 0, 0]) == [(2.5, 3.5, 0.6)]

    def test_the_first_and_the_last_one_hold_to_the_borders(self) -> None:
        assert of([0.6, 0, 0, 0, 0, 0.7]) == [(0.0, 1.5, 0.6), (5.5, 7.0, 0.7)]
        assert of([0.6]) == [(0.0, 2.0, 0.6)]

    def test_it_goes_on_while_scores_are_above_the_release_level(self) -> None:
        assert of([0, 0.4, 0.8, 0.4, 0.2, 0], release=0.7) == [(1.5, 4.5, 0.8)]
        assert of([0, 0.4, 0.8, 0.4, 0.2, 0], release=1.0) == [(2.5, 3.5, 0.8)]
        assert of([0, 0.4, 0.4, 0], release=0.7) == []

    def test_a_weak_window_does_not_cut_an_event_in_two(self) -> None:
        assert of([0, 0.9, 0.1, 0.8, 0]) == [(1.5, 4.5, 0.9)]
        assert of([0, 0.9, 0.1, 0.8, 0], merge_s=0.9) == [(1.5, 2.5, 0.9), (3.5, 4.5, 0.8)]
        assert of([0.9, 0, 0, 0, 0.8], merge_s=3.0) == [(0.0, 6.0, 0.9)]

    def test_short_ones_are_left_out_after_merging(self) -> None:
        assert of([0, 0.9, 0, 0, 0, 0.8, 0.8, 0], min_s=1.5) == [(5.5, 7.5, 0.8)]
        assert of([0, 0.9, 0.1, 0.8, 0], min_s=3.0) == [(1.5, 4.5, 0.9)]


def test_words_are_apart_and_have_thresholds_of_their_own() -> None:
    scores = np.array([[0.6, 0.6], [0.6, 0.6], [0.1, 0.95]])
    settings = EventSettings(thresholds={"wind": 0.9})
    found = events(scores, np.arange(3.0), window_s=1, hop_s=1, end_s=3, labels=["rain", "wind"], settings=settings)
    assert found == (Event("rain", 0.0, 2.0, 0.6), Event("wind", 2.0, 3.0, 0.95))
    settings.check(["rain", "wind"])
    with pytest.raises(InputError, match=r"no word 'wind'.*known: rain"):
        settings.check(["rain"])
    with pytest.raises(InputError, match="above 0 and at most 1, but got 2"):
        EventSettings(thresholds={"rain": 2.0}).check(["rain"])


@pytest.mark.parametrize("hop_s", [0.5, 0.48, 1 / 3, 0.5005, 0.1665, 0.03325])
def test_one_weak_window_cuts_no_event_whatever_the_step(hop_s: float) -> None:
    scores = np.array([0.9] * 4 + [0.1] + [0.9] * 4)[:, None]
    for before in range(0, 300, 7):
        column = np.concatenate([np.zeros((before, 1)), scores])
        starts = np.arange(len(column)) * hop_s
        found = events(
            column, starts, window_s=2 * hop_s, hop_s=hop_s, end_s=starts[-1] + 2 * hop_s, labels=["rain"],
            settings=EventSettings(min_s=round(9 * hop_s, 3)),
        )  # fmt: skip
        assert len(found) == 1


def test_windows_that_are_missing_have_no_sound() -> None:
    """Silent windows are never heard; their places stay empty, and events do not reach over them."""
    starts = np.array([0.0, 1.0, 6.0])
    found = events(np.full((3, 1), 0.9), starts, window_s=2, hop_s=1, end_s=8, labels=["rain"])
    assert [(event.start_s, event.end_s) for event in found] == [(0.0, 2.5), (6.5, 8.0)]
    longer = events(np.full((3, 1), 0.9), starts, window_s=2, hop_s=1, end_s=60, labels=["rain"])
    assert [(event.start_s, event.end_s) for event in longer] == [(0.0, 2.5), (6.5, 7.5)]
    assert events(np.zeros((0, 1)), np.zeros(0), window_s=2, hop_s=1, end_s=0, labels=["rain"]) == ()


def test_an_event_goes_on_over_what_is_left_out_between_windows() -> None:
    found = events(np.full((3, 1), 0.9), np.array([0.0, 10.0, 20.0]), window_s=2, hop_s=10, end_s=22, labels=["rain"])
    assert [(event.start_s, event.end_s) for event in found] == [(0.0, 22.0)]
    one = events(np.array([[0], [0.9], [0]]), np.arange(0, 30, 10.0), window_s=2, hop_s=10, end_s=22, labels=["rain"])
    assert [(event.start_s, event.end_s) for event in one] == [(10.0, 12.0)]


@given(
    st.lists(st.integers(0, 10), min_size=1, max_size=40),
    st.integers(1, 10),
    st.sampled_from([0.5, 0.8, 1.0]),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_against_a_machine_that_goes_from_window_to_window(
    tenths: list[int], threshold: int, release: float, merge: int, shortest: int
) -> None:
    """Windows side by side, so that an event is the windows it is of."""
    scores = [tenth / 10 for tenth in tenths]
    level, low = threshold / 10, threshold / 10 * release
    runs: list[list[int]] = []
    current: list[int] = []
    for place, score in [*enumerate(scores), (len(scores), -1.0)]:
        if score >= low:
            current.append(place)
            continue
        if current and max(scores[at] for at in current) >= level:
            if runs and current[0] - runs[-1][-1] - 1 <= merge:
                runs[-1] += current
            else:
                runs.append(current)
        current = []
    expected = [(run[0], run[-1] + 1.0) for run in runs if run[-1] + 1 - run[0] >= shortest]
    settings = EventSettings(threshold=level, release=release, merge_s=merge, min_s=shortest)
    found = events(
        np.array(scores)[:, None],
        np.arange(float(len(scores))),
        window_s=1,
        hop_s=1,
        end_s=float(len(scores)),
        labels=["rain"],
        settings=settings,
    )
    assert [(event.start_s, event.end_s) for event in found] == expected
