"""Two hundred sentences and some more, each with the scene it means. They were written before there was a grammar.

What they take for granted, as `docs/spatial.md` tells users:

- a scene is 10 s long, or as long as the latest time in it; a sound without times is there from beginning to end
- a sound without a place is in front, 2 m away; close is 1 m, very close 0.5 m, far 20 m, very far 50 m
- left is azimuth 90, right -90, behind 180, front left 45, slightly left 20; north is in front
- above and below are elevation 90 and -90, with another direction 45 and -45; high is 45, low -30, slightly above 20
- what passes goes straight, from 80 degrees before its nearest place to 80 degrees after it
- what moves from somewhere to somewhere goes along an arc, the shorter way, from left to right by way of the front
- what approaches comes from 20 m to 2 m, what recedes goes from 2 m to 20 m; what circles turns to the left
- loud is 6 dB, very loud 12 dB, quiet -6 dB, very quiet -12 dB; in the background is all around at -6 dB
- "at 3 s" is once, from then on
- a small room is 5 x 5 x 2.5 m, a large hall 30 x 20 x 10 m with an absorption of 0.2
"""

from __future__ import annotations

from typing import Any, NamedTuple

from limbeck.spatial import Listener, Room, Scene, Source, Waypoint


class Meant(NamedTuple):
    """A sentence, its scene, and words that must be in what is told of as not understood."""

    sentence: str
    scene: Scene
    told: tuple[str, ...] = ()


def sound(words: str, *places: tuple[float, float, float, float], end: float = 10, **more: Any) -> Source:
    """A source at places, each time, azimuth, elevation, distance; in front by default."""
    found = places or ((0, 0, 0, 2),)
    waypoints = tuple(Waypoint(time=t, azimuth=a, elevation=e, distance=d) for t, a, e, d in found)
    return Source(words=words, end=end, waypoints=waypoints, **more)


def at(words: str, azimuth: float, elevation: float = 0, distance: float = 2, **more: Any) -> Source:
    """A source that stays where it is."""
    return sound(words, (0, azimuth, elevation, distance), **more)


def around(words: str, **more: Any) -> Source:
    """A source that comes from everywhere."""
    return sound(words, extent="around", **more)


def passing(words: str, begin: float, stop: float, near: float = 2, up: float = 0, **more: Any) -> Source:
    """A source that goes straight from one azimuth to another, 80 degrees from its nearest place, which is `near`."""
    distance = round(near * 5.758770483, 3)
    start, end = more.get("start", 0), more.get("end", 10)
    return sound(words, (start, begin, up, distance), (end, stop, up, distance), path="straight", **more)


def scene(*sources: Source, duration: float = 10, **more: Any) -> Scene:
    return Scene(sources=sources, duration=duration, **more)


def _one(sentence: str, *sources: Source, told: tuple[str, ...] = (), **more: Any) -> Meant:
    return Meant(sentence, scene(*sources, **more), told)


DIRECTIONS = (
    _one("a dog barks on the left", at("dog barks", 90)),
    _one("A dog barks on the right.", at("dog barks", -90)),
    _one("a dog barks to my left", at("dog barks", 90)),
    _one("a dog is barking behind me", at("dog barking", 180)),
    _one("a dog barks in front of me", at("dog barks", 0)),
    _one("a dog barks", at("dog barks", 0)),
    _one("On the left a dog barks.", at("dog barks", 90)),
    _one("On my right, a rooster crows", at("rooster crows", -90)),
    _one("Behind you a baby cries", at("baby cries", 180)),
    _one("There is a clock ticking on the left", at("clock ticking", 90)),
    _one("I hear a clock ticking straight ahead", at("clock ticking", 0)),
    _one("You can hear the rain in front", at("rain", 0)),
    _one("bell front left", at("bell", 45)),
    _one("bell, front-right", at("bell", -45)),
    _one("a bell behind on the left", at("bell", 135)),
    _one("a bell at the back right", at("bell", -135)),
    _one("a bell to the rear left", at("bell", 135)),
    _one("a bell slightly to the left", at("bell", 20)),
    _one("a bell a little to the right", at("bell", -20)),
    _one("a cat meows at 3 o'clock", at("cat meows", -90)),
    _one("a cat meows at nine o'clock", at("cat meows", 90)),
    _one("a cat meows at 12 o'clock, far away", at("cat meows", 0, 0, 20)),
    _one("a crow at 10 o'clock high", at("crow", 60, 45)),
    _one("a drum at half past one o'clock", at("drum", -45)),
    _one("a whistle 30 degrees to the left", at("whistle", 30)),
    _one("a whistle 120 degrees to the right", at("whistle", -120)),
    _one("a whistle at 45° right", at("whistle", -45)),
    _one("a whistle 30 degrees left and 20 degrees up", at("whistle", 30, 20)),
    _one("a whistle at azimuth -110 and elevation 15", at("whistle", -110, 15)),
    _one("a whistle at azimuth 60 degrees, elevation -10 degrees", at("whistle", 60, -10)),
    _one("a whistle at 180 degrees", at("whistle", 180)),
    _one("a siren in the north", at("siren", 0)),
    _one("a siren from the west", at("siren", 90)),
    _one("a siren to the southeast", at("siren", -135)),
    _one("a siren in the north-north-east", at("siren", -22.5)),
    _one("thunder in the south, very far away", at("thunder", 180, 0, 50)),
    _one("a helicopter above", at("helicopter", 0, 90)),
    _one("a helicopter hovers overhead", at("helicopter hovers", 0, 90)),
    _one("a helicopter above me on the right", at("helicopter", -90, 45)),
    _one("a bird sings high up on the left", at("bird sings", 90, 45)),
    _one("water drips below me", at("water drips", 0, -90)),
    _one("a mouse squeaks low on the right", at("mouse squeaks", -90, -30)),
    _one("a stream below and behind", at("stream", 180, -45)),
    _one("a fly buzzes slightly above on the left", at("fly buzzes", 90, 20)),
    _one("an owl hoots 40 degrees above the horizon on the right", at("owl hoots", -90, 40)),
    _one("a violin hard left", at("violin", 90)),
    _one("a violin half right", at("violin", -45)),
    _one("a piano in the middle", at("piano", 0)),
    _one("a cello on the left hand side", at("cello", 90)),
    _one("a voice from behind", at("voice", 180)),
    _one("left: a flute", at("flute", 90)),
    _one("frogs croak on both sides", at("frogs croak", 90), at("frogs croak", -90)),
    _one("crickets chirp on the left and on the right", at("crickets chirp", 90), at("crickets chirp", -90)),
)

