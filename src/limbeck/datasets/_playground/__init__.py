"""The generator behind the `playground` dataset: things, their sounds, and the stage."""
