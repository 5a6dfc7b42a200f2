"""From a sentence to a scene and back, by rules alone; what is not understood is told, never dropped.

`parse` finds the phrases that say where, when, how far, how loud and along which way, cuts what is between them into
sounds, and gives each sound the phrases that stand with it. `describe` says a scene exactly.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import ValidationError

from limbeck.spatial import _motion, _phrases
from limbeck.spatial.scene import LONGEST_S, Listener, Scene, Source, Waypoint

_USUAL_SECONDS = 10.0
_BEYOND = 5.0
"""Seconds that a scene goes on after a sound began whose end is not said."""
_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "‘": "'", "\x00": "\ufffd", "\x01": "\ufffd"})
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SEPARATOR = re.compile(
    r"(?P<then>[,;.]? ?(?:\band )?(?:\bthen\b|\bfollowed by\b|\bafter that\b|\bafterwards\b),?)"
    r"|(?P<hard>[;\n!?]|\.(?!\d)|,? ?\b(?:while|whilst|whereas)\b)"
    r"|(?P<comma>, ?(?:and\b)?|:|[()])"
    r"|(?P<and>\band\b|&)"
)
_WORD = re.compile(r"\x01+|[^\W_]+(?:'[^\W_]+)*|[^\s,\x00]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ARTICLES = _set("a an the")
_FILLERS = _ARTICLES | _set(
    """some is are was be been there there's i i'm i've we you he she it it's its can could hear hears heard also please
    first finally as that which where"""
)
_ORDERS = _set("put place add play let give hear imagine with")
"""What a sentence may begin with that says what to do, not what is heard."""
_OPENING = re.compile(
    r"((?:\x00|\s)*)(?=\S)(?:(?:(?:can|could|would) you (?:please )?(?:put|place|add|play|make|give me)|"
    r"(?:i|we)(?: want|'d like| would like)(?: to (?:hear|have))?)\b)? ?"
    r"(?:(?:(?:the|a|an|some) )?(?:sounds?|noises?) of\b)?"
)
_NEGATIONS = _set("no not without never nobody nothing none don't doesn't isn't aren't can't cannot")
_PREPOSITIONS = _set(
    """in on at from to into onto near behind under over above below beneath beside across through along between by
    until till for during after before towards toward past within inside outside around round off upon"""
)
_DOUBTFUL = _PREPOSITIONS | _set(
    """up down left right front back both each all respectively every sometimes often soon later again same other
    others fades fading closer nearer farther further louder softer quieter higher lower fast slow north south east west
    degrees degree seconds second metres meters away far close straight clockwise twice times me us my your our myself
    reverb reverberation reverberant underwater muffled
    somewhere anywhere nowhere elsewhere except excluding besides apart almost nearly just little bit quite half
    here upstairs downstairs aloft indoors backwards forwards backward forward upwards downwards
    sideways"""
)
"""Words that say where, when or how where they are read; of a sound they say nothing."""
_PRONOUNS = _set("one ones another this that these those they them there and so low high")
"""Words that are no sound where they stand alone."""
_GOES_ON = _set("stop stops stopping keep keeps going go goes continue continues end ends start starts again on")
"""Words that say how a sound goes on, and name none."""
_OF_A_THING = re.compile(
    r"\b(?:the|my|your|our|an?) (?:(?:front|back|rear|upper|lower|far)[ -])?"
    r"(?:left|right|front|back|rear)(?:[ -]hand)?$"
)
"""How a phrase ends that may go on with a thing: on the left (window)."""
_VERB = re.compile(r".{2,}(?:s|ing|ed|ly)")
_NO_ADVERBS = re.compile(r".*fly|family|lily|jelly|belly|bully|dolly|rally|reply|supply|assembly|anomaly")
_OF_THE_SCENE = frozenset({"duration", "rate", "silence", "room", "outdoors", "yaw", "height"})
_DIRECTIONS = frozenset({"azimuth", "sides"})
_FAMILIES = (
    _DIRECTIONS | {"elevation", "up", "raised"},
    frozenset({"start", "end", "length", "last", "once_at", "to_the_end"}),
    frozenset({"distance"}),
)
"""Facts that one sound has once; of another value of one of them there is another sound."""


class Reading(NamedTuple):
    """What a sentence was read as.

    Attributes:
        scene: The scene.
        told: A sentence for each thing that was not understood, or of which something was assumed.
    """

    scene: Scene
    told: tuple[str, ...]


class _Fact(NamedTuple):
    """Something a phrase states, with the words of the phrase."""

    name: str
    value: Any
    said: str


@dataclass(frozen=True)
class _Clause:
    """A sound as far as it is read: its words and the facts that stand with it; `then` if it follows the one before."""

    words: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    then: bool = False
    noun: bool = False


@dataclass(frozen=True)
class _Segment:
    """What is between two separators: how it is joined to what is before, the words of a sound, and facts."""

    joined: str
    text: str
    words: str
    facts: tuple[_Fact, ...]
    article: bool
    count: int


def parse(text: str) -> Reading:
    """The scene that a sentence means, and what of it was not understood.

    Example:
        >>> scene, told = parse("a dog barks on the left, close, from 2 s to 5 s; rain all around")
        >>> [(source.words, source.extent) for source in scene.sources], told
        ([('dog barks', 'point'), ('rain', 'around')], ())
        >>> parse("a cat meows behind the house").told
        ("'behind the house' is not understood; it stays among the words of the sound.",)
    """
    told: list[str] = []
    quoted: dict[int, str] = {}
    masked = _masked(_one_blank(text), quoted)
    small = "".join(c.lower() if len(c.lower()) == 1 else c for c in masked)
    phrases = _phrases.find(small)
    facts = [
        (phrase.start, _Fact(name, _unquoted(value, quoted), small[phrase.start : phrase.end].strip()))
        for phrase in phrases
        for name, value in phrase.facts.items()
    ]
    whole = {fact.name: fact for _, fact in facts if fact.name in _OF_THE_SCENE}
    segments = list(_segments(small, phrases, facts, quoted, told))
    return _scene(_clauses(segments, told), whole, told)


def _one_blank(text: str) -> str:
    """Text with one blank between words and plain signs, outside of quotes."""
    if '"' not in text:
        text = re.sub("[“”„]", '"', text)
    parts = re.split(f"({_QUOTED.pattern})", text)
    plain = (part if i % 2 else re.sub(r"[^\S\n]+", " ", part.translate(_SIGNS)) for i, part in enumerate(parts))
    return "".join(plain).strip()


def _masked(text: str, quoted: dict[int, str]) -> str:
    """Text with what is in quotes made unreadable and put into `quoted`, by where it begins."""

    def mask(match: re.Match[str]) -> str:
        try:
            quoted[match.start()] = json.loads(match[0])
        except ValueError:
            return match[0].translate(_SIGNS)
        return "\x01" * len(match[0])

    return _QUOTED.sub(mask, text)


def _unquoted(value: Any, quoted: Mapping[int, str]) -> Any:
    return quoted[value.start] if isinstance(value, slice) else value


def _segments(
    small: str,
    phrases: Sequence[_phrases.Phrase],
    facts: Sequence[tuple[int, _Fact]],
    quoted: Mapping[int, str],
    told: list[str],
) -> Iterator[_Segment]:
    """The text between separators, of which what phrases took is no more read."""
    rest = small
    kept = [phrase for phrase in phrases if "kept" in phrase.facts]
    sided = {p.end: small[p.start : p.end].strip() for p in phrases if _OF_A_THING.search(small[p.start : p.end])}
    for phrase in phrases:
        if "kept" not in phrase.facts:
            rest = rest[: phrase.start] + "\x00" * (phrase.end - phrase.start) + rest[phrase.end :]
    borders = [(0, 0, "hard")] + [(m.start(), m.end(), str(m.lastgroup)) for m in _SEPARATOR.finditer(rest)]
    ends = [start for start, _, _ in borders[1:]] + [len(rest)]
    for (_, start, joined), end in zip(borders, ends, strict=True):
        own = tuple(fact for place, fact in facts if start <= place < end and fact.name not in _OF_THE_SCENE)
        text = rest[start:end]
        if opening := _OPENING.match(text):
            text = opening[1] + " " * (opening.end() - opening.end(1)) + text[opening.end() :]
        spans = [(m.start() + start, m[0]) for m in _WORD.finditer(text)]
        plain = small[start:end].strip(" ,")
        if any(word in _NEGATIONS for _, word in spans):
            told.append(f"{plain!r} says what is not heard; it is left out.")
            continue
        moves = any(fact.name == "way" for fact in own)
        for number, (place, word) in enumerate(spans):
            said = sided.get(place - 1)
            named = any(w not in _FILLERS for _, w in spans[:number])
            if said and named and not (word in _FILLERS | _DOUBTFUL or _VERB.fullmatch(word)):
                told.append(f"'{said} {word}' is taken as {said!r}; where {word!r} is, is not understood.")
        words = _content([(p, w) for p, w in spans if not (moves and _phrases.goes(w))], rest, quoted, kept, told, own)
        article = bool(spans) and spans[0][1] in _ARTICLES
        yield _Segment(joined, plain, words, own, article, len(words.split()))


def _content(
    spans: Sequence[tuple[int, str]],
    rest: str,
    quoted: Mapping[int, str],
    kept: Sequence[_phrases.Phrase],
    told: list[str],
    facts: Sequence[_Fact],
) -> str:
    """The words of a sound; those that may have meant something else are told."""
    for place, word in spans:
        if word[0] == "\x01":
            if others := [w for p, w in spans if p != place and w not in _FILLERS]:
                told.append(f"{' '.join(others)!r} is not understood; it is left out.")
            return quoted[place]
    names = _names(spans, rest, told)
    leading = (
        names
        and names[0][1] in _PREPOSITIONS
        and not any(word in _ARTICLES and place not in dict(names) for place, word in spans)
    )
    if leading and len(names) > 1 and not any(phrase.start <= names[0][0] < phrase.end for phrase in kept):
        told.append(f"{' '.join(word for _, word in names)!r} is not understood; it is left out.")
        return ""
    if names and all(_is_doubtful(word) or word in _PRONOUNS for _, word in names):
        told += [f"{word!r} is not understood; it is left out." for _, word in names]
        return ""
    covered = -1
    for number, (place, word) in enumerate(names):
        inside = any(phrase.start <= place < phrase.end for phrase in kept)
        if inside or not _is_doubtful(word) or place <= covered:
            continue
        last = number
        while (
            word in _PREPOSITIONS
            and last + 1 < len(names)
            and names[last + 1][1] not in _PREPOSITIONS
            and _touch(names[last], names[last + 1][0], rest)
        ):
            last += 1
        covered = names[last][0]
        told.append(f"{' '.join(w for _, w in names[number : last + 1])!r} is not understood; {_STAYS}.")
    told += [f"{fact.said!r} is not understood; {_STAYS}." for fact in facts if fact.name == "kept"]
    said = ""
    for number, (place, word) in enumerate(names):
        between = rest[names[number - 1][0] + len(names[number - 1][1]) : place] if number else ""
        said += ("-" if between == "-" else " " if number else "") + word
    return said


def _names(spans: Sequence[tuple[int, str]], rest: str, told: list[str]) -> list[tuple[int, str]]:
    """The words of a sound without fillers, each with its place; signs are told."""
    names: list[tuple[int, str]] = []
    for number, (place, word) in enumerate(spans):
        after = spans[number - 1][1] if number and _touch(spans[number - 1], place, rest) else ""
        before = (
            spans[number + 1][1]
            if number + 1 < len(spans) and _touch((place, word), spans[number + 1][0], rest)
            else ""
        )
        if not (word[0].isalnum()):
            if word != "-" and word != "'":
                told.append(f"{word!r} is not understood; it is left out.")
        elif word in _ARTICLES and (after in _PREPOSITIONS or after == "of"):
            names.append((place, word))
        elif word == "of" and not (after and before):
            continue
        elif word not in _FILLERS and not (number == 0 and word in _ORDERS):
            names.append((place, word))
    return names


_STAYS = "it stays among the words of the sound"


def _touch(one: tuple[int, str], place: int, rest: str) -> bool:
    return not rest[one[0] + len(one[1]) : place].strip(" -")


def _is_doubtful(word: str) -> bool:
    is_adverb = len(word) > 4 and word.endswith("ly") and not _NO_ADVERBS.fullmatch(word)
    return word in _DOUBTFUL or is_adverb or word[0].isdigit()


def _clauses(segments: Iterable[_Segment], told: list[str]) -> list[_Clause]:
    """The sounds, each with the facts of its segment and of those without a sound beside it."""
    clauses: list[_Clause] = []
    pending: tuple[_Fact, ...] = ()
    first = 0
    then = False
    for segment in segments:
        if segment.joined in ("hard", "then"):
            _belong_nowhere(pending, told)
            pending, first, then = (), len(clauses), segment.joined == "then"
        if clauses and segment.joined != "hard" and _goes_on(segment.words):
            told.append(f"{segment.text!r} is left out: a sound does one thing. Say it of one of its own.")
            continue
        if not segment.words:
            if not segment.facts:
                continue
            if clauses and (len(clauses) > first or segment.joined == "hard"):
                moves = any(fact.name == "motion" for fact in segment.facts)
                if segment.joined == "and" and moves and clauses[-1].facts.keys() & (_DIRECTIONS | {"motion", "way"}):
                    told.append(f"{segment.text!r} is left out: a sound does one thing. Say it of one of its own.")
                    continue
                facts, conflicts = _merged(clauses[-1].facts, segment.facts, apart=segment.joined == "and")
                if not conflicts:
                    clauses[-1] = replace(clauses[-1], facts=_settled(facts, told))
                    continue
                if segment.joined == "and":
                    if any(fact.name == "distance" for fact in conflicts) and _motion.together(facts.get("sides", ())):
                        beside = facts["sides"] != clauses[-1].facts.get("sides")
                        told += [f"{segment.text!r} is taken as a place of another {clauses[-1].words!r}."] * beside
                    clauses.append(_moved(clauses[-1], conflicts, segment.facts, told))
                    continue
            pending += segment.facts
            continue
        facts, conflicts = _merged({}, pending + segment.facts)
        told += [f"{fact.said!r} does not go with what was said before; it is left out." for fact in conflicts]
        pending = ()
        own = _Clause(segment.words, _settled(facts, told), then, segment.article or segment.count == 1)
        then = False
        adds = segment.joined == "comma" and segment.count == 1 and segment.words.endswith("ing")
        if adds and len(clauses) > first and not _contradict(clauses[-1].facts, own.facts):
            joined = {**clauses[-1].facts, **own.facts}
            clauses[-1] = replace(clauses[-1], words=f"{clauses[-1].words} {own.words}", facts=joined)
            continue
        clauses = _coordinated(clauses, own, segment, first, told)
    _belong_nowhere(pending, told)
    return clauses


def _goes_on(words: str) -> bool:
    """Whether words say of the sound before that it goes on, or moves, and name none."""
    own = words.split()
    return bool(own) and (all(map(_phrases.goes, own)) or all(word in _GOES_ON for word in own))


def _contradict(facts: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether both say something of one thing: a direction, say."""
    families = [*_FAMILIES, *(frozenset({name}) for name in others)]
    return any(family & facts.keys() and family & others.keys() for family in families)