DISTANCES = (
    _one("a dog barks close by", at("dog barks", 0, 0, 1)),
    _one("a dog barks nearby on the left", at("dog barks", 90, 0, 1)),
    _one("a dog barks far away on the left", at("dog barks", 90, 0, 20)),
    _one("a distant dog barks", at("dog barks", 0, 0, 20)),
    _one("a church bell rings in the distance", at("church bell rings", 0, 0, 20)),
    _one("in the distance, thunder rumbles", at("thunder rumbles", 0, 0, 20)),
    _one("a man coughs very close on the right", at("man coughs", -90, 0, 0.5)),
    _one("a man coughs 3 m away", at("man coughs", 0, 0, 3)),
    _one("a man coughs 3 metres to the left", at("man coughs", 90, 0, 3)),
    _one("a man coughs on the left at a distance of 4.5 meters", at("man coughs", 90, 0, 4.5)),
    _one("a man coughs at five metres", at("man coughs", 0, 0, 5)),
    _one("a man coughs half a metre behind me", at("man coughs", 180, 0, 0.5)),
    _one("a mosquito 30 cm away on the left", at("mosquito", 90, 0, 0.3)),
    _one("a train horn 1.5 km away in the east", at("train horn", -90, 0, 1500)),
    _one("a gunshot, 100 m to the north", at("gunshot", 0, 0, 100)),
    _one("a door creaks ten feet behind me", at("door creaks", 180, 0, 3.048)),
    _one("a phone rings within reach", at("phone rings within reach", 0), told=("within reach",)),
    _one("a faint, very distant siren", at("siren", 0, 0, 50, level=-6)),
    _one("a kettle whistles, near, to the right", at("kettle whistles", -90, 0, 1)),
    _one("seagulls cry far off in front of us", at("seagulls cry", 0, 0, 20)),
)

TIMES = (
    _one("a dog barks from 2 s to 5 s", sound("dog barks", start=2, end=5)),
    _one("a dog barks from 2 to 5 seconds", sound("dog barks", start=2, end=5)),
    _one("from second 2 to second 5 a dog barks", sound("dog barks", start=2, end=5)),
    _one("a dog barks between 2 and 5 s", sound("dog barks", start=2, end=5)),
    _one("a dog barks, 2-5 s", sound("dog barks", start=2, end=5)),
    _one("a dog barks at 3 s", sound("dog barks", start=3, repeat="once")),
    _one("a dog barks after 3 seconds", sound("dog barks", start=3)),
    _one("After 3 seconds, a dog barks on the left", at("dog barks", 90, start=3)),
    _one("a dog barks until 4 s", sound("dog barks", end=4)),
    _one("a dog barks for 4 seconds", sound("dog barks", end=4)),
    _one("a dog barks from 2 s for 4 s", sound("dog barks", start=2, end=6)),
    _one("a dog barks for three seconds starting at 5 s", sound("dog barks", start=5, end=8)),
    _one("a dog barks from 4 s on", sound("dog barks", start=4)),
    _one("a dog barks from 4 s until the end", sound("dog barks", start=4)),
    _one("a dog barks from the beginning until 4 s", sound("dog barks", end=4)),
    _one("a dog barks in the first 3 seconds", sound("dog barks", end=3)),
    _one("a dog barks during the last 3 seconds", sound("dog barks", start=7)),
    _one("a dog barks the whole time", sound("dog barks")),
    _one("a dog barks throughout", sound("dog barks")),
    _one("a dog barks once", sound("dog barks", repeat="once")),
    _one("a dog barks once at 2.5 s on the left", at("dog barks", 90, start=2.5, repeat="once")),
    _one("a dog barks again and again", sound("dog barks")),
    _one("a dog barks repeatedly behind me", at("dog barks", 180)),
    _one("a dog barks from 12 s to 20 s", sound("dog barks", start=12, end=20), duration=20),
    _one("a dog barks from 0:30 to 1:15", sound("dog barks", start=30, end=75), duration=75),
    _one("a dog barks for one minute", sound("dog barks", end=60), duration=60),
    _one("a dog barks for 1 min 30 s", sound("dog barks", end=90), duration=90),
    _one("a dog barks for half a minute", sound("dog barks", end=30), duration=30),
    _one("a dog barks for 3 s, then a cat meows", sound("dog barks", end=3), sound("cat meows", start=3)),
    _one(
        "a dog barks for 3 s, then a cat meows on the right for 2 s, then rain for 5 s",
        sound("dog barks", end=3),
        at("cat meows", -90, start=3, end=5),
        sound("rain", start=5, end=10),
    ),
    _one(
        "a dog barks, then a cat meows",
        sound("dog barks"),
        sound("cat meows"),
        told=("then",),
    ),
    _one(
        "a dog barks from 2 s to 5 s; at the same time a cat meows on the left",
        sound("dog barks", start=2, end=5),
        at("cat meows", 90, start=2, end=5),
    ),
    _one("A scene of 20 seconds. A dog barks.", sound("dog barks", end=20), duration=20),
    _one("The scene lasts 30 s. Rain all around.", around("rain", end=30), duration=30),
    _one("a dog barks on the left. 15 seconds long.", at("dog barks", 90, end=15), duration=15),
    _one("a dog barks for a few seconds", sound("dog barks"), told=("a few seconds",)),
    _one("a dog barks at dawn", sound("dog barks at dawn"), told=("at dawn",)),
    _one("a bell rings at the beginning", sound("bell rings", repeat="once")),
)

