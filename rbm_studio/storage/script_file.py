"""A run as a Python script that repeats it with the public library, and compares the KL figures to four digits."""

from __future__ import annotations

import platform
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_studio.core.presets import settings_for
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.storage.atomic import write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from rbm_studio.core.metrics import EpochRecord

_OF_EACH_CALL = ("epochs", "batch_size")
_NEVER = "nothing"

_SCRIPT = '''"""Repeats a run of RBM Studio, and compares its KL divergence to four digits.

Run it with: python this_file.py [IMAGES]
IMAGES: other images than those of the run, or where these are now: a file or a folder that RBM Studio opens.
"""

{facts}

{system}

from threadpoolctl import threadpool_limits

from rbm_studio import RBM
from rbm_studio.data import {data}

IMAGES = {images}
DIGEST = {digest}
SIZE = {size}  # height and width that the model saw, in pixels

# Epoch, KL divergence of the training images and of the held-out ones, in nats per pixel.
EXPECTED = """
{figures}
""".split("\\n")[1:-1]


class Until(Exception):
    """The training has come as far as it did in the experiment."""


def figures(record):
    held_out = "-" if record.held_out_kl is None else f"{{record.held_out_kl:.4f}}"
    return f"{{record.epoch:g}} {{record.training_kl:.4f}} {{held_out}}"


def fit(until, **run):
    def follow(at):
        if at.epoch_kl is not None:
            print(figures(rbm.history[-1]), flush=True)
        if at.epochs_trained >= until - 1e-9:
            raise Until

    run |= {{"held_out": held_out, "held_out_labels": held_out_labels, "verbose": False, "progress": follow}}
    try:
        rbm.fit(train, labels, **run)
    except Until:
        pass


dataset = open_dataset(sys.argv[1]) if len(sys.argv) > 1 else {find}
if dataset is None:
    sys.exit("The images are not on this computer: name them after the name of this script.")
if dataset.digest != DIGEST:
    print("# These are not the images of the experiment: the figures will differ.", flush=True)
dataset = dataset.resampled(SIZE)
train = dataset.train_images.reshape(len(dataset.train_images), -1)
held_out = dataset.test_images.reshape(len(dataset.test_images), train.shape[1])
labels, held_out_labels = {labels}

rbm = RBM({model})
rbm.image_shape = SIZE
print("# Epoch, KL divergence, KL divergence of the held-out images", flush=True)
{trainings}

same = [figures(record) for record in rbm.history] == EXPECTED
print("As in the experiment:", "yes" if same else "no")
sys.exit(0 if same else 1)
'''

_FIND = {
    "mnist": "open_dataset(IMAGES) if os.path.exists(IMAGES) else find_mnist()",
    "sample": "sample_dataset()",
    "file": "open_dataset(IMAGES)",
    "": "None",
}


@dataclass(frozen=True)
class Trained:
    """A training, of which a model's life may have several.

    Attributes
    ----------
    settings : TrainingSettings
    begun : float
        How many epochs the model had behind it.
    device : str
        ``"cpu"``, ``"gpu"``, or ``"auto"`` where it was whatever there was.
    threads : int
        That computed, on which the random numbers depend; 0 where that is not known.
    dataset : str
        The name of the images; "" where that is not known.
    """

    settings: TrainingSettings
    begun: float = 0.0
    device: str = "auto"
    threads: int = 0
    dataset: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {"settings": self.settings.as_dict()}

    @classmethod
    def from_dict(cls, about: dict[str, Any]) -> Trained:
        """Return what `as_dict` was called of.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it was not.
        """
        settings = TrainingSettings(**about["settings"])
        begun, threads = float(about["begun"]), int(about["threads"])
        if not 0 <= begun < np.inf or not 0 <= threads <= 4096:
            raise ValueError(about)
        return cls(settings, begun, str(about["device"]), threads, str(about["dataset"]))