def _coordinated(clauses: list[_Clause], own: _Clause, segment: _Segment, first: int, told: list[str]) -> list[_Clause]:
    """Clauses with one more; of two nouns that are joined the place of the second is that of the first."""
    before = clauses[-1] if len(clauses) > first else None
    if segment.joined == "and" and before is not None and not own.facts and not segment.article and segment.count == 1:
        told.append(f"Where and when {own.words!r} is heard is not said; it is taken to be in front.")
    if segment.joined != "and" or before is None or before.facts or not own.facts:
        return [*clauses, own]
    ends = ("s", "ing", "ed")
    is_noun = (before.noun and len(before.words.split()) == 1) or not before.words.endswith(ends)
    if is_noun and not any(map(_is_doubtful, before.words.split())):
        if segment.count > 1 and not own.words.endswith(ends):
            words = f"{before.words} and {own.words}"
            told.append(f"{words!r} is taken as one sound.")
            return [*clauses[:-1], replace(own, words=words)]
        return [*clauses[:-1], replace(before, facts=own.facts), own]
    told.append(f"Where and when {before.words!r} is heard is not said; it is taken to be in front.")
    return [*clauses, own]


def _merged(
    facts: Mapping[str, Any], more: Iterable[_Fact], *, apart: bool = False
) -> tuple[dict[str, Any], list[_Fact]]:
    """Facts with more of them, and those that do not go with the others; `apart` if no directions are to be joined."""
    merged: dict[str, Any] = dict(facts)
    conflicts: list[_Fact] = []
    for fact in more:
        had = merged.get(fact.name)
        other = fact.name in _DIRECTIONS and any(name in merged for name in _DIRECTIONS - {fact.name})
        apart_here = apart and had == facts.get("sides") and had not in (("front",), ("behind",))
        joined = tuple(dict.fromkeys((*had, *fact.value))) if had and fact.name == "sides" else ()
        if joined and not other and not apart_here and _motion.together(joined):
            merged["sides"] = joined
            continue
        if other or (had is not None and had != fact.value and fact.name not in ("told", "kept")):
            conflicts.append(fact)
        elif fact.name in ("told", "kept"):
            merged.setdefault(fact.name, ())
            merged[fact.name] = (*merged[fact.name], fact.said)
        else:
            merged[fact.name] = fact.value
    return merged, conflicts