MOTIONS = (
    _one("a car passes from right to left", passing("car", -80, 80)),
    _one("a car passes from right to left behind", passing("car", -100, 100)),
    _one("a car passes behind me from left to right", passing("car", 100, -100)),
    _one("a car passes", passing("car", 80, -80)),
    _one("a car passes by", passing("car", 80, -80)),
    _one("a car drives past from left to right, 5 m away", passing("car", 80, -80, 5)),
    _one("a car drives by on the left", passing("car", 10, 170)),
    _one("a motorbike passes me on the right from behind to front", passing("motorbike", -170, -10)),
    _one("a train goes by in the distance from right to left", passing("train", -80, 80, 20)),
    _one("a plane passes overhead from left to right", passing("plane", 90, -90, 2, 10)),
    _one("a jet flies over from front to back, 100 m up", passing("jet", 0, 180, 100, 10)),
    _one("a truck passes from 2 s to 6 s from left to right", passing("truck", 80, -80, start=2, end=6)),
    _one("a tram passes from north to south on the left", passing("tram", 10, 170)),
    _one("footsteps approach", sound("footsteps", (0, 0, 0, 20), (10, 0, 0, 2))),
    _one("footsteps approach from the left", sound("footsteps", (0, 90, 0, 20), (10, 90, 0, 2))),
    _one("footsteps come closer from behind", sound("footsteps", (0, 180, 0, 20), (10, 180, 0, 2))),
    _one("a horse approaches from 50 m", sound("horse", (0, 0, 0, 50), (10, 0, 0, 2))),
    _one("a horse approaches from 50 m to 1 m on the right", sound("horse", (0, -90, 0, 50), (10, -90, 0, 1))),
    _one("a siren is getting nearer from the east", sound("siren", (0, -90, 0, 20), (10, -90, 0, 2))),
    _one(
        "a siren approaches from the front until 4 s",
        sound("siren", (0, 0, 0, 20), (4, 0, 0, 2), end=4),
    ),
    _one("a car drives away", sound("car", (0, 0, 0, 2), (10, 0, 0, 20))),
    _one("a car recedes to the right", sound("car", (0, -90, 0, 2), (10, -90, 0, 20))),
    _one("a car moves away to the left, to 100 m", sound("car", (0, 90, 0, 2), (10, 90, 0, 100))),
    _one("footsteps walk away behind me", sound("footsteps", (0, 180, 0, 2), (10, 180, 0, 20))),
    _one("a bee circles me", sound("bee", (0, 0, 0, 2), (10, 360, 0, 2))),
    _one("a bee circles around my head clockwise", sound("bee", (0, 0, 0, 2), (10, -360, 0, 2))),
    _one("a bee circles twice, very close", sound("bee", (0, 0, 0, 0.5), (10, 720, 0, 0.5))),
    _one("a bee flies around me three times", sound("bee", (0, 0, 0, 2), (10, 1080, 0, 2))),
    _one("a bee circles counterclockwise starting on the right", sound("bee", (0, -90, 0, 2), (10, 270, 0, 2))),
    _one("a drone orbits me at 10 m for 8 s", sound("drone", (0, 0, 0, 10), (8, 360, 0, 10), end=8)),
    _one("a violin moves from left to right", sound("violin", (0, 90, 0, 2), (10, -90, 0, 2))),
    _one("a violin goes from the right to the front", sound("violin", (0, -90, 0, 2), (10, 0, 0, 2))),
    _one("a violin moves from front left to front right", sound("violin", (0, 45, 0, 2), (10, -45, 0, 2))),
    _one("a violin moves from left to right behind me", sound("violin", (0, 90, 0, 2), (10, 270, 0, 2))),
    _one("a voice wanders from the back left to the back right", sound("voice", (0, 135, 0, 2), (10, 225, 0, 2))),
    _one("a cat walks from 30 degrees left to 60 degrees right", sound("cat", (0, 30, 0, 2), (10, -60, 0, 2))),
    _one("a cat runs from 9 o'clock to 12 o'clock", sound("cat", (0, 90, 0, 2), (10, 0, 0, 2))),
    _one("a bird flies from left to right, high up", sound("bird", (0, 90, 45, 2), (10, -90, 45, 2))),
    _one("a bird flies from the west to the north", sound("bird", (0, 90, 0, 2), (10, 0, 0, 2))),
    _one(
        "a ball rolls from left to right from 1 s to 3 s", sound("ball", (1, 90, 0, 2), (3, -90, 0, 2), start=1, end=3)
    ),
    _one("a violin moves from front to back on the left", sound("violin", (0, 0, 0, 2), (10, 180, 0, 2))),
    _one("a violin moves from front to back", sound("violin", (0, 0, 0, 2), (10, 180, 0, 2)), told=("which side",)),
    _one("a rocket rises in front of me", sound("rocket", (0, 0, 0, 2), (10, 0, 60, 2))),
    _one("a stone falls on the left", sound("stone", (0, 90, 60, 2), (10, 90, 0, 2))),
    _one("a car goes from close to far on the left", sound("car", (0, 90, 0, 1), (10, 90, 0, 20))),
    _one("a bus comes from 30 m to 3 m", sound("bus", (0, 0, 0, 30), (10, 0, 0, 3))),
    _one("a dog zigzags across the yard", sound("dog zigzags across the yard"), told=("across the yard",)),
)

