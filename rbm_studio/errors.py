"""Errors that a person can mend."""


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
        self.fields = fields
        super().__init__(" ".join(part.format(**fields) for part in (problem, remedy) if part))
