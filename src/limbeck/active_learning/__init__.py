"""Learning with a person: what is said of sounds, learned again at once, and which sound is worth a look next."""

from limbeck.active_learning.learner import NONE, Learner, Naming, changes
from limbeck.active_learning.queue import to_check
from limbeck.active_learning.steps import Judge, State, Verdict, Word, key

__all__ = ["NONE", "Judge", "Learner", "Naming", "State", "Verdict", "Word", "changes", "key", "to_check"]