@dataclass(frozen=True)
class RunFacts:
    """All that a script needs to repeat a run.

    Attributes
    ----------
    trainings : tuple of Trained
        At least one, the first of an untrained model; the device of each is known.
    history : tuple of EpochRecord
        The epochs to repeat; at least one.
    hidden_num, label_num : int
    image_shape : tuple of int
        (height, width) that the model sees.
    dataset, digest : str
        The name of the images, and their SHA-256.
    version : str
        Of this program.
    images : str
        The file or folder of the images; "" where they have none.
    found : str
        How the script finds them: ``"mnist"``, ``"sample"`` or ``"file"``; "" where its reader must name them.
    notes : tuple of str
        What a reader must know, for the script's head.
    """

    trainings: tuple[Trained, ...]
    history: tuple[EpochRecord, ...]
    hidden_num: int
    label_num: int
    image_shape: tuple[int, int]
    dataset: str
    digest: str
    version: str
    images: str = ""
    found: str = ""
    notes: tuple[str, ...] = ()


def save_script(path: str | os.PathLike[str], run: RunFacts) -> None:
    """Write a Python script that repeats a run with the public library.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    text = script(run)
    write_atomically(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


def script(run: RunFacts) -> str:
    """Return what `save_script` writes."""
    return _SCRIPT.format(
        facts="\n".join(_facts(run)),
        # Names come from the user's disk: as Python writes them nothing in them can be code.
        images=repr(run.images),
        digest=repr(run.digest),
        size=run.image_shape,
        figures="\n".join(_figures(record) for record in run.history),
        system="import os\nimport sys" if run.found == "mnist" else "import sys",
        data={"mnist": "find_mnist, open_dataset", "sample": "open_dataset, sample_dataset"}.get(
            run.found, "open_dataset"
        ),
        find=_FIND[run.found],
        labels="(dataset.train_labels, dataset.test_labels)" if run.label_num else "None, None",
        model=_model(run),
        trainings="\n".join(_trainings(run)),
    )


def _facts(run: RunFacts) -> Iterable[str]:
    programs = f"RBM Studio {run.version}, Python {platform.python_version()}, NumPy {np.__version__}"
    yield f"# Written on {datetime.now().astimezone():%Y-%m-%d %H:%M %z} by {programs},"
    yield f"# on {platform.system()} {platform.machine()}. With the same versions on such a processor the figures are"
    yield "# the same; with others the last digits may differ."
    yield f"# Images: {run.dataset!r}; trained for {run.history[-1].epoch:g} epochs."
    for note in run.notes:
        yield "# " + "".join(letter if letter.isprintable() else "?" for letter in note)


def _figures(record: EpochRecord) -> str:
    held_out = "-" if record.held_out_kl is None else f"{record.held_out_kl:.4f}"
    return f"{record.epoch:g} {record.training_kl:.4f} {held_out}"


def _model(run: RunFacts) -> str:
    settings = run.trainings[0].settings
    own = settings_for(settings.preset, seed=settings.seed)
    named: dict[str, Any] = {"preset": settings.preset, "seed": settings.seed}
    if run.label_num:
        named["labels"] = run.label_num
    named |= _changes(own, settings)
    return f"{run.image_shape[0] * run.image_shape[1]}, {run.hidden_num}, {_named(named)}"


def _trainings(run: RunFacts) -> Iterable[str]:
    before, device, threads = run.trainings[0].settings, _NEVER, -1
    ends = [*(after.begun for after in run.trainings[1:]), run.history[-1].epoch]
    for training, until in zip(run.trainings, ends, strict=True):
        if training.threads and training.threads != threads:
            threads = training.threads
            yield f'threadpool_limits(limits={threads}, user_api="blas")  # the random numbers depend on it'
        if training.device != device and (training.device == "gpu" or device != _NEVER):
            yield f"rbm.use_GPU = {training.device == 'gpu'}"
        device = training.device
        changes = _changes(before, training.settings)
        if changes:
            yield f"rbm.change_settings({_named(changes)})"
        before = training.settings
        yield f"fit({until!r}, epochs={before.epochs}, batch_size={before.batch_size})"


def _changes(before: TrainingSettings, after: TrainingSettings) -> dict[str, Any]:
    values = after.as_dict()
    return {n: v for n, v in values.items() if n not in _OF_EACH_CALL and v != getattr(before, n)}


def _named(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in values.items())
