"""The studio: a page on this machine to find sounds, hear them, name them, and correct what was learned."""

from limbeck.errors import package

for _needed in ("starlette", "uvicorn"):
    package("studio", _needed)

from limbeck.studio.server import application, beside, serve  # noqa: E402
from limbeck.studio.session import Session  # noqa: E402

__all__ = ["Session", "application", "beside", "serve"]
