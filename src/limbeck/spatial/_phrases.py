"""Phrases of a sentence about sounds, and the facts each of them states: readers, the special before the plain.

A reader is a regular expression and what its match means, a mapping of facts by name. They read small letters with one
blank between words. Directions are facts ``azimuth``,
``elevation`` (degrees), ``sides`` (words that are joined, front and left say) and ``up`` ("above", "below"); the others
are called after what they say. ``told`` is a phrase that is not understood and ``kept`` one that is not either, but
stays among the words of the sound.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Facts = Mapping[str, Any]

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety hundred"
_NUMBERS = {word: value for value, word in enumerate(_UNITS.split())}
_NUMBERS |= {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
_COMPASS = dict(zip(["north", "west", "south", "east"], (0.0, 90.0, 180.0, -90.0), strict=True))
_METRES = {"m": 1.0, "metre": 1.0, "meter": 1.0, "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "km": 1000.0}
_METRES |= {"kilometre": 1000.0, "kilometer": 1000.0, "foot": 0.3048, "feet": 0.3048, "ft": 0.3048, "yard": 0.9144}
_METRES |= {"mile": 1609.344, "inch": 0.0254, "inche": 0.0254}
_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
_SECONDS |= {"ms": 0.001, "millisecond": 0.001}
_DISTANCES = {"very close": 0.5, "close": 1.0, "far": 20.0, "very far": 50.0}
_LEVELS = {"loud": 6.0, "quiet": -6.0}
_ROOMS = {
    "small room": ((5, 5, 2.5), 0.3),
    "room": ((6, 5, 3), 0.3),
    "large room": ((10, 8, 4), 0.3),
    "hall": ((20, 15, 7), 0.2),
    "large hall": ((30, 20, 10), 0.2),
}

# Parts of the patterns; none of them captures.
_ME = r"(?:me|us|you|(?:my|your|our|the) (?:heads?|ears?|faces?|nose)|the listener|here)\b"
_DIGITS = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_SPELLED = rf"\b(?:{'|'.join(_NUMBERS)})\b(?:[ -](?:{'|'.join(_UNITS.split()[1:10])})\b)?"
_NUMBER = rf"(?:{_DIGITS}|{_SPELLED})(?: and a half)?"
_AMOUNT = rf"(?:{_DIGITS}(?: and a half)?[ -]?|(?:\b(?:half an?|an?)|{_SPELLED})(?: and a half)?[ -])"


def _units(names: Mapping[str, float]) -> str:
    return rf"(?:{'|'.join(sorted(names, key=len, reverse=True))})s?\b"


_LENGTH = rf"{_AMOUNT}{_units(_METRES)}"
_SPAN = rf"{_AMOUNT}{_units(_SECONDS)}(?:(?: and)? {_NUMBER} ?{_units(_SECONDS)})?"
_CLOCK = r"\d+:\d\d(?::\d\d)?(?:\.\d+)?"
_BEGINNING = r"the (?:very )?(?:beginning|start)"
_MOMENT = rf"(?:{_CLOCK}|{_SPAN}|seconds? {_NUMBER}|{_BEGINNING}|the end)"
_DEGREES = rf"{_NUMBER} ?(?:degrees?|deg\b|°)"
_POINTS = r"(?:(?:north|south|east|west)[ -]?){1,3}(?<![ -])\b"
_SIDE = r"(?:left|right)(?:[ -]hand)?(?: side)?"
_END = r"(?:front|back|rear)"
_SLIGHT = r"(?:slightly|somewhat|a (?:little|bit)|just)"
_FLAT = rf"(?:{_END}[ -]{_SIDE}|(?:left|right)[ -]{_END}|{_SIDE}|{_END}|behind)\b"
_OCLOCK = rf"(?:half past )?{_NUMBER} ?o'?clock"
_TURNED = rf"(?:{_DEGREES} (?:to (?:the|my|your) |on the )?(?:left|right)\b|(?:left|right) (?:by |at )?{_DEGREES})"
_THE = r"(?:(?:the|my|your|our) )?"
_ANYWHERE = rf"{_THE}(?:far )?(?:{_TURNED}|{_OCLOCK}|(?:{_SLIGHT} |half )?{_FLAT}|{_POINTS}|above|below)"
_OF_ME = rf"(?: of (?:{_ME}|(?:the )?cent(?:er|re)\b))?"
_NEAR = r"(?:very )?(?:close|near|far)(?: away| by)?\b"
_STOP = rf"(?:{_ANYWHERE}|{_NEAR}|{_LENGTH})"
_GO = (
    r"(?:move|go|walk|run|fly|drive|travel|wander|roll|pan|sweep|glide|crawl|ride|sail|rush|come|speed|swim|jog|hop|"
    r"stroll|march|race|drift|slide|pass)"
)
_BE = r"(?:\b(?:is|are) )?\b"
_GOES = rf"(?:{_BE}(?:{_GO}(?:s|es|ing)?|flies|moving|driving|riding|gliding|coming|racing|sliding|running)\b)"
_FROM = r"(?:from|coming from|comes? from)"
_AT = rf"(?:in|on|at|to|towards?|by|starting (?:on|at|in|from)|{_FROM})"


def number(text: str) -> float:
    """The number at the beginning of some words.

    Example:
        >>> number("forty five"), number("2.5 s"), number("half a metre"), number("one and a half"), number("a minute")
        (45.0, 2.5, 0.5, 1.5, 1.0)
    """
    more = 0.5 if "and a half" in text else 0.0
    if digits := re.match(_DIGITS, text):
        return float(digits[0]) + more
    if text.startswith("half"):
        return 0.5
    values = [_NUMBERS[word] for word in re.split(r"[ -]", text) if word in _NUMBERS][:2]
    return float(sum(values) if len(values) < 2 or values[0] >= 20 else values[0]) + more if values else 1.0


def _measured(text: str, units: Mapping[str, float]) -> float:
    """Amounts with units, added up."""
    pattern = rf"({_AMOUNT})({'|'.join(sorted(units, key=len, reverse=True))})s?\b"
    found = [(number(amount), units[unit]) for amount, unit in re.findall(pattern, text)]
    return sum(amount if unit == 1 else round(amount * unit, 9) for amount, unit in found)


def seconds(text: str) -> float | None:
    """A moment or a span, in seconds; None is the end.

    Example:
        >>> seconds("1 min 30 s"), seconds("1:15"), seconds("half a minute"), seconds("second 4"), seconds("the end")
        (90.0, 75.0, 30.0, 4.0, None)
    """
    text = re.sub(r"^the very", "the", text)
    if text == "the end":
        return None
    if text.startswith("the "):
        return 0.0
    if ":" in text:
        total = 0.0
        for part in text.split(":"):
            total = 60 * total + float(part)
        return total
    if text.startswith("second"):
        return number(text.split(" ", 1)[1])
    return _measured(text, _SECONDS)


def direction(text: str) -> dict[str, Any]:
    """The facts of a direction.

    Example:
        >>> direction("the left"), direction("3 o'clock"), direction("northeast"), direction("30 degrees to the right")
        ({'sides': ('left',)}, {'azimuth': -90.0}, {'azimuth': -45.0}, {'azimuth': -30.0})
    """
    if "clock" in text:
        half = text.partition("half past ")[2]
        hour = number(re.sub(r"^\D*(?=\d)", "", half or text)) if re.search(r"\d", text) else number(half or text)
        if not 0 < hour <= 12:
            return {"told": text}
        return {"azimuth": _wrapped(-30 * (hour + (0.5 if half else 0)))}
    if points := re.findall("north|south|east|west", text):
        return {"azimuth": _compass(points)}
    if re.search("deg|°", text):
        turned = number(text[re.search(rf"{_DIGITS}|{_SPELLED}", text).start() :])  # type: ignore[union-attr]
        return {"azimuth": -turned if "right" in text else turned}
    if "above" in text or "below" in text:
        return {"up": "above" if "above" in text else "below"}
    words = re.findall("left|right|front|ahead|middle|centre|center|back|rear|behind", text)
    names = {
        "ahead": "front",
        "middle": "front",
        "centre": "front",
        "center": "front",
        "back": "behind",
        "rear": "behind",
    }
    sides = tuple(names.get(word, word) for word in words)
    if len(sides) == 1 and sides[0] in ("left", "right"):
        angle = 20.0 if re.search(_SLIGHT, text) else 45.0 if "half" in text else None
        if angle is not None:
            return {"azimuth": angle if sides[0] == "left" else -angle}
    return {"sides": sides}


def _wrapped(azimuth: float) -> float:
    return 180.0 - (180.0 - azimuth) % 360.0


def _compass(points: list[str]) -> float:
    """The azimuth of north-north-east, say: halfway between the last points and the first."""
    azimuth = _COMPASS[points[-1]]
    for point in reversed(points[:-1]):
        azimuth += _wrapped(_COMPASS[point] - azimuth) / 2
    return _wrapped(azimuth)


def _place(text: str) -> dict[str, Any]:
    """One end of a motion: a direction, a distance in words, or one in metres."""
    if re.fullmatch(_NEAR, text):
        return {"distance": near(text)}
    if re.search(rf"^{_LENGTH}", text):
        return {"distance": _measured(text, _METRES)}
    return direction(text)


def near(text: str) -> float:
    """Metres of a distance in words, such as "very close"."""
    word = "close" if re.search("close|near", text) else "far"
    return _DISTANCES[f"very {word}" if "very" in text or "right" in text else word]


def _loudness(text: str) -> float:
    return _LEVELS["loud" if "loud" in text else "quiet"] * (2 if "very" in text else 1)


def _times(match: re.Match[str]) -> dict[str, Any]:
    """From one time to another; a first one without unit has that of the second."""
    first, last = match["first"], match["last"]
    start = seconds(first) if re.search(r"[a-z:]", first) else number(first) * _unit(last)
    end = seconds(last)
    if start is None or (end is not None and end <= start):
        return {"told": match[0]}
    return {"start": start} | ({"end": end} if end is not None else {"to_the_end": True})


def _unit(text: str) -> float:
    return _measured("1 " + (re.search(_units(_SECONDS), text) or ["s"])[0], _SECONDS)


def _room(match: re.Match[str]) -> dict[str, Any]:
    kind = match["kind"].replace("big", "large").replace("concert ", "")
    size: tuple[float, ...]
    size, absorption = _ROOMS.get(kind, _ROOMS["room"])
    if match["size"]:
        size = tuple(float(part) for part in re.findall(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", match["size"]))[:3]
    if match["absorption"]:
        absorption = float(match["absorption"])
    return {"room": {"size": size, "absorption": absorption}}


def _turns(text: str) -> float:
    return {"once": 1.0, "twice": 2.0}.get(text) or number(text)


def _up(text: str) -> dict[str, Any]:
    return {"up": "below" if re.search("below|beneath|under|feet", text) else "above"}


class Phrase(NamedTuple):
    """What a part of a sentence states, and where it stands there."""

    start: int
    end: int
    facts: Facts


Reader = tuple[re.Pattern[str], Callable[[re.Match[str]], Facts]]


_REST = r"[^,;.!?\n\x00]*?(?=\s+(?:and|while|then|from|at|for|until)\b|\s*[,;.!?\n\x00]|\s*$)"
_STOPS = r"(?=\s*(?:[,;:.!?)\n]|$|(?:and|while|then)\b))"
_BORDER = rf"(?:{_STOPS}|(?=\s*\x00))"
_SIDE_LENGTH = r"[\d.e+-]+"
_BY = r" ?m?(?: by | ?x ?| ?× ?)"
_QUOTED = r"\x01+"

READERS: tuple[Reader, ...] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        # The whole scene.
        (
            rf"\b(?:(?:the|a|this) )?(?:whole )?(?:scene|clip|recording|soundscape) (?:lasts|is|takes|of|runs|with)"
            rf"(?: for)? (?P<span>{_SPAN})(?: long)?",
            lambda m: {"duration": seconds(m["span"])},
        ),
        (
            rf"(?:\ba )?(?P<span>{_SPAN})(?:[ -]long)? (?:scene|clip|soundscape)\b",
            lambda m: {"duration": seconds(m["span"])},
        ),
        (rf"\b(?P<span>{_SPAN}) (?:long|in all|in total)\b", lambda m: {"duration": seconds(m["span"])}),
        (r"\bat (?P<rate>\d+) hz\b", lambda m: {"rate": int(m["rate"])}),
        (rf"\b(?:nothing is heard|silence){_STOPS}", lambda m: {"silence": True}),
        (
            r"\b(?:in an?|in the|the(?= (?:\w+ )?\w+ (?:is|measures)\b)) "
            r"(?P<kind>(?:(?:small|large|big) )?(?:room|(?:concert )?hall)|\w+(?= of [\d.]+ ?m?(?: by| ?[x×])))\b"
            rf"(?:(?: of| is| measures|,)?(?: with)? (?P<size>{_SIDE_LENGTH}{_BY}{_SIDE_LENGTH}{_BY}{_SIDE_LENGTH})"
            r" ?(?:m\b|met(?:re|er)s))?"
            r"(?:,? (?:with )?(?:an )?absorption (?:of )?(?P<absorption>\d+(?:\.\d+)?(?:e-?\d+)?))?",
            _room,
        ),
        (rf"\b(?:outdoors|in the open(?: air)?|outside{_STOPS})\b", lambda m: {"outdoors": True}),
        (
            rf"\b(?:the listener|i|you) (?:looks?|faces?|(?:is|am|are)(?: turned| facing| looking))(?: to| towards?)? "
            rf"(?P<where>{_THE}(?:{_TURNED}|{_FLAT}|{_POINTS}|{_OCLOCK}))",
            lambda m: {"yaw": direction(m["where"])},
        ),
        (
            rf"\b(?:the listener|i|you) turns?(?: (?:my|your|the) head)?(?: to| towards?)?"
            rf"(?: {_THE}(?:{_TURNED}|{_FLAT}|{_POINTS}|{_OCLOCK}))?",
            lambda m: {"told": m[0]},
        ),
        (rf"\bears at (?P<height>{_DIGITS}) m\b", lambda m: {"height": number(m["height"])}),
        # How a scene is written exactly.
        (rf"\brecording (?P<q>{_QUOTED})", lambda m: {"recording": slice(*m.span("q"))}),
        (rf"\bfrom its second (?P<n>{_DIGITS})", lambda m: {"offset": number(m["n"])}),
        (rf"\blicence (?P<q>{_QUOTED})", lambda m: {"licence": slice(*m.span("q"))}),
        (
            r"(?P<how>\bstraight )?\bby way of (?P<all>\([^)\x00]*\)(?:, \([^)\x00]*\))*)",
            lambda m: {
                "waypoints": tuple(
                    tuple(float(n) for n in re.findall(_DIGITS, one)) for one in re.findall(r"\(([^)]*)\)", m["all"])
                ),
                "straight": bool(m["how"]),
            },
        ),
        (
            r"\b(?:every now and then|now and then|from time to time|once in a while|at times|one after "
            r"(?:another|the other))\b",
            lambda m: {"told": m[0]},
        ),
        (
            rf"\bevery (?:few (?:seconds|minutes)|{_SPAN}|other {_units(_SECONDS)}|second|minute)\b",
            lambda m: {"told": m[0]},
        ),
        (
            rf"\b(?:at )?{_NUMBER} ?(?:km/h|kph|mph|m/s|(?:kilomet(?:re|er)|mile|met(?:re|er))s? (?:per|an|a) \w+)",
            lambda m: {"told": m[0]},
        ),
        (rf"{_NUMBER} (?:steps?|paces?|blocks?|houses?|floors?|storeys?)(?: away)?\b", lambda m: {"told": m[0]}),
        # Places that depend on other things than the listener.
        (
            rf"\b(?P<d>{_LENGTH})(?: away)? from (?:my|your|the) (?P<side>left|right) ear\b",
            lambda m: {"sides": (m["side"],)} | _metres(m, "distance"),
        ),
        (
            r"\bbehind (?:my|your|the) (?P<side>left|right) ear\b",
            lambda m: {"sides": ("behind", m["side"])},
        ),
        (
            r"\b(?:(?:very )?close to|near|next to|at|in|into|by|on) (?:my|your|the) (?P<side>left|right) ear\b",
            lambda m: {"sides": (m["side"],), "distance": _DISTANCES["very close"]},
        ),
        (
            rf"\b(?:(?:to|on|at|in) )?(?:the )?(?:left|right|front|back|rear|side|top|{_POINTS})(?: side)? of "
            rf"(?!{_ME}|(?:the )?cent(?:er|re)\b){_REST}",
            lambda m: {"kept": m[0]},
        ),
        (
            rf"\b(?:behind|above|below|beneath|under|underneath|over|near|beside|next to|close to|inside|opposite|"
            rf"in front of) (?!{_ME}|the (?:left|right|horizon)\b)"
            rf"(?:the|an?|my|his|her|their|our|your|this|that|some|two|another) {_REST}",
            lambda m: {"kept": m[0]},
        ),
        # Everywhere.
        (
            rf"\b(?:all (?:around|round)(?: {_ME})?|everywhere|all over the place|from everywhere|"
            rf"(?:from|on) (?:all|every) (?:sides?|directions?)|(?:surrounds?|surrounding) {_ME})",
            lambda m: {"around": True},
        ),
        (r"\b(?:ambient|ambience(?: of)?|ambiance(?: of)?)\b", lambda m: {"around": True}),
        (r"\bin the background\b", lambda m: {"around": True, "level": _LEVELS["quiet"]}),
        (rf"\b(?:on|from|at) both sides(?: of {_ME})?", lambda m: {"both": True}),
        # Motions.
        (
            rf"\bfrom (?P<way>{_STOP}(?: {_ME})?(?: to {_STOP})+){_OF_ME}(?: {_ME})?",
            lambda m: {"way": tuple(_place(one) for one in re.findall(_STOP, m["way"]))},
        ),
        (
            rf"{_BE}(?:circl(?:es?|ing)|orbit(?:s|ing)?|revolv(?:es?|ing)|"
            rf"(?:{_GOES} (?:a |in )?(?:around|round|circles? around)(?= {_ME})))"
            rf"(?:(?: around| round)? {_ME})?(?:(?: around| round)\b)?",
            lambda m: {"motion": "circle"},
        ),
        (r"\b(?:counter[ -]?|anti[ -]?)clockwise\b", lambda m: {"clockwise": False}),
        (r"\bclockwise\b", lambda m: {"clockwise": True}),
        (rf"\b(?P<n>once|twice|{_NUMBER} times)\b", lambda m: {"times": _turns(m["n"])}),
        (
            rf"{_GOES}(?: straight| right)? over(?:head| {_ME})?(?={_BORDER}| from\b|\s*\x00)",
            lambda m: {"motion": "pass", "up": "above"},
        ),
        (
            rf"{_BE}overtak(?:es?|ing)\b(?: {_ME})?",
            lambda m: {"motion": "pass", "way": ({"sides": ("behind",)}, {"sides": ("front",)})},
        ),
        (rf"{_GOES} (?:by|past)(?: {_ME})?(?! the\b| an?\b)", lambda m: {"motion": "pass"}),
        (
            rf"{_GOES} (?:to|towards?) (?P<to>{_THE}(?:{_TURNED}|{_OCLOCK}|{_FLAT}|{_POINTS}))(?! of\b)",
            lambda m: {"towards": direction(m["to"])},
        ),
        (
            rf"{_BE}(?:approach(?:es|ing)?|(?:comes?|coming|gets?|getting|moves?|moving|draws?|drawing) "
            rf"(?:(?:ever |much )?(?:closer|nearer)(?: and (?:closer|nearer))?|near|towards? (?={_ME})))"
            rf"(?: to)?(?: {_ME})?",
            lambda m: {"motion": "approach"},
        ),
        (
            rf"{_BE}(?:reced(?:es?|ing)|disappear(?:s|ing)?|vanish(?:es|ing)?|"
            r"(?:gets?|getting) (?:farther|further)(?: away)?)\b"
            rf"(?: from {_ME})?|"
            rf"(?!(?:is |are )?go(?:es|ing)? off){_GOES} (?:away|off)(?: from {_ME})?(?![\w])",
            lambda m: {"motion": "recede"},
        ),
        (rf"{_BE}(?:pass(?:es|ing)?)\b(?: me\b)?", lambda m: {"motion": "pass"}),
        (rf"{_BE}(?:ris(?:es?|ing)|ascend(?:s|ing)?)\b", lambda m: {"motion": "rise"}),
        (
            rf"(?<!rain )(?<!snow )(?<!hail ){_BE}(?:falls|falling|descend(?:s|ing)?)\b(?: down)?"
            r"(?! on an?\b| on the (?!left|right))",
            lambda m: {"motion": "fall"},
        ),
        # Times.
        (
            rf"\b(?:from )?(?P<first>{_MOMENT}|{_NUMBER})(?: ?(?:to|until|till|up to) ?| ?- ?)(?P<last>{_MOMENT})",
            _times,
        ),
        (rf"\bbetween (?P<first>{_MOMENT}|{_NUMBER}) and (?P<last>{_MOMENT})", _times),
        (rf"\b(?:in|during|for) the first (?P<t>{_SPAN})", lambda m: {"start": 0.0, "end": seconds(m["t"])}),
        (rf"\b(?:in|during|for) the last (?P<t>{_SPAN})", lambda m: {"last": seconds(m["t"])}),
        (
            rf"\b(?:(?:starting|beginning) (?:at|from|after)|(?:starts|begins) (?:at|after)|after|from) "
            rf"(?P<t>{_MOMENT})(?: on(?:wards?)?)?\b",
            lambda m: {"start": seconds(m["t"]) or 0.0},
        ),
        (rf"\bover (?P<t>{_SPAN})", lambda m: {"length": seconds(m["t"])}),
        (r"\b(?:until|till|up to|to) the end\b", lambda m: {"to_the_end": True}),
        (
            rf"\b(?:until|till|up to|ending at|ends at|stops at|stopping at|stops after) (?P<t>{_MOMENT})",
            lambda m: {"end": seconds(m["t"])},
        ),
        (
            rf"\bat (?P<t>{_CLOCK}|{_SPAN}|second {_NUMBER}|{_BEGINNING})",
            lambda m: {"start": seconds(m["t"]), "once_at": True},
        ),
        (
            r"\b(?:for|in|after) (?:a few|some|several|many|a couple of) (?:second|minute|moment|hour)s\b",
            lambda m: {"told": m[0]},
        ),
        (rf"\b(?:for|lasting|lasts)(?: about)? (?P<t>{_CLOCK}|{_SPAN})", lambda m: {"length": seconds(m["t"])}),
        (
            r"\b(?:the (?:whole|entire) time|all the time|throughout(?: the scene)?|always|"
            r"from (?:beginning|start) to (?:end|finish))\b",
            lambda m: {"start": 0.0, "to_the_end": True},
        ),
        (
            r"\b(?:again and again|over and over(?: again)?|repeatedly|continuously|continually|constantly|"
            r"in a loop|looped)\b",
            lambda m: {"once": False},
        ),
        (r"\b(?:at the same time|meanwhile|simultaneously)\b(?: as)?", lambda m: {"same_time": True}),
        # Directions.
        (
            rf"\b(?:at )?azimuth (?:of )?(?P<n>{_DIGITS})(?: ?(?:degrees?|deg\b|°))?",
            lambda m: {"azimuth": number(m["n"])},
        ),
        (
            rf"\b(?:at )?(?:an )?elevation (?:of )?(?P<n>{_DIGITS})(?: ?(?:degrees?|deg\b|°))?",
            lambda m: {"elevation": number(m["n"])},
        ),
        (
            rf"(?:\bat )?(?P<n>{_DEGREES}) "
            rf"(?P<way>up(?:wards?)?|above|high|elevation|down(?:wards?)?|below)\b(?: the horizon| {_ME})?",
            lambda m: {"elevation": number(m["n"]) * (-1 if re.match("down|below", m["way"]) else 1)},
        ),
        (rf"(?:\b(?:at|from) )?{_TURNED}{_OF_ME}", lambda m: direction(m[0])),
        (r"\b(?:at|from) (?P<n>0|180|360) ?(?:degrees?|deg\b|°)", lambda m: {"azimuth": _wrapped(number(m["n"]))}),
        (rf"(?:\b(?:at|from) )?{_DEGREES}", lambda m: {"told": m[0]}),
        (
            rf"(?:\b(?:at|from|starting at)(?: my| your)? )?(?P<clock>{_OCLOCK})(?P<high> high)?",
            lambda m: direction(m["clock"]) | ({"elevation": 45.0} if m["high"] else {}),
        ),
        (
            rf"\b{_AT}(?: the)? (?P<points>{_POINTS})(?! wind\b){_OF_ME}",
            lambda m: direction(m["points"]),
        ),
        (r"\bat (?:ear|head|eye)[ -](?:level|height)\b", lambda m: {"elevation": 0.0}),
        (rf"\b(?P<points>{_POINTS}){_STOPS}", lambda m: direction(m["points"])),
        (
            rf"\b(?P<slight>{_SLIGHT} )(?P<up>above|below|higher|lower)\b(?: {_ME})?",
            lambda m: {"elevation": 20.0 if m["up"] in ("above", "higher") else -20.0},
        ),
        (
            rf"(?:\b(?:at|and|from) )?(?P<d>{_LENGTH}) (?P<up>up|above(?: {_ME})?|high|down|below(?: {_ME})?)\b",
            lambda m: _raised(m),
        ),
        (r"\b(?:high up|up high|high(?= (?:on|in|at|to)\b))(?: me\b)?", lambda m: {"elevation": 45.0}),
        (r"\b(?:low down|down low|low(?= (?:on|in|at|to) (?:the|my|your|front)\b))", lambda m: {"elevation": -30.0}),
        (
            rf"\b(?:(?:{_FROM}|directly|right|up|high) )?"
            rf"(?:above|overhead|over(?= (?:me|us|you|my head|your head)\b))(?: {_ME})?(?! the\b)",
            lambda m: _up(m[0]),
        ),
        (
            rf"\b(?:(?:{_FROM}|directly|right|down) )?"
            r"(?:below|beneath|under(?:neath)?(?= (?:me|us|you|my feet)\b))"
            rf"(?: my feet| {_ME})?|\bunderfoot\b|\bat my feet\b",
            lambda m: {"up": "below"},
        ),
        (
            rf"\b(?P<far>on the far|at the far|far) (?P<side>left|right)\b{_OF_ME}",
            lambda m: {"sides": (m["side"],), "extreme": m[0]},
        ),
        (
            rf"\b(?:{_AT} )?{_SLIGHT} (?:{_AT} )?"
            rf"{_THE}(?P<flat>{_SIDE})\b{_OF_ME}",
            lambda m: direction("slightly " + m["flat"]),
        ),
        (
            r"\b(?:to the |on the )?(?P<half>half|hard)[ -](?P<side>left|right)\b",
            lambda m: direction(f"{m['half']} {m['side']}"),
        ),
        (
            rf"\b{_AT} (?:the|my|your|our) "
            rf"(?P<flat>{_FLAT}|middle|cent(?:er|re))\b{_OF_ME}",
            lambda m: direction(m["flat"]),
        ),
        (
            rf"\b(?:{_AT} )?{_THE}(?P<high>upper|top|lower|bottom)[ -](?P<flat>left|right|front|back)\b(?! of\b)",
            lambda m: direction(m["flat"]) | {"up": "above" if m["high"] in ("upper", "top") else "below"},
        ),
        (
            rf"\b(?:right )?(?:in front|straight ahead|dead ahead|ahead|before me|from in front)\b(?: of {_ME})?"
            r"(?:,? and)?(?: on| to)? the (?P<side>left|right)\b",
            lambda m: {"sides": ("front", m["side"])},
        ),
        (
            rf"\b(?:right )?(?:from )?(?:in front|straight ahead|dead ahead|ahead|before me)\b(?: of {_ME})?",
            lambda m: {"sides": ("front",)},
        ),
        (rf"\b(?:right |directly )?(?:{_FROM} )?behind\b(?: {_ME})?", lambda m: {"sides": ("behind",)}),
        (rf"\b(?:at|from|to|in) (?P<flat>{_FLAT}|cent(?:er|re))\b{_OF_ME}", lambda m: direction(m["flat"])),
        (rf"\b(?P<flat>{_END}[ -](?:left|right)|(?:left|right)[ -]{_END})\b(?! \w)", lambda m: direction(m["flat"])),
        (
            rf"\b(?P<flat>{_END}[ -](?:left|right)|(?:left|right)[ -]{_END}|left|right|front)\b{_STOPS}",
            lambda m: direction(m["flat"]),
        ),
        (r"(?<=, )(?:in the )?(?:middle|cent(?:er|re))" + _STOPS, lambda m: direction(m[0])),
        (rf"\b(?:left|right) of {_ME}", lambda m: direction(m[0][:5])),
        # Distances.
        (
            rf"\b(?:at |from )?(?:a )?distance of (?P<d>{_LENGTH})(?: from {_ME})?",
            lambda m: _metres(m, "distance"),
        ),
        (rf"\bfrom (?P<d>{_LENGTH})(?: away)?", lambda m: _metres(m, "from_distance")),
        (rf"\bto (?P<d>{_LENGTH})(?: away)?", lambda m: _metres(m, "to_distance")),
        (
            rf"\b(?:starting|beginning)(?: from| at)? (?P<d>{_LENGTH})(?: away)?",
            lambda m: _metres(m, "from_distance"),
        ),
        (
            rf"(?:\b(?:at|only|about|roughly|some) )*(?!an? (?:foot|yard|mile)\b(?! away| off| from| behind))"
            rf"(?P<d>{_LENGTH})(?: away| off| distant)?(?: from {_ME})?",
            lambda m: _metres(m, "distance"),
        ),
        (
            rf"\b(?:(?P<very>very|right) )?(?:close[ -]?by|near[ -]?by|"
            rf"(?:close to|near|next to|beside) {_ME})",
            lambda m: {"distance": near(f"{m['very'] or ''} close")},
        ),
        (
            rf"\b(?:from )?(?:(?P<very>very) )?(?:far (?:away|off)|in the (?:far )?distance|distant|from afar|afar|"
            rf"far(?= (?:to|on|in|at|from)\b|\s*\x00|{_BORDER}))"
            rf"(?: from {_ME})?",
            lambda m: {"distance": near(f"{m['very'] or ''} far")},
        ),
        (
            rf"\b(?P<very>very )?(?:close|near)(?= (?:in|on|at|to|behind)\b|\s*\x00|{_BORDER})",
            lambda m: {"distance": near(f"{m['very'] or ''}close")},
        ),
        (r"\bsomewhere(?= ?\x00)", lambda m: {}),
        (
            r"\b(?:slightly|somewhat|an? (?:little|bit)|just|almost|nearly|not quite)(?= ?\x00)",
            lambda m: {"told": m[0]},
        ),
        # Levels.
        (rf"\bat (?P<n>{_DIGITS}) ?db\b", lambda m: {"level": number(m["n"])}),
        (r"\b(?:very )?(?:loud(?:ly)?)\b", lambda m: {"level": _loudness(m[0])}),
        (r"\b(?:very )?(?:quiet(?:ly)?|soft(?:ly)?|faint(?:ly)?)\b", lambda m: {"level": _loudness(m[0])}),
    )
)


def _metres(match: re.Match[str], name: str) -> dict[str, Any]:
    metres = _measured(match["d"], _METRES)
    return {name: metres} if metres >= 0.1 else {"told": match[0]}


def _raised(match: re.Match[str]) -> dict[str, Any]:
    metres = _metres(match, "raised")
    down = match["up"].startswith(("down", "below"))
    return {"raised": -metres["raised"]} if down and "raised" in metres else metres


def goes(word: str) -> bool:
    """Whether a word says no more of a sound than that it moves."""
    return re.fullmatch(_GOES, word) is not None


def find(text: str) -> list[Phrase]:
    """The phrases of a text in small letters, in their order; those of earlier readers leave less to later ones."""
    found: list[Phrase] = []
    for pattern, meaning in READERS:
        for match in pattern.finditer(text):
            start, end = match.span()
            facts = meaning(match)
            found.append(Phrase(start, end, facts))
            text = text[:start] + "\x00" * (end - start) + text[end:]
    return sorted(found)
