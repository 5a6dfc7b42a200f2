"""Where a sound is and along which way it goes, from the facts that phrases state."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

Place = tuple[float, float, float, float]
"""Time in seconds, azimuth and elevation in degrees, distance in metres."""

USUAL_METRES = 2.0
FAR = 20.0
_ASIDE = 80.0
"""Degrees to its nearest place at which what passes comes and goes."""
_SIDES = {
    frozenset({"front"}): 0.0,
    frozenset({"left"}): 90.0,
    frozenset({"right"}): -90.0,
    frozenset({"behind"}): 180.0,
    frozenset({"front", "left"}): 45.0,
    frozenset({"front", "right"}): -45.0,
    frozenset({"behind", "left"}): 135.0,
    frozenset({"behind", "right"}): -135.0,
}


class Way(NamedTuple):
    """Places of a sound, the path between them, and what was assumed, a sentence each."""

    places: list[Place]
    path: str = "arc"
    told: tuple[str, ...] = ()


def together(sides: tuple[str, ...]) -> bool:
    """Whether some sides are one direction: front and left are, left and right are not."""
    return frozenset(sides) in _SIDES


def way(facts: Mapping[str, Any], start: float, end: float) -> Way:
    """The way of a sound that is there from `start` to `end`, in seconds, by its `facts`.

    Example:
        >>> way({"sides": ("left",), "motion": "approach"}, 0, 10).places
        [(0.0, 90.0, 0.0, 20.0), (10.0, 90.0, 0.0, 2.0)]
    """
    if "waypoints" in facts:
        return Way(list(facts["waypoints"]), "straight" if facts["straight"] else "arc")
    if "raised" in facts:
        return _raised(facts, start, end)
    azimuth, elevation = _direction(facts)
    distance = facts.get("distance", USUAL_METRES)
    ends = facts.get("way", ())
    if "towards" in facts:
        target = _direction(facts["towards"])[0] or 0.0
        begin = azimuth or 0.0
        turned = begin + _wrapped(target - begin)
        return Way(
            [(start, begin, elevation, distance), (end, turned, elevation, distance)],
            told=(f"from where it goes is not said; it is taken to begin at azimuth {begin:g}",),
        )
    directions = [place for place in ends if "distance" not in place]
    motion = facts.get("motion")
    overhead = facts.get("up") == "above" and azimuth is None and "elevation" not in facts
    if motion == "pass" or (overhead and len(directions) == 2):
        return _passing(directions, azimuth, elevation, overhead, distance, start, end)
    if motion == "circle":
        turned = 360.0 * facts.get("times", 1.0) * (-1 if facts.get("clockwise") else 1)
        begin = azimuth or 0.0
        return Way([(start, begin, elevation, distance), (end, begin + turned, elevation, distance)])
    if motion in ("rise", "fall"):
        high = 90.0 if "up" in facts and azimuth is None else 60.0
        height = (0.0, high) if motion == "rise" else (high, 0.0)
        return Way([(t, azimuth or 0.0, e, distance) for t, e in zip((start, end), height, strict=True)])
    told: tuple[str, ...] = ()
    azimuths, elevations = [azimuth or 0.0], [elevation]
    if directions:
        azimuths, elevations, told = _arc(directions, azimuth, elevation)
    metres = [place["distance"] for place in ends if "distance" in place] or _distances(facts, motion)
    count = max(len(azimuths), len(metres), len(elevations))
    if count == 1:
        return Way([(0.0, azimuths[0], elevations[0], metres[0])], told=told)
    times = [start + (end - start) * i / (count - 1) for i in range(count)]
    columns = (_spread(azimuths, count), _spread(elevations, count), _spread(metres, count))
    return Way(list(zip(times, *columns, strict=True)), told=told)


def _raised(facts: Mapping[str, Any], start: float, end: float) -> Way:
    """The way of a sound that is some metres higher or lower than the head: straight up where no more is said."""
    height = facts["raised"]
    rest = {name: value for name, value in facts.items() if name != "raised"}
    if "elevation" in rest:
        done = way(rest, start, end)
        return done._replace(told=(*done.told, f"it is said twice how high it is; {height:g} m is left out"))
    overhead = rest.get("up") == "above" or not rest.keys() & {"way", "motion"}
    if overhead and not rest.keys() & {"azimuth", "sides", "distance", "towards"}:
        return way({**rest, "distance": abs(height), "up": "above" if height > 0 else "below"}, start, end)
    ground = rest.get("distance", USUAL_METRES)
    elevation = round(math.degrees(math.atan2(height, ground)), 3)
    rest.pop("up", None)
    done = way({**rest, "elevation": elevation, "distance": round(math.hypot(height, ground), 3)}, start, end)
    if "distance" in facts:
        return done
    return done._replace(told=(*done.told, f"how far away it is on the ground is not said; {ground:g} m are taken"))


def _wrapped(azimuth: float) -> float:
    return 180.0 - (180.0 - azimuth) % 360.0


def _direction(facts: Mapping[str, Any]) -> tuple[float | None, float]:
    """Azimuth, None where none is said, and elevation; above is straight up unless a direction says otherwise."""
    azimuth = facts.get("azimuth", _SIDES.get(frozenset(facts.get("sides", ()))))
    steep = 90.0 if azimuth is None else 45.0
    up = {"above": steep, "below": -steep}.get(facts.get("up", ""), 0.0)
    return azimuth, facts.get("elevation", up)


def _distances(facts: Mapping[str, Any], motion: str | None) -> list[float]:
    """Metres at the beginning and at the end."""
    said = facts.get("distance")
    if motion == "approach":
        comes_far = said is not None and said >= FAR and "from_distance" not in facts
        begin = facts.get("from_distance", said if comes_far else FAR)
        return [begin, facts.get("to_distance", USUAL_METRES if comes_far or said is None else said)]
    if motion == "recede":
        goes_far = said is not None and said >= FAR and "to_distance" not in facts
        begin = facts.get("from_distance", USUAL_METRES if goes_far or said is None else said)
        return [begin, facts.get("to_distance", said if goes_far else max(FAR, 10 * begin) if begin >= FAR else FAR)]
    if "from_distance" in facts and "to_distance" in facts:
        return [facts["from_distance"], facts["to_distance"]]
    return [facts.get("distance", facts.get("from_distance", facts.get("to_distance", USUAL_METRES)))]


def _spread(values: list[float], count: int) -> list[float]:
    """Values at `count` places, evenly between the known ones."""
    if len(values) == 1:
        return values * count
    found = []
    for number in range(count):
        whole, part = divmod(number * (len(values) - 1), count - 1)
        after = values[min(whole + 1, len(values) - 1)]
        found.append(values[whole] + (after - values[whole]) * part / (count - 1))
    return found


def _arc(
    ends: list[Mapping[str, Any]], by: float | None, elevation: float
) -> tuple[list[float], list[float], tuple[str, ...]]:
    """Azimuths and elevations from end to end: the shorter way, or that through the azimuth `by`."""
    told: tuple[str, ...] = ()
    found = [_direction(place) for place in ends]
    known = [azimuth for azimuth, _ in found if azimuth is not None] or [by or 0.0]
    flat = [known[0] if azimuth is None else azimuth for azimuth, _ in found]
    heights = [math.copysign(90.0, e) if a is None and e else e or elevation for a, e in found]
    azimuths = [flat[0]]
    for azimuth in flat[1:]:
        before = azimuths[-1]
        turn = _wrapped(azimuth - before)
        if by is not None and not _between(by, before, turn) and _between(by, before, turn - math.copysign(360, turn)):
            turn -= math.copysign(360, turn)
        elif by is None and abs(turn) == 180:
            if _between(0.0, before, -turn):
                turn = -turn
            elif not _between(0.0, before, turn):
                turn = 180.0 if _wrapped(before) == 0 else -180.0
                told = ("on which side it goes is not said; the left is taken",)
        azimuths.append(before + turn)
    return azimuths, heights, told


def _between(azimuth: float, begin: float, turn: float) -> bool:
    """Whether a turn goes through an azimuth, other than at its ends."""
    along = (azimuth - begin) * math.copysign(1, turn) % 360
    return 0 < along < abs(turn)


def _passing(
    ends: list[Mapping[str, Any]],
    by: float | None,
    elevation: float,
    overhead: bool,
    distance: float,
    start: float,
    end: float,
) -> Way:
    """A straight way that is nearest, at `distance`, in the azimuth `by` or overhead."""
    azimuths = [_direction(place)[0] or 0.0 for place in ends][:2]
    far = round(distance / math.cos(math.radians(_ASIDE)), 3)
    told: list[str] = []
    if overhead:
        begin = azimuths[0] if azimuths else 90.0
        if len(azimuths) == 2 and abs(_wrapped(azimuths[1] - begin)) != 180:
            told.append("what passes overhead is taken to go to the opposite side")
        low = 90.0 - _ASIDE
        return Way([(start, begin, low, far), (end, _wrapped(begin + 180), low, far)], "straight", tuple(told))
    if len(azimuths) == 2 and by is None:
        turn = _wrapped(azimuths[1] - azimuths[0])
        by = _wrapped(azimuths[0] + turn / 2)
        if abs(turn) == 180:
            by = 0.0 if {90.0, -90.0} == {_wrapped(a) for a in azimuths} else 90.0
            if by:
                told.append("on which side it passes is not said; the left is taken")
    by = 0.0 if by is None else by
    if len(azimuths) == 2:
        before, after = (_wrapped(azimuth - by) for azimuth in azimuths)
        if before * after >= 0:
            told.append(
                "between these directions it does not pass there; it is taken to go from left to right or front to back"
            )
            azimuths = []
    if len(azimuths) < 2:
        aside = abs(math.sin(math.radians(by))) > 0.71
        before = math.copysign(_ASIDE, -by if aside else math.cos(math.radians(by)))
        after = -before
    before, after = (math.copysign(min(_ASIDE, abs(angle)), angle) for angle in (before, after))
    height, ground = distance * math.sin(math.radians(elevation)), distance * math.cos(math.radians(elevation))
    places = []
    for time, angle in ((start, before), (end, after)):
        along = ground / math.cos(math.radians(angle))
        up = round(math.degrees(math.atan2(height, along)), 3)
        places.append((time, _wrapped(by + angle), up, round(math.hypot(along, height), 3)))
    return Way(places, "straight", tuple(told))