LEVELS = (
    _one("a loud dog barks on the left", at("dog barks", 90, level=6)),
    _one("a dog barks very loudly behind", at("dog barks", 180, level=12)),
    _one("quiet music on the right", at("music", -90, level=-6)),
    _one("music plays very softly in front", at("music plays", 0, level=-12)),
    _one("a dog barks at -9 dB on the left", at("dog barks", 90, level=-9)),
    _one("a faint bell", at("bell", 0, level=-6)),
)

AMBIENCE = (
    _one("rain all around", around("rain")),
    _one("rain everywhere", around("rain")),
    _one("rain from all sides", around("rain")),
    _one("wind all around me, quiet", around("wind", level=-6)),
    _one("the sea surrounds me", around("sea")),
    _one("applause from all directions for 4 s", around("applause", end=4)),
    _one("traffic in the background", around("traffic", level=-6)),
    _one("ambient street noise", around("street noise")),
    _one("All around, birds sing", around("birds sing")),
)

SEVERAL = (
    _one(
        "a dog barks on the left, close, from 2 s to 5 s; rain all around; a car passes from right to left behind",
        at("dog barks", 90, 0, 1, start=2, end=5),
        around("rain"),
        passing("car", -100, 100),
    ),
    _one("a dog barks on the left and a cat meows on the right", at("dog barks", 90), at("cat meows", -90)),
    _one("a dog barks on the left, a cat meows on the right", at("dog barks", 90), at("cat meows", -90)),
    _one("a dog barks on the left while a cat meows on the right", at("dog barks", 90), at("cat meows", -90)),
    _one(
        "Rain all around. A dog barks behind me. A clock ticks.",
        around("rain"),
        at("dog barks", 180),
        at("clock ticks", 0),
    ),
    _one("a dog and a cat on the left", at("dog", 90), at("cat", 90)),
    _one("rain and wind all around", around("rain"), around("wind")),
    _one("dog left, cat right, bird above", at("dog", 90), at("cat", -90), at("bird", 0, 90)),
    _one("on the left a dog, on the right a cat", at("dog", 90), at("cat", -90)),
    _one("on the left, a dog barks; on the right, a cat meows", at("dog barks", 90), at("cat meows", -90)),
    _one(
        "a dog barks on the left from 2 s to 4 s, and a rooster crows far away on the right from 5 s",
        at("dog barks", 90, start=2, end=4),
        at("rooster crows", -90, 0, 20, start=5),
    ),
    _one(
        "sea waves in front, seagulls above on the left, and a boat horn in the distance at 6 s",
        at("sea waves", 0),
        at("seagulls", 90, 45),
        at("boat horn", 0, 0, 20, start=6, repeat="once"),
    ),
    _one(
        "a fire crackles close in front; an owl hoots far behind; crickets everywhere, quiet",
        at("fire crackles", 0, 0, 1),
        at("owl hoots", 180, 0, 20),
        around("crickets", level=-6),
    ),
    _one(
        "a helicopter flies over from left to right while sirens wail behind",
        passing("helicopter", 90, -90, 2, 10),
        at("sirens wail", 180),
    ),
    _one(
        "a baby cries on the left for 4 s, then a chainsaw starts on the right",
        at("baby cries", 90, end=4),
        at("chainsaw starts", -90, start=4),
    ),
    _one(
        "first a dog barks for 2 s, then a cat meows for 2 s",
        sound("dog barks", end=2),
        sound("cat meows", start=2, end=4),
    ),
    _one("a dog barks on the left\na cat meows on the right", at("dog barks", 90), at("cat meows", -90)),
    _one("a dog barks on the left, and rain", at("dog barks", 90), sound("rain")),
    _one(
        "a man speaks at 11 o'clock, a woman speaks at 1 o'clock, both 1 m away",
        at("man speaks", 30),
        at("woman speaks", -30, 0, 1),
        told=("both",),
    ),
    _one("sound of waves on the left", at("waves", 90)),
    _one("the noise of an engine behind", at("engine", 180)),
    _one("drops of water on the right", at("drops of water", -90)),
)

