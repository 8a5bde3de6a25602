"""``rbm-studio evaluate``: all that can be measured about a saved model."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.commands.certainty import Certainty, chains_in_words, error_in_words
from rbm_studio.commands.datasets import add_data_options, as_rows, evenly_spaced, open_images_for, printable
from rbm_studio.commands.provenance import provenance_as_json, provenance_lines
from rbm_studio.commands.setting_options import seed
from rbm_studio.commands.terminal import INTERRUPTED, Interruption, ProgressBar
from rbm_studio.core.annealing import MAX_CHAINS, MAX_TEMPERATURES
from rbm_studio.core.evaluation import evaluate as evaluate_model
from rbm_studio.core.likelihood import Cancelled
from rbm_studio.core.metric_data import MetricData
from rbm_studio.core.settings import BINARISATION_NAMES, TrainingSettings, check_count
from rbm_studio.errors import RBMStudioError
from rbm_studio.model_import import import_model

if TYPE_CHECKING:
    import argparse

    import numpy.typing as npt

    from rbm_studio.commands.datasets import Shown
    from rbm_studio.core.evaluation import Figure
    from rbm_studio.storage.model_file import SavedModel

BATCH_SIZE = 1000
IMAGES = 10_000
WITHIN, MOST_TEMPERATURES = 1.0, 20_000


def add_evaluate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "evaluate",
        help="measure all that can be measured about a saved model",
        description="Print a table of all that can be measured about a saved model: reconstruction, pseudo-likelihood, "
        "free energies, and the log-likelihood: exact up to 25 hidden units, else estimated by annealed "
        "importance sampling (AIS), which flatters the model, and in reverse. These two bracket the truth, and are "
        "taken again with twice as many temperatures until they are as close together as asked for. Beside an estimate "
        "stands how many of the chains carry it (Kong 1992): with few of them, its error is a guess.",
        epilog="In JSON each figure has: name, title, value, standard_error (nats; null if exact, or of one chain), "
        "unit, note; data and binarisation, in words; split (training or test) and count (how many images), null "
        "where it is of none; and, null where nothing was annealed: effective_chains (how many chains of equal weight "
        "would be as certain), chains, temperatures. bracket has lower, upper and width (with an error of each), in "
        "nats, of the test images' log-likelihood, inverted, within (asked for), narrow (reached), temperatures; "
        "warnings are sentences.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model: .safetensors, .npz, .pkl or .rbmx")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    add_data_options(parser)
    parser.add_argument(
        "--images",
        type=int,
        default=IMAGES,
        metavar="N",
        help="measure on at most so many training and test images, evenly spaced (default: %(default)s)",
    )
    parser.add_argument(
        "--binarisation",
        choices=BINARISATION_NAMES,
        help="how the images are shown to the model (default: as in its training); what needs binary images is "
        "measured on thresholded ones where they are grey",
    )
    parser.add_argument(
        "--threshold", type=float, metavar="X", help="grey values above it are on (default: as in its training)"
    )
    parser.add_argument(
        "--batch-size", type=int, default=BATCH_SIZE, metavar="N", help="B in the article's KL (default: %(default)s)"
    )
    parser.add_argument(
        "--chains",
        type=int,
        default=100,
        metavar="N",
        help="chains of AIS, in each direction (default: %(default)s)",
    )
    parser.add_argument(
        "--temperatures",
        type=int,
        default=5000,
        metavar="N",
        help="steps between independent pixels and the model, for AIS, to begin with (default: %(default)s)",
    )
    parser.add_argument(
        "--within",
        type=float,
        default=WITHIN,
        metavar="NATS",
        help="double the temperatures until AIS and its reverse are so close together, with their errors, on the test "
        "images; inf: take what --temperatures gives (default: %(default)s)",
    )
    parser.add_argument(
        "--most-temperatures",
        type=int,
        default=MOST_TEMPERATURES,
        metavar="N",
        help="but not above so many, or above --temperatures where these are more (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="of all that is random; “random” draws one, and says which (default: %(default)s)",
    )
    parser.set_defaults(run=evaluate)


def evaluate(options: argparse.Namespace) -> int:
    """Run ``rbm-studio evaluate``; return the exit status."""
    check_count("number of images", options.images, 1, 2**31)
    check_count("number of chains", options.chains, 1, MAX_CHAINS)
    check_count("number of temperatures", options.temperatures, 1, MAX_TEMPERATURES)
    check_count("highest number of temperatures", options.most_temperatures, 1, MAX_TEMPERATURES)
    if not options.within > 0:
        raise RBMStudioError(
            "The bracket is to be narrower than {within:g} nats.",
            "Give a width above 0, or inf for the first bracket, however wide.",
            within=options.within,
        )
    model = import_model(options.model)
    shown = open_images_for(model, options)
    dataset = shown.dataset
    training = _data("training", dataset.train_images, dataset.train_labels, model, options)
    test = _data("test", dataset.test_images, dataset.test_labels, model, options)
    with ProgressBar(not options.no_progress, lines=True) as bar, Interruption() as interruption:
        try:
            # What overflows is told by a dash in the table.
            with np.errstate(over="ignore", invalid="ignore"):
                figures = evaluate_model(
                    model.parameters,
                    test,
                    training,
                    chains=options.chains,
                    temperatures=options.temperatures,
                    within=options.within,
                    most_temperatures=options.most_temperatures,
                    seed=options.seed,
                    progress=lambda what, part: bar.show(part, what),
                    cancelled=lambda: interruption.is_wanted,
                )
        except Cancelled:
            return INTERRUPTED
    certainty = Certainty.of(figures, options.within)
    write = _as_json if options.json else _as_table
    print(write(options.model, model, shown, figures, certainty))
    return 0


def _data(
    part: str,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.uint8] | None,
    model: SavedModel,
    options: argparse.Namespace,
) -> MetricData:
    rows = evenly_spaced(len(images), options.images)
    of = f" of {len(images):,}" if len(rows) < len(images) else ""
    given = {name: getattr(options, name) for name in ("binarisation", "threshold", "batch_size", "seed")}
    # What is wrong with them, the settings know.
    shown = replace(
        model.settings or TrainingSettings(), **{n: value for n, value in given.items() if value is not None}
    )
    return MetricData(
        as_rows(images)[rows],
        None if labels is None else labels[rows],
        name=f"{len(rows):,}{of} {part} images",
        binarisation=shown.binarisation,
        threshold=shown.threshold,
        seed=shown.seed,
        batch_size=shown.batch_size,
        settings=model.settings,
    )


def _as_json(path: Path, model: SavedModel, shown: Shown, figures: list[Figure], certainty: Certainty | None) -> str:
    p = model.parameters

    def of(figure: dict[str, Any]) -> dict[str, Any]:
        # JSON has no infinity, which is the error of a single chain.
        return {name: None if _is_infinite(value) else value for name, value in figure.items()}

    return json.dumps(
        {
            "model": str(path),
            "visible_units": p.visible_num,
            "hidden_units": p.hidden_num,
            "label_units": p.label_num,
            "epochs": model.history[-1].epoch if model.history else None,
            "settings": model.settings.as_dict() if model.settings else None,
            **provenance_as_json(model, shown),
            "figures": [of(figure.as_dict()) for figure in figures],
            "bracket": of(certainty.as_dict()) if certainty else None,
            "warnings": certainty.warnings() if certainty else [],
        },
        indent=2,
    )


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _as_table(path: Path, model: SavedModel, shown: Shown, figures: list[Figure], certainty: Certainty | None) -> str:
    p = model.parameters
    labels = f", {p.label_num} label" if p.label_num else ""
    lines = [f"{path}: {p.visible_num} visible, {p.hidden_num} hidden{labels} units"]
    if model.settings is not None and model.history:
        lines[0] += f"; {model.settings.preset}, {model.history[-1].epoch:g} epochs"
    lines += provenance_lines(model, shown)
    rows = [
        (
            figure.title,
            _value(figure),
            figure.unit,
            ", ".join(filter(None, (figure.data, figure.binarisation, _chains(figure)))),
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines.append("")
    for title, value, unit, images in rows:
        lines.append(f"{title:<{widths[0]}}  {value:>{widths[1]}}  {unit:<{widths[2]}}  {images}".rstrip())
    if certainty is not None:
        lines += ["", *certainty.in_words()]
    return "\n".join(map(printable, lines))


def _value(figure: Figure) -> str:
    if not math.isfinite(figure.value):
        return "–"
    decimals = 2 if abs(figure.value) >= 10 else 4
    error = "" if figure.standard_error is None else f" ± {error_in_words(figure.standard_error)}"
    return f"{figure.value:.{decimals}f}{error}"


def _chains(figure: Figure) -> str:
    if figure.effective_chains is None:
        return ""
    carry = "all" if figure.effective_chains == figure.chains else chains_in_words(figure.effective_chains)
    return f"{carry} of {figure.chains:,} chains effective"
