"""``rbm-studio train``: training without a window."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rbm_studio.commands.datasets import (
    Shown,
    add_data_options,
    as_rows,
    described,
    open_images,
    open_images_for,
    printable,
)
from rbm_studio.commands.provenance import other_images
from rbm_studio.commands.setting_options import add_setting_options, chosen_settings, preset_list
from rbm_studio.commands.terminal import INTERRUPTED, Interruption, ProgressBar
from rbm_studio.core.backend import gpu_problem
from rbm_studio.core.training import TrainingDivergedError
from rbm_studio.errors import RBMStudioError
from rbm_studio.estimator import RBM
from rbm_studio.storage.atomic import check_writable
from rbm_studio.storage.model_file import load_model

if TYPE_CHECKING:
    from rbm_studio.core.training import Progress
    from rbm_studio.data import Dataset

HIDDEN = 64
_WITH_RESUME = ("epochs", "batch_size")
"""The settings that a model's next run may have of its own."""


def add_train(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "train",
        help="train a model without a window, and save it",
        description="Train a model, print the article's lines, and save the model and its learning curve. Ctrl+C ends "
        "the training after the present batch; what was learned is saved, and --resume goes on from there.",
    )
    parser.add_argument("--hidden", type=int, metavar="N", help=f"hidden units (default: {HIDDEN})")
    parser.add_argument(
        "--labels", action="store_true", help="learn the images' classes too, in label units beside the pixels"
    )
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="MODEL",
        help="go on with a saved model: finish the run in which it was saved, or else train it further; its settings "
        "are its own, but for --epochs and --batch-size",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="where to compute (default: a GPU if there is)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("model.safetensors"),
        metavar="PATH",
        help="where the model goes (default: %(default)s)",
    )
    parser.add_argument(
        "--loss",
        type=Path,
        default=Path("loss.dat"),
        metavar="PATH",
        help="where the learning curve goes, as text (default: %(default)s)",
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    parser.add_argument("--list-presets", action="store_true", help="list the presets, and train nothing")
    add_data_options(parser)
    parser.add_argument(
        "--size", type=_size, metavar="HxW", help="make the images so small first, by averaging areas, such as 14x14"
    )
    add_setting_options(parser)
    parser.set_defaults(run=train)


def train(options: argparse.Namespace) -> int:
    """Run ``rbm-studio train``; return the exit status."""
    if options.list_presets:
        print(preset_list())
        return 0
    _check_outputs(options)
    rbm, shown = _resumed(options) if options.resume is not None else _new(options)
    stopped = _fit(rbm, shown, options)
    rbm.image_shape = shown.dataset.image_shape
    if rbm.trained_on is not None:
        rbm.trained_on = described(rbm.trained_on, shown.original)
    rbm.save(options.output)
    rbm.save_loss(options.loss)
    print(printable(f"# Saved: {options.output}, {options.loss}"), file=sys.stderr)
    if stopped is None:
        return 0
    if isinstance(stopped, KeyboardInterrupt):
        return INTERRUPTED
    raise stopped


def _new(options: argparse.Namespace) -> tuple[RBM, Shown]:
    settings = chosen_settings(options)
    # What is wrong with a setting is told before the images are read.
    rbm = RBM(1, HIDDEN if options.hidden is None else options.hidden, **settings)
    original = open_images(options)
    dataset = original if options.size is None else original.resampled(options.size)
    pixels = dataset.image_shape[0] * dataset.image_shape[1]
    rbm = RBM(pixels, rbm.hidden_num, labels=_classes(dataset) if options.labels else 0, **settings)
    return rbm, Shown(dataset, original, None)


def _classes(dataset: Dataset) -> int:
    if dataset.class_num == 0:
        raise RBMStudioError(
            "The classes of the images in {name} are not known.", "Leave --labels away.", name=dataset.name
        )
    return dataset.class_num


def _resumed(options: argparse.Namespace) -> tuple[RBM, Shown]:
    other = [name for name in chosen_settings(options) if name not in _WITH_RESUME]
    other += [name for name in ("hidden", "labels", "size") if getattr(options, name)]
    if other:
        raise RBMStudioError(
            "With --resume, {option} is as in the saved model.",
            "Leave it away, or train a new model.",
            option="--" + other[0].replace("_", "-"),
        )
    saved = load_model(options.resume)
    p = saved.parameters
    rbm = RBM(p.visible_num, p.hidden_num, labels=p.label_num).load(options.resume)
    shown = open_images_for(saved, options)
    others = other_images(saved, shown)
    if others:
        print(f"# These are {others}.", file=sys.stderr)
    return rbm, shown


def _fit(rbm: RBM, shown: Shown, options: argparse.Namespace) -> BaseException | None:
    """Train; return what ended it early, if something did and the model is worth keeping."""
    dataset = shown.dataset
    rbm.use_GPU = options.device == "gpu" or (options.device == "auto" and not gpu_problem())
    run: dict[str, Any] = {name: getattr(options, name) for name in _WITH_RESUME} if options.resume else {}
    with ProgressBar(not options.no_progress) as bar, Interruption() as interruption:

        def after_batch(at: Progress) -> None:
            part = (at.epoch - 1 + at.batch / at.batches) / at.epochs
            bar.show(part, f"epoch {at.epoch}/{at.epochs}, KL {at.kl:.4f}")
            if interruption.is_wanted:
                raise KeyboardInterrupt

        try:
            rbm.fit(
                as_rows(dataset.train_images),
                dataset.train_labels,
                held_out=as_rows(dataset.test_images),
                held_out_labels=dataset.test_labels,
                progress=after_batch,
                # On other images another run begins.
                resume=options.resume is not None and shown.are_its_own is not False,
                **run,
            )
        except (KeyboardInterrupt, TrainingDivergedError, BrokenPipeError) as ended:
            return ended
    return None


def _check_outputs(options: argparse.Namespace) -> None:
    for path in (options.output, options.loss):
        check_writable(path)
    if os.path.realpath(options.output) == os.path.realpath(options.loss):
        raise RBMStudioError(
            "The model and the learning curve would both be written to {name}.",
            "Give --loss another name.",
            name=options.output.name,
        )


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 14x14")
    return int(found[1]), int(found[2])