ROOMS = (
    _one("a dog barks on the left in a room of 6 by 5 by 3 m", at("dog barks", 90), room=Room(size=(6, 5, 3))),
    _one("In a large hall a man speaks in front", at("man speaks", 0), room=Room(size=(30, 20, 10), absorption=0.2)),
    _one("a dog barks in a small room", at("dog barks", 0), room=Room(size=(5, 5, 2.5))),
    _one("a dog barks outdoors", at("dog barks", 0)),
    _one("in the kitchen a dog barks", at("in the kitchen dog barks", 0), told=("in the kitchen",)),
    _one("a bell rings on the left; the listener looks to the right", at("bell rings", 90), listener=Listener(yaw=-90)),
    _one(
        "a bell rings; the listener is turned 30 degrees to the left",
        at("bell rings", 0),
        listener=Listener(yaw=30),
    ),
)

STRANGE = (
    _one("", told=("no sound",)),
    _one("on the left", told=("on the left",)),
    _one("a cat meows to the left of the dog", at("cat meows to the left of the dog", 0), told=("left of the dog",)),
    _one("a cat meows behind the house", at("cat meows behind the house", 0), told=("behind the house",)),
    _one("a cat meows at 45 degrees", at("cat meows", 0), told=("45 degrees",)),
    _one("a cat meows on the left on the right", at("cat meows", 90), told=("on the right",)),
    _one("no dog barks", told=("no dog barks",)),
    _one("a dog barks from 5 s to 2 s", at("dog barks", 0), told=("5 s to 2 s",)),
    _one("a dog barks at 13 o'clock", at("dog barks", 0), told=("13 o'clock",)),
    _one("a dog barks 0 m away", at("dog barks", 0), told=("0 m away",)),
    _one("rain falls on a tin roof", at("rain falls on a tin roof", 0), told=("on a tin roof",)),
)

SENTENCES = (
    *DIRECTIONS,
    *DISTANCES,
    *TIMES,
    *MOTIONS,
    *LEVELS,
    *AMBIENCE,
    *SEVERAL,
    *ROOMS,
    *STRANGE,
)


