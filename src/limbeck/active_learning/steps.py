"""What a person does in a studio, step by step, and what all steps together come to.

A step says what was done, in words and recordings, never in positions: it means the same to another tab, and after the
index has grown. The state is what the steps that were not undone come to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from limbeck._config import Config
from limbeck.errors import InputError
from limbeck.prototypes import Piece

Key = tuple[str, float]
"""A window wherever its recording lies: the SHA-256 of the recording (or its path) and the beginning in seconds."""


def key(piece: Piece) -> Key:
    """The name of a window that stays when its recording moves.

    Example:
        >>> key(Piece(path="/a.wav", start_s=1.00001, sha256="ab"))
        ('ab', 1.0)
    """
    return piece.sha256 or piece.path, round(piece.start_s, 2)


@dataclass(frozen=True)
class Word:
    """A word: what the encoder reads instead of it (may be empty), and the least score, 0 to 1, of a sound of it."""

    description: str = ""
    threshold: float | None = None


@dataclass(frozen=True)
class Verdict:
    """What was said of a window: the word it is, words it is not, or words that it is one of."""

    piece: Piece
    word: str | None = None
    others: frozenset[str] = frozenset()
    among: frozenset[str] = frozenset()

    def denies(self, word: str) -> bool:
        """Tell whether it is not this word, because that was said or because it is another.

        Example:
            >>> crow = Verdict(Piece(path="/a.wav"), "crow")
            >>> crow.denies("rain"), crow.denies("crow")
            (True, False)
        """
        may_be = {self.word} if self.word is not None else self.among
        return word in self.others or bool(may_be and word not in may_be)


@dataclass(frozen=True)
class State:
    """Words in their order, and verdicts on windows."""

    words: Mapping[str, Word] = field(default_factory=dict)
    verdicts: Mapping[Key, Verdict] = field(default_factory=dict)


class Add(Config):
    """A word is added, or an old one gets another description."""

    do: Literal["add"] = "add"
    word: str = Field(default="", max_length=200)
    description: str = Field(default="", max_length=2000)

    def apply(self, state: State) -> State:
        """The state after it."""
        _filled(self.word)
        others = {word.casefold(): word for word in state.words if word != self.word}
        if self.word.casefold() in others:
            raise InputError(
                f"There is a word {others[self.word.casefold()]!r} already; give another word, or describe that one."
            )
        word = replace(state.words.get(self.word, Word()), description=self.description)
        return replace(state, words={**state.words, self.word: word})


class Rename(Config):
    """A word gets another name and keeps its place, its description and all that was said of it."""

    do: Literal["rename"] = "rename"
    word: str = ""
    name: str = Field(default="", max_length=200)

    def apply(self, state: State) -> State:
        """The state after it."""
        _known(state, self.word)
        _filled(self.name)
        if self.name.casefold() in {word.casefold() for word in state.words if word != self.word}:
            raise InputError(f"There is a word {self.name!r} already; choose another name, or drop one of the two.")
        new = {word: self.name if word == self.word else word for word in state.words}
        words = {new[word]: said for word, said in state.words.items()}
        # What the encoder read stays what it reads.
        words[self.name] = replace(words[self.name], description=words[self.name].description or self.word)
        return State(words, {k: _renamed(verdict, new) for k, verdict in state.verdicts.items()})


class Drop(Config):
    """A word goes, with all that was said of it."""

    do: Literal["drop"] = "drop"
    word: str = ""

    def apply(self, state: State) -> State:
        """The state after it."""
        _known(state, self.word)
        new = {word: word for word in state.words if word != self.word}
        kept = {k: _renamed(verdict, new) for k, verdict in state.verdicts.items()}
        return State(
            {word: state.words[word] for word in new},
            {k: verdict for k, verdict in kept.items() if verdict.word or verdict.others or verdict.among},
        )


class Split(Config):
    """A word gives its place to several others, with their descriptions, which find their windows anew.

    What was said to be the word is one of them and waits to be told apart; what was said not to be it is none of them.
    """

    do: Literal["split"] = "split"
    word: str = ""
    into: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=dict, max_length=50
    )

    def apply(self, state: State) -> State:
        """The state after it."""
        _known(state, self.word)
        if len(self.into) < 2:
            raise InputError("A word is split into two or more; give them with ; between: blackbird; crow.")
        there = {word.casefold() for word in state.words if word != self.word}
        if clash := [word for word in self.into if word.casefold() in there]:
            raise InputError(f"There is a word {clash[0]!r} already; split {self.word!r} into others.")
        words: dict[str, Word] = {}
        for word, about in state.words.items():
            if word != self.word:
                words[word] = about
                continue
            for part, description in self.into.items():
                words = dict(Add(word=part, description=description).apply(State(words)).words)
        parts = frozenset(self.into)

        def parted(words: frozenset[str]) -> frozenset[str]:
            return words - {self.word} | parts if self.word in words else words

        verdicts = {}
        for k, v in state.verdicts.items():
            said = replace(v, others=parted(v.others), among=parted(v.among))
            verdicts[k] = replace(said, word=None, among=parts) if v.word == self.word else said
        return State(words, verdicts)


class Judge(Config):
    """Windows are a word, or are not, or nothing is said of them any more where `yes` is None."""

    do: Literal["judge"] = "judge"
    word: str = ""
    yes: bool | None = True
    windows: tuple[Piece, ...] = Field(default=(), max_length=20_000)

    def apply(self, state: State) -> State:
        """The state after it."""
        if self.yes is not None:
            _known(state, self.word)
        if not self.windows:
            raise InputError("There is no window to say something of; choose one.")
        verdicts = dict(state.verdicts)
        for piece in self.windows:
            before = verdicts.pop(key(piece), Verdict(piece))
            if self.yes:
                verdicts[key(piece)] = Verdict(piece, self.word, before.others - {self.word})
            elif self.yes is False:
                word = None if before.word == self.word else before.word
                others, among = before.others | {self.word}, before.among - {self.word}
                verdicts[key(piece)] = Verdict(before.piece, word, others, among)
        return replace(state, verdicts=verdicts)


class Limit(Config):
    """The least score, from 0 to 1, of sounds that get a word; None takes it away."""

    do: Literal["limit"] = "limit"
    word: str = ""
    threshold: float | None = Field(default=None, ge=0, le=1)

    def apply(self, state: State) -> State:
        """The state after it."""
        _known(state, self.word)
        return replace(
            state, words={**state.words, self.word: replace(state.words[self.word], threshold=self.threshold)}
        )


class Take(Config):
    """Words and verdicts are taken from a classifier that was learned or corrected elsewhere, in place of all others.

    Nothing before it can be undone.
    """

    do: Literal["take"] = "take"
    words: dict[str, str] = Field(default_factory=dict)
    thresholds: dict[str, float] = Field(default_factory=dict)
    yes: tuple[tuple[str, Piece], ...] = ()
    no: tuple[tuple[str, Piece], ...] = ()

    def apply(self, state: State) -> State:
        """The state after it."""
        words = {word: Word(about, self.thresholds.get(word)) for word, about in self.words.items()}
        taken = State(words)
        for yes, said in ((False, self.no), (True, self.yes)):
            for word, piece in said:
                if word in words:
                    taken = Judge(word=word, yes=yes, windows=(piece,)).apply(taken)
        return taken


class Undo(Config):
    """The last step that was not undone is undone."""

    do: Literal["undo"] = "undo"


Made = Add | Rename | Drop | Split | Judge | Limit | Take
"""A step that changes the state by itself."""
Step = Made | Undo
_STEP: TypeAdapter[Step] = TypeAdapter(Annotated[Step, Field(discriminator="do")])


def step_of(content: object) -> Step:
    """Read a step from JSON-able data.

    Raises:
        InputError: It is none.
    """
    try:
        return _STEP.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"No step of a studio: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


def standing(steps: Iterable[Step]) -> list[Made]:
    """The steps that were not undone.

    Example:
        >>> [step.do for step in standing([Add(word="rain"), Add(word="dog"), Undo(), Undo(), Undo()])]
        []
    """
    kept: list[Made] = []
    for step in steps:
        if not isinstance(step, Undo):
            kept.append(step)
        elif kept and not isinstance(kept[-1], Take):
            kept.pop()
    return kept


def state_after(steps: Iterable[Step]) -> State:
    """What steps come to, one after the other, those undone left out.

    Example:
        >>> rain = Piece(path="/a.wav")
        >>> steps = [Add(word="rain"), Judge(word="rain", windows=(rain,)), Rename(word="rain", name="drizzle")]
        >>> [verdict.word for verdict in state_after(steps).verdicts.values()]
        ['drizzle']
        >>> list(state_after([*steps, Undo()]).words)
        ['rain']
    """
    state = State()
    for step in standing(steps):
        state = step.apply(state)
    return state


def _filled(word: str) -> None:
    if not word.strip():
        raise InputError("A word is empty; type one, such as rain.")


def _known(state: State, word: str) -> None:
    if word not in state.words:
        raise InputError(f"There is no word {word!r} (any more); known: {', '.join(state.words) or 'none'}.")


def _renamed(verdict: Verdict, new: Mapping[str, str]) -> Verdict:
    others, among = (frozenset(new[word] for word in words if word in new) for words in (verdict.others, verdict.among))
    return Verdict(verdict.piece, None if verdict.word is None else new.get(verdict.word), others, among)
