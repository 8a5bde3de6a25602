"""Where the data files of ``resources/`` lie, installed or in a checkout."""

from pathlib import Path


def resource(*parts: str) -> Path:
    """Return the path of a data file.

    Parameters
    ----------
    *parts : str
        The path below ``resources/``, for instance ``"icons", "train.svg"``.

    Raises
    ------
    FileNotFoundError
        If the file is missing: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "_resources", package.parent / "resources"):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"RBM Studio's file {'/'.join(parts)} is missing: install the program again.")