STRANGERS = (
    _one(
        "Put a barking dog on my left side and a chainsaw far behind me.",
        at("barking dog", 90),
        at("chainsaw", 180, 0, 20),
    ),
    _one(
        "It's raining all around and every now and then thunder rolls in the distance",
        around("raining"),
        at("thunder rolls", 0, 0, 20),
        told=("every now and then",),
    ),
    _one("helicopter circling overhead", sound("helicopter", (0, 0, 90, 2), (10, 360, 90, 2))),
    _one("A rooster to the left, two metres away, crowing three times.", at("rooster crowing", 90), told=("3 times",)),
    _one("baby crying 1.5m to my right", at("baby crying", -90, 0, 1.5)),
    _one("someone sneezes right behind me", at("someone sneezes", 180)),
    _one(
        "sea waves in front of me, seagulls above, kids playing far to the right",
        at("sea waves", 0),
        at("seagulls", 0, 90),
        at("kids playing", -90, 0, 20),
    ),
    _one("clock ticking at 2 o'clock, 50cm away", at("clock ticking", -60, 0, 0.5)),
    _one("At 5 seconds a door slams on the right.", at("door slams", -90, start=5, repeat="once")),
    _one("a motorcycle comes from behind and overtakes me on the left", at("motorcycle", 180), told=("overtakes",)),
    _one(
        "ambulance approaching from the left, then driving away to the right",
        sound("ambulance", (0, 90, 0, 20), (10, 90, 0, 2)),
        told=("driving away",),
    ),
    _one(
        "footsteps going from the left to the right behind me between 3 s and 8 s",
        sound("footsteps", (3, 90, 0, 2), (8, 270, 0, 2), start=3, end=8),
    ),
    _one("crackling fire, close, in front, softly", at("crackling fire", 0, 0, 1, level=-6)),
    _one("a train passes from left to right at a distance of 30 metres, loud", passing("train", 80, -80, 30, level=6)),
    _one("wind everywhere; an owl hoots at azimuth 135", around("wind"), at("owl hoots", 135)),
    _one("Rain. Thunder in the northwest.", sound("rain"), at("thunder", 45)),
    _one("a plane flies overhead from behind me to the front", passing("plane", 180, 0, 2, 10)),
    _one("bird song from the upper left", at("bird song", 90, 45)),
    _one("a dog barks, moving from the left to the right", sound("dog barks", (0, 90, 0, 2), (10, -90, 0, 2))),
    _one("a mosquito buzzing around my head", at("mosquito buzzing around my head", 0), told=("around my head",)),
    _one("a phone rings in the next room on the left", at("phone rings in the next room", 90), told=("next room",)),
    _one(
        "a car starts on the left and drives away to the right",
        at("car starts", 90),
        told=("drives away",),
    ),
    _one("church bells in the distance behind us for the first five seconds", at("church bells", 180, 0, 20, end=5)),
    _one("45 degrees to the left: a cello. 45 degrees to the right: a viola.", at("cello", 45), at("viola", -45)),
    _one("a child laughs close to my left ear", at("child laughs", 90, 0, 0.5)),
    _one("There's a stream below me to the right.", at("stream", -90, -45)),
    _one(
        "a guitar on the left, a bass in the middle, drums on the right, all 3 m away",
        at("guitar", 90),
        at("bass", 0),
        at("drums", -90, 0, 3),
        told=("all",),
    ),
    _one("20 second scene: chainsaw on the right from 5 to 15 s", at("chainsaw", -90, start=5, end=15), duration=20),
    _one("a dog barks and then, after 4 seconds, a cat meows", sound("dog barks"), sound("cat meows", start=4)),
    _one("a helicopter takes off in front of me", at("helicopter takes off", 0), told=("off",)),
    _one(
        "The wind howls softly all around me while a fire crackles one metre in front.",
        around("wind howls", level=-6),
        at("fire crackles", 0, 0, 1),
    ),
    _one("waves crashing ahead, 10 m", at("waves crashing", 0, 0, 10)),
    _one("left 30 degrees, a violin", at("violin", 30)),
    _one("a siren from far away gets closer and closer on the right", sound("siren", (0, -90, 0, 20), (10, -90, 0, 2))),
    _one(
        "a person sneezes at 2s and again at 6s",
        at("person sneezes", 0, start=2, repeat="once"),
        at("person sneezes", 0, start=6, repeat="once"),
        told=("again",),
    ),
    _one("a dog barking in the north east, twenty metres away", at("dog barking", -45, 0, 20)),
    _one("a baby cries upstairs on the left", at("baby cries upstairs", 90), told=("upstairs",)),
    _one("loud rain on the roof above", at("rain on the roof", 0, 90, level=6), told=("on the roof",)),
    _one("a voice whispers in my right ear", at("voice whispers", -90, 0, 0.5)),
    _one(
        "a drone hovers 10 m above me then descends",
        at("drone hovers", 0, 90, 10),
        told=("descends",),
    ),
)
"""Forty more, written as a stranger would after the grammar stood, and measured before it was mended."""


LATER = (
    _one(
        "a chainsaw roars to the right, 8 metres away, starting at second 3", at("chainsaw roars", -90, 0, 8, start=3)
    ),
    _one("two babies crying, one on the left, one on the right", at("two babies crying", 90), told=("one",)),
    _one("gentle rain all around, very quiet", around("gentle rain", level=-12)),
    _one("The rooster crows at 7 o'clock.", at("rooster crows", 150)),
    _one(
        "helicopter from left to right, above, in 10 seconds",
        passing("helicopter", 90, -90, 2, 10),
        told=("in 10 seconds",),
    ),
    _one("a ticking clock right in front of my face", at("ticking clock", 0)),
    _one("waves on the left and waves on the right", at("waves", 90), at("waves", -90)),
    _one("someone knocks twice behind me", at("someone knocks", 180), told=("2 times",)),
    _one("a fly buzzing around me", at("fly buzzing around me", 0), told=("around me",)),
    _one("a tractor passing slowly on the right", passing("tractor slowly", -10, -170), told=("slowly",)),
    _one("at first silence, then a scream behind me", at("scream", 180), told=("then",)),
    _one("dog (left), cat (right)", at("dog", 90), at("cat", -90)),
    _one("dog - left; cat - right", at("dog", 90), at("cat", -90)),
    _one("a sneeze, 4s, right", at("sneeze", -90), told=("4s",)),
    _one("the dog is on my left and the cat is on my right", at("dog", 90), at("cat", -90)),
    _one("on the left there is a waterfall; on the right, birds", at("waterfall", 90), at("birds", -90)),
    _one("a jet passes high above from right to left", passing("jet", -90, 90, 2, 10)),
    _one(
        "I am standing in a large room and a man coughs to the left",
        at("standing in large room man coughs", 90),
        told=("standing",),
    ),
    _one("a bird flies from my left ear to my right ear", at("bird flies", 0), told=("ear",)),
    _one("an ambulance passes from the far left to the far right", passing("ambulance", 80, -80)),
    _one("thunder, 2 km away, at the 8 second mark", at("thunder", 0, 0, 2000), told=("8 second mark",)),
    _one("a dog barks at azimuth 90 degrees at 3 m from 1 s to 2 s", at("dog barks", 90, 0, 3, start=1, end=2)),
    _one("fire crackling at my feet", at("fire crackling", 0, -90)),
    _one("a crow caws from the tree on the left", at("crow caws from the tree", 90), told=("from the tree",)),
    _one("baby cries behind and to the left", at("baby cries", 135)),
    _one(
        "slowly approaching footsteps from behind",
        sound("slowly footsteps", (0, 180, 0, 20), (10, 180, 0, 2)),
        told=("slowly",),
    ),
    _one("a car moves to the right", sound("car", (0, 0, 0, 2), (10, -90, 0, 2)), told=("from where",)),
    _one("music in both ears", at("music", 90), at("music", -90)),
    _one("a saw to the left at half volume", at("saw", 90), told=("half volume",)),
    _one(
        "a plane crosses the sky from east to west",
        sound("plane crosses sky", (0, -90, 0, 2), (10, 90, 0, 2)),
    ),
    _one("rain starts at 3 s all around and stops at 8 s", around("rain", start=3, end=8)),
    _one("a dog barks left, 3m, then right, 3m", at("dog barks", 90, 0, 3), told=("right",)),
    _one(
        "the baby in front, the dog behind, the rooster on the left and the rain everywhere",
        at("baby", 0),
        at("dog", 180),
        at("rooster", 90),
        around("rain"),
    ),
    _one(
        "a church bell, 200 m away, north-west, quiet, from 2 s until the end",
        at("church bell", 45, 0, 200, start=2, level=-6),
    ),
    _one("sea on the left side of me, 15 m", at("sea", 90, 0, 15)),
    _one(
        "a woman laughs nearby, slightly to the right, at 1 second",
        at("woman laughs", -20, 0, 1, start=1, repeat="once"),
    ),
    _one("crickets around me and an owl above", around("crickets"), at("owl", 0, 90)),
    _one(
        "a motorbike goes around me once, counterclockwise, for 5 s",
        sound("motorbike", (0, 0, 0, 2), (5, 360, 0, 2), end=5),
    ),
    _one("sneeze at 30 degrees right and 2 m", at("sneeze", -30)),
    _one(
        "a clock ticks to the left, and to the right of it a man snores",
        at("clock ticks", 90),
        at("man snores", 0),
        told=("right of it",),
    ),
)
"""Forty written after that, and measured as they are."""