def _settled(facts: Mapping[str, Any], told: list[str]) -> dict[str, Any]:
    """Facts without those that are only to be told, which are."""
    told += [f"{said!r} is not understood; it is left out." for said in facts.get("told", ())]
    if "extreme" in facts:
        told.append(f"{facts['extreme']!r} is taken as that side; where far away is meant, say so.")
    return {name: value for name, value in facts.items() if name not in ("told", "kept", "extreme")}


def _moved(clause: _Clause, conflicts: Iterable[_Fact], facts: Iterable[_Fact], told: list[str]) -> _Clause:
    """The same sound at another place, or at another time."""
    names = {fact.name for fact in conflicts}
    given_up = [family for family in _FAMILIES if family & names]
    left = {name: value for name, value in clause.facts.items() if not any(name in family for family in given_up)}
    merged, more = _merged(left, facts)
    told += [f"{fact.said!r} does not go with what was said before; it is left out." for fact in more]
    return replace(clause, facts=_settled(merged, told), then=False)


def _belong_nowhere(facts: Iterable[_Fact], told: list[str]) -> None:
    told += [f"{said!r} belongs to no sound." for said in dict.fromkeys(fact.said for fact in facts)]


_CHANGES: Mapping[str, Callable[[Scene, Any], Mapping[str, Any]]] = {
    "rate": lambda scene, value: {"rate": value},
    "height": lambda scene, value: {"listener": {**dict(scene.listener), "height": value}},
    "room": lambda scene, value: {"room": value},
}


