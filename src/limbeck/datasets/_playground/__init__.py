"""The generator behind the `playground` dataset: drawn things, the sounds of their events, and the stage they play on."""
