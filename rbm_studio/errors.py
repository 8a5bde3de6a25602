"""Errors that a person can mend."""

from rbm_studio.plain import plain


class RBMStudioError(ValueError):
    """Something that the user gave or asked for cannot be used; the message says what to do about it.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence; may hold ``{fields}`` as in `str.format`.
    remedy : str
        What would be right, or what to do next; may hold ``{fields}``.
    **fields : object
        The values for the fields.

    Notes
    -----
    The template and its fields are kept apart so that the window can translate the template.
    """

    def __init__(self, problem: str, remedy: str = "", /, **fields: object) -> None:
        self.problem = problem
        self.remedy = remedy
        self.fields = {name: _brief(value) for name, value in fields.items()}
        super().__init__(" ".join(part.format(**self.fields) for part in (problem, remedy) if part))


_LONGEST = 500
"""Characters of a name or a value out of a file; a message that holds more is none."""


class _Shortened(str):
    """Text in the place of a value, whatever the message's format would make of that: ``{count:,}`` takes no text."""

    __slots__ = ()

    def __format__(self, _spec: str) -> str:
        return str(self)


def _brief(value: object) -> object:
    """Return what a message holds: itself, or its text where that is long or would not stay in its line."""
    if isinstance(value, RBMStudioError):
        return value
    try:
        text = str(value)
    except ValueError:
        # Python does not write whole numbers of more than 4,300 digits.
        return _Shortened("a number of thousands of digits")
    if text == "":
        return "(without a name)"
    short = plain(text, _LONGEST)
    return value if short == text else _Shortened(short)