def _scene(clauses: Sequence[_Clause], whole: Mapping[str, _Fact], told: list[str]) -> Reading:
    """The scene of some sounds."""
    said = whole["duration"].value if "duration" in whole else None
    if said is not None and not 0 < said <= LONGEST_S:
        told.append(f"{whole['duration'].said!r} is left out: a scene is longer than 0 s, and {LONGEST_S:g} s at most.")
        said = None
    spans = _spans(clauses, told)
    latest = max(
        (end if end is not None else start + _BEYOND if start >= _USUAL_SECONDS else 0.0 for start, end in spans),
        default=0.0,
    )
    duration = max(said or 0.0, latest) if said else max(_USUAL_SECONDS, latest)
    if said and duration > said:
        told.append(
            f"The scene is said to last {said:g} s, but a sound is heard until {duration:g} s; it lasts until then."
        )
    sources: list[Source] = []
    for clause, (start, end) in zip(clauses, spans, strict=True):
        if "last" in clause.facts:
            start = max(0.0, duration - clause.facts["last"])
        both = ({"sides": ("left",)}, {"sides": ("right",)}) if "both" in clause.facts else ({},)
        sources += [
            _source(clause.words, {**clause.facts, **side}, start, duration if end is None else end, told)
            for side in both
        ]
    if not sources and "silence" not in whole:
        told.append("There is no sound in it.")
    yaw = whole["yaw"].value if "yaw" in whole else {}
    scene = Scene(sources=tuple(sources), duration=duration, listener=Listener(yaw=_motion.way(yaw, 0, 1).places[0][1]))
    for name, change in _CHANGES.items():
        if name in whole:
            try:
                scene = Scene(**{**dict(scene), **change(scene, whole[name].value)})
            except ValidationError as error:
                told.append(f"{whole[name].said!r} is left out: {_reason(error)}.")
    return Reading(scene, tuple(dict.fromkeys(told)))


