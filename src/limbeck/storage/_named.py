"""A form of storage by name, as settings carry it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from limbeck import _discover
from limbeck._config import Config
from limbeck.errors import InputError
from limbeck.storage._contract import Coder, Storage


class Form(Config):
    """A form of the room, with its options. A name alone may be given for it.

    Attributes:
        name: Name of a form of storage, see ``limbeck list storage``.
        options: Settings of the form that differ from its defaults.

    Example:
        >>> Form(name="coded", options={"picture_quality": 30}).build().picture_quality
        30
    """

    name: str = "float32"
    options: dict[str, Any] = Field(default_factory=dict)

    def build(self) -> Coder:
        """The form's settings object.

        Raises:
            UnknownNameError: No form has this name.
            InputError: The options do not fit it, or it keeps recordings, which pairs in general are not.
        """
        form = _discover.load(Storage, self.name).from_json(self.options)
        if not isinstance(form, Coder):
            raise InputError(
                f"The form {self.name!r} keeps recordings, and pairs of numbers are none; the method 'coded' makes it. "
                "Choose another: float32, uint8 or coded."
            )
        return form

    def named(self) -> Coder:
        """As `build`."""
        return self.build()


def _checked(form: Form) -> Form:
    form.build()
    return form


NamedForm = Annotated[
    Form,
    BeforeValidator(lambda value: {"name": value} if isinstance(value, str) else value),
    AfterValidator(_checked),
    PlainSerializer(lambda form: form.to_json() if form.options else form.name),
]
"""A `Form` as settings carry it: the name alone where there are no options."""
