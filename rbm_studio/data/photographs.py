"""A picture from outside as ink on black paper: scans and photographs of handwriting too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.data.dataset import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BORDER = 0.04  # of the shorter side
_CLEAN = 0.02  # a border no lighter than this is black already
_GRAIN = 0.15  # of the way from the paper to the ink: what is nearer to the paper is its grain


def ink_of(brightness: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """Return the ink of a picture, light on black as in MNIST, whichever way round the picture is.

    What the border mostly holds is taken for the paper. Where the ink is darker than that, as in a photograph of
    writing on paper, the picture is inverted. Where the paper then is not black, its brightness, which may fall off
    evenly from one side to the other, is taken away, and the ink made white; a picture whose paper is black already
    keeps its values.

    Parameters
    ----------
    brightness : ndarray of shape (height, width), float32
        From 0 (black) to 1 (white).

    Returns
    -------
    ink : ndarray of shape (height, width), float32
        From 0 (paper) to 1.
    inverted : bool
        Whether the picture was dark on light.

    Raises
    ------
    DataError
        If there are no pixels.
    """
    if brightness.size == 0:
        raise DataError("The picture has no pixels.", "Use one that is at least a pixel high and wide.")
    border = _border(brightness.shape)
    inverted = _is_dark_on_light(brightness, brightness[border])
    ink = 1 - brightness if inverted else brightness
    if np.percentile(ink[border], 95) > _CLEAN:
        ink = _without_paper(ink, border)
    return ink, inverted


def _border(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    width = max(round(_BORDER * min(shape)), 1)
    border = np.ones(shape, bool)
    border[width:-width, width:-width] = False
    return border


def _is_dark_on_light(brightness: NDArray[np.float32], border: NDArray[np.float32]) -> bool:
    """Tell whether what differs from the border most is darker than it; of one shade, whether that is light."""
    paper = float(np.median(border))
    darkest, lightest = np.percentile(brightness, [0.2, 99.8])
    if lightest - darkest < _CLEAN:
        return paper > 0.5
    return bool(paper - darkest > lightest - paper)


def _without_paper(ink: NDArray[np.float32], border: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Take the paper away, as an even slope of brightness that is fitted to the border, and stretch the rest."""
    rows, columns = np.indices(ink.shape, dtype=np.float32)
    terms = np.stack([np.ones_like(rows), rows / ink.shape[0], columns / ink.shape[1]], axis=-1)
    usual = np.abs(ink - np.median(ink[border])) <= np.percentile(np.abs(ink[border] - np.median(ink[border])), 90)
    fitted, *_ = np.linalg.lstsq(terms[border & usual], ink[border & usual], rcond=None)
    above = ink - terms @ fitted.astype(np.float32)
    white = float(np.percentile(above, 99.8))
    grain = max(float(np.percentile(above[border], 90)), _GRAIN * white)
    if white - grain < _CLEAN:
        return np.zeros_like(ink)
    stretched: NDArray[np.float32] = np.clip((above - grain) / (white - grain), 0, 1)
    return stretched