def _spans(clauses: Sequence[_Clause], told: list[str]) -> list[tuple[float, float | None]]:
    """When each sound begins and ends, in seconds; None is the end of the scene."""
    spans: list[tuple[float, float | None]] = []
    for number, clause in enumerate(clauses):
        facts = clause.facts
        before = spans[-1] if spans else (0.0, None)
        start, end = facts.get("start"), facts.get("end")
        if clause.then and start is None and number:
            start = before[1]
            if start is None:
                told.append(
                    f"'then': when {clauses[number - 1].words!r} ends is not said; {clause.words!r} begins with it."
                )
                start = before[0]
        if "same_time" in facts:
            start, end = before
        start = start or 0.0
        if start + _BEYOND > LONGEST_S:
            told.append(f"{clause.words!r} begins at once: {start:g} s is more than the {LONGEST_S:g} s of a scene.")
            start = 0.0
        if "length" in facts:
            end = start + facts["length"]
        if end is not None and end <= start:
            told.append(f"{clause.words!r} would end at {end:g} s, before it begins; its end is left out.")
            end = None
        if end is not None and end > LONGEST_S:
            told.append(f"{clause.words!r} has no end: {end:g} s is more than the {LONGEST_S:g} s of a scene.")
            end = None
        spans.append((start, end))
    return spans