LAST = (
    _one(
        "Can you put a barking dog on my left and a meowing cat on my right?",
        at("barking dog", 90),
        at("meowing cat", -90),
    ),
    _one("I want to hear a waterfall behind me.", at("waterfall", 180)),
    _one("a bee buzzes past my left ear from back to front", passing("bee", 170, 10, 0.5)),
    _one("footsteps come up behind me and stop", sound("footsteps", (0, 180, 0, 20), (10, 180, 0, 2)), told=("stop",)),
    _one("a train rushes past from left to right, 5 metres in front of me", passing("train", 80, -80, 5)),
    _one("the sound of rain on the roof directly above me", at("rain on the roof", 0, 90), told=("on the roof",)),
    _one("dog barking at my 4 o'clock, about 6 metres", at("dog barking", -120, 0, 6)),
    _one("a door creaks open 3 metres to the right", at("door creaks open", -90, 0, 3)),
    _one("a choir surrounds me", around("choir")),
    _one("wind from the left, quiet at first, then louder", at("wind", 90, level=-6), told=("louder",)),
    _one("a mosquito circles my head for five seconds", sound("mosquito", (0, 0, 0, 2), (5, 360, 0, 2), end=5)),
    _one(
        "a helicopter flies overhead from north to south",
        sound("helicopter", (0, 0, 10, 11.518), (10, 180, 10, 11.518), path="straight"),
    ),
    _one(
        "crickets chirp all around, softly, and an owl hoots somewhere above to the right",
        around("crickets chirp", level=-6),
        at("owl hoots", -90, 45),
    ),
    _one("a baby cries in the next room", at("baby cries in the next room", 0), told=("next room",)),
    _one(
        "three gunshots behind me at 1, 2 and 3 seconds",
        at("three gunshots", 180, start=1, repeat="once"),
        at("three gunshots", 180, start=2, repeat="once"),
        at("three gunshots", 180, start=3, repeat="once"),
    ),
    _one(
        "a phone rings on the table in front of me, 50 cm away",
        at("phone rings on the table", 0, 0, 0.5),
        told=("on the table",),
    ),
    _one("a clock ticks on the wall to my right", at("clock ticks on the wall", -90), told=("on the wall",)),
    _one("thunder rolls from left to right in the distance", sound("thunder", (0, 90, 0, 20), (10, -90, 0, 20))),
    _one("At 0:05 a glass breaks, 1 m to the left.", at("glass breaks", 90, 0, 1, start=5, repeat="once")),
    _one("a man speaks 45 degrees to my right at ear level", at("man speaks", -45)),
    _one("a piano 2 m to the left and 1 m up", at("piano", 90, 26.565, 2.236)),
    _one("a fan hums behind me slightly to the left", at("fan hums", 160)),
    _one(
        "an airplane comes from behind and flies over my head to the front",
        sound("airplane", (0, 180, 10, 11.518), (10, 0, 10, 11.518), path="straight"),
    ),
    _one("a kid laughs while running from my right to my left", sound("kid laughs", (0, -90, 0, 2), (10, 90, 0, 2))),
    _one("heavy rain everywhere except in front", around("heavy rain"), told=("except",)),
    _one("a dog barks on the left then on the right", at("dog barks", 90), told=("right",)),
    _one(
        "birds sing in the trees above, wind rustles all around",
        at("birds sing in the trees", 0, 90),
        around("wind rustles"),
        told=("in the trees",),
    ),
    _one(
        "first a dog barks on the left for 2 seconds, then a cat meows on the right for 3 seconds",
        at("dog barks", 90, end=2),
        at("cat meows", -90, start=2, end=5),
    ),
    _one(
        "a car horn honks twice, far away, on the right",
        at("car horn honks", -90, 0, 20),
        told=("2 times",),
    ),
    _one(
        "a ball rolls from the left to the middle to the right in 6 s",
        sound("ball rolls", (0, 90, 0, 2), (3, 0, 0, 2), (6, -90, 0, 2), end=6),
    ),
    _one(
        "a bell tolls 100 m away in the north-west, every 5 seconds",
        at("bell tolls", 45, 0, 100),
        told=("every 5 seconds",),
    ),
    _one("someone whispers very close behind my left ear", at("someone whispers", 135, 0, 0.5)),
    _one(
        "the sea is on the left, the road is on the right and the kids play in between",
        at("sea", 90),
        at("road", -90),
        at("kids play", 0),
        told=("in between",),
    ),
    _one("a rocket goes straight up in front of me", sound("rocket", (0, 0, 0, 2), (10, 0, 60, 2))),
    _one(
        "a leaf blower approaches from the right, passes behind me and goes away to the left",
        sound("leaf blower", (0, -90, 0, 20), (10, -90, 0, 2)),
        told=("passes",),
    ),
    _one("a church bell rings at 10 degrees left, 20 degrees elevation, 40 m", at("church bell rings", 10, 20, 40)),
    _one("music in the background at -12 dB", around("music", level=-12)),
    _one(
        "It is raining all around. After 5 seconds thunder rumbles behind me.",
        around("raining"),
        at("thunder rumbles", 180, start=5),
    ),
    _one("in a cave, water drips to the right", at("water drips", -90), told=("cave",)),
    _one(
        "in a bathroom of 3 by 2 by 2.5 metres a man sings in front, 1 m away",
        at("man sings", 0, 0, 1),
        room=Room(size=(3, 2, 2.5)),
    ),
    _one("a fire crackles 2 m half right", at("fire crackles", -45)),
    _one("a frog croaks down by my feet to the left", at("frog croaks", 90, -45)),
    _one(
        "an engine idles the whole time on the right while at 4 s a door slams on the left",
        at("engine idles", -90),
        at("door slams", 90, start=4, repeat="once"),
    ),
    _one("a sheep bleats to the south west, 15 m off", at("sheep bleats", 135, 0, 15)),
    _one("a ghost moves around me anticlockwise three times", sound("ghost", (0, 0, 0, 2), (10, 1080, 0, 2))),
    _one(
        "drums, left, loud; guitar, right, quiet; singer, centre",
        at("drums", 90, level=6),
        at("guitar", -90, level=-6),
        at("singer", 0),
    ),
    _one("a tap drips between 3 and 7 seconds on the lower left", at("tap drips", 90, -45, start=3, end=7)),
    _one("hens cluck around the house", at("hens cluck around the house", 0), told=("house",)),
    _one("a plane high above, very far away", at("plane", 0, 90, 50)),
    _one(
        "a mouse runs along the wall from front left to back left",
        sound("mouse along the wall", (0, 45, 0, 2), (10, 135, 0, 2)),
        told=("along the wall",),
    ),
    _one("an alarm goes off at 6 s behind me and keeps going", at("alarm goes off", 180, start=6), told=("keeps",)),
    _one("a person 5 ft in front of me snores", at("person snores", 0, 0, 1.524)),
    _one(
        "a swarm of bees comes closer from the left, starting 30 m away",
        sound("swarm of bees", (0, 90, 0, 30), (10, 90, 0, 2)),
    ),
    _one("snoring below me, to the right", at("snoring", -90, -45)),
    _one("a siren fades away to the right", sound("siren", (0, -90, 0, 2), (10, -90, 0, 20))),
    _one("keyboard typing twenty degrees to the left of centre", at("keyboard typing", 20)),
    _one(
        "wolves howl from the left, from the right and from behind",
        at("wolves howl", 90),
        at("wolves howl", -90),
        at("wolves howl", 180),
    ),
    _one("a washing machine to the left, behind a door", at("washing machine", 90), told=("behind a door",)),
    _one(
        "a train goes from the far left to the far right in 8 seconds",
        sound("train", (0, 90, 0, 20), (8, -90, 0, 20), end=8),
    ),
    _one("sirens pan from left to right over 5 seconds", sound("sirens", (0, 90, 0, 2), (5, -90, 0, 2), end=5)),
)
"""Sixty more, written after all that by one who had read how it is used and not how it works."""
