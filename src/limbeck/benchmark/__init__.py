"""A comparison stated in one file: jobs, local processes, tables. Recipes are TOML; see ``limbeck list recipes``."""

from limbeck.benchmark.plan import Line
from limbeck.benchmark.recipe import Data, Recipe, Row, Size
from limbeck.benchmark.run import plan, run

__all__ = ["Data", "Line", "Recipe", "Row", "Size", "plan", "run"]