def _source(words: str, facts: Mapping[str, Any], start: float, end: float, told: list[str]) -> Source:
    way = _motion.way(facts, start, end)
    told += [f"{words!r}: {one}." for one in way.told]
    times = facts.get("times", 1.0)
    is_circle = facts.get("motion") == "circle"
    if times != 1 and not is_circle:
        told.append(f"{words!r}: that it is heard {times:g} times is not understood; it is heard again and again.")
    once = facts.get("once", facts.get("once_at", "times" in facts and times == 1 and not is_circle))
    settings = {
        "words": words,
        "start": start,
        "end": end,
        "level": facts.get("level", 0.0),
        "extent": "around" if "around" in facts else "point",
        "repeat": "once" if once else "loop",
    } | {name: facts[name] for name in ("recording", "offset", "licence") if name in facts}

    def made(places: Sequence[_motion.Place], path: str) -> Source:
        names = ("time", "azimuth", "elevation", "distance")
        waypoints = tuple(Waypoint(**dict(zip(names, place, strict=True))) for place in places)
        return Source(**settings, waypoints=waypoints, path=path)

    try:
        return made(way.places, way.path)
    except ValidationError as error:
        if any(one["loc"][0] == "level" for one in error.errors()):
            told.append(f"The level of {words!r} is left out: {_reason(error)}.")
            return _source(words, {name: value for name, value in facts.items() if name != "level"}, start, end, told)
        told.append(f"{words!r} is put in front, since what is said of its place cannot be: {_reason(error)}.")
        return made([(0.0, 0.0, 0.0, _motion.USUAL_METRES)], "arc")


