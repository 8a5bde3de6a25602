"""``rbm-studio reconstruct``: the article's figure, images beside what a saved model makes of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rbm_studio.commands.datasets import add_data_options, as_rows, open_images_for, printable
from rbm_studio.commands.provenance import other_images
from rbm_studio.commands.setting_options import seed
from rbm_studio.core.sampling import reconstruct as restore
from rbm_studio.core.settings import MAX_SEED, check_count
from rbm_studio.model_import import import_model
from rbm_studio.storage.png import save_png

if TYPE_CHECKING:
    import argparse

    import numpy.typing as npt

_PAIRS_A_ROW = 5
_SIDE = 112
"""Images are magnified to about so many pixels, by a whole number."""
_WHITE = 255


def add_reconstruct(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "reconstruct",
        help="write a picture of images beside what a saved model makes of them",
        description="Write the article's figure: test images, each beside the reconstruction from one sample of the "
        "hidden units.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model: .safetensors, .npz, .pkl or .rbmx")
    parser.add_argument(
        "--images", type=int, default=10, metavar="N", help="the first so many test images (default: %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("reconstructions.png"),
        metavar="PATH",
        help="where the PNG goes (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="of the sample; “random” draws one, and says which (default: %(default)s)",
    )
    add_data_options(parser)
    parser.set_defaults(run=reconstruct)


def reconstruct(options: argparse.Namespace) -> int:
    """Run ``rbm-studio reconstruct``; return the exit status."""
    check_count("number of images", options.images, 1, 10_000)
    check_count("seed", options.seed, 0, MAX_SEED)
    model = import_model(options.model)
    shown = open_images_for(model, options)
    images = shown.dataset.examples[: options.images]
    values = as_rows(images).astype(np.float32) / np.float32(255)
    restored = restore(model.parameters, values, np.random.default_rng(options.seed))
    grey = np.rint(restored * 255).astype(np.uint8).reshape(images.shape)
    save_png(options.output, pairs_picture(images, grey))
    others = other_images(model, shown)
    if others:
        print(f"# These are {others}.", file=sys.stderr)
    print(printable(f"# Saved: {options.output}, {len(images)} pairs, input and restored"), file=sys.stderr)
    return 0


def pairs_picture(inputs: npt.NDArray[np.uint8], restored: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a picture of pairs, five a row on white, of images of shape (n, height, width)."""
    count, height, width = inputs.shape
    scale = max(1, _SIDE // max(height, width))
    gap = 4 * scale
    columns = min(count, _PAIRS_A_ROW)
    rows = -(-count // columns)
    pair = 2 * width * scale + scale
    picture = np.full((rows * (height * scale + gap) + gap, columns * (pair + gap) + gap), _WHITE, dtype=np.uint8)
    for place, images in enumerate(zip(inputs, restored, strict=True)):
        top = gap + place // columns * (height * scale + gap)
        left = gap + place % columns * (pair + gap)
        for image in images:
            large = image.repeat(scale, axis=0).repeat(scale, axis=1)
            picture[top : top + height * scale, left : left + width * scale] = large
            left += width * scale + scale
    return picture
