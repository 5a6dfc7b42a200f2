"""``limbeck spatial``: sounds around a listener, from a sentence to a file whose directions were measured."""

from limbeck.cli import _output
from limbeck.cli.spatial import convert, fill, from_video, learn, measure, page, render, scene, selftest

__all__ = ["app"]

EXAMPLES = (
    'limbeck spatial scene "a dog barks on the left; rain all around" --out scene.toml',
    "limbeck spatial fill scene.toml --from index/",
    "limbeck spatial render scene.toml --to foa,binaural --out out/",
    "limbeck spatial page out/ --out page/",
)

app = _output.group(
    [scene, fill, render, measure, page, convert, selftest, from_video, learn],
    "Sound with a direction: a sentence becomes a scene, your recordings its sounds, and both a file for headphones.",
    EXAMPLES,
)