def _reason(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")


def describe(scene: Scene) -> str:
    """A sentence that means exactly this scene.

    Example:
        >>> dog = Source(words="dog barks", start=2, end=5, waypoints=(Waypoint(azimuth=90, distance=1),))
        >>> print(describe(Scene(sources=(dog,))))
        The scene lasts 10 s; "dog barks" on the left, 1 m away, from 2 s to 5 s.
    """
    parts = [f"The scene lasts {_number(scene.duration)} s" + (f" at {scene.rate} Hz" if scene.rate != 48_000 else "")]
    if scene.room is not None:
        size = " x ".join(map(_number, scene.room.size))
        parts.append(f"the room is {size} m, absorption {_number(scene.room.absorption)}")
    usual = Listener()
    if scene.listener.yaw != usual.yaw:
        parts.append(f"the listener is turned {_number(scene.listener.yaw)} degrees to the left")
    if scene.listener.height != usual.height:
        parts.append(f"ears at {_number(scene.listener.height)} m")
    parts += [_said(source, scene.duration) for source in scene.sources] or ["nothing is heard"]
    return "; ".join(parts) + "."


_NAMED = {0.0: "in front", 90.0: "on the left", -90.0: "on the right", 180.0: "behind"}


def _said(source: Source, duration: float) -> str:
    parts = [json.dumps(source.words, ensure_ascii=False)]
    first = source.waypoints[0]
    if source.extent == "around":
        parts.append("all around")
    if len(source.waypoints) > 1 or first.time or source.path == "straight":
        places = ", ".join(
            f"({_number(w.time)} s, azimuth {_number(w.azimuth)}, elevation {_number(w.elevation)}, "
            f"{_number(w.distance)} m)"
            for w in source.waypoints
        )
        parts.append(("straight " if source.path == "straight" else "") + f"by way of {places}")
    elif source.extent == "point" or first != Waypoint(azimuth=0):
        parts.append(_NAMED.get(first.azimuth, f"azimuth {_number(first.azimuth)}"))
        if first.elevation:
            parts.append(f"elevation {_number(first.elevation)}")
        parts.append(f"{_number(first.distance)} m away")
    if source.start or source.end != duration:
        parts.append(f"from {_number(source.start)} s to {_number(source.end)} s")
    if source.level:
        parts.append(f"at {_number(source.level)} dB")
    if source.repeat == "once":
        parts.append("once")
    if source.recording is not None:
        parts.append(f"recording {json.dumps(source.recording, ensure_ascii=False)}")
    if source.offset:
        parts.append(f"from its second {_number(source.offset)}")
    if source.licence is not None:
        parts.append(f"licence {json.dumps(source.licence, ensure_ascii=False)}")
    return f"{parts[0]} {', '.join(parts[1:])}"


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
