"""The Dataset panel: which images there are, and how to get others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app import files
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.icons import icon
from rbm_studio.app.image_view import ImageView
from rbm_studio.app.images import grey_image
from rbm_studio.app.missing_images import bring, button_words, in_words
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.data import Dataset, open_dataset
from rbm_studio.data.download import download_mnist
from rbm_studio.data.mnist import find_mnist, read_mnist_folder
from rbm_studio.plain import LONGEST, breakable, folded, plain

if TYPE_CHECKING:
    from pathlib import Path

    from rbm_studio.app.session import Session
    from rbm_studio.app.task import Task

EXAMPLES = 12
EXAMPLE_COLUMNS = 6
_DOWNLOAD, _TASK, _MISSING, _NOTHING = range(4)


class DatasetPanel(QWidget):
    """Names the dataset, shows examples of it, and opens or downloads others.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._name = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._name.setObjectName("heading")
        self._counts = QLabel()
        self._counts.setWordWrap(True)
        self._source = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._examples = ImageView()
        self._examples.setMinimumHeight(8 * GRID)
        self._examples.setToolTip(self.tr("Examples of the training images"))
        self._examples.setAccessibleName(self.tr("Example images"))
        self._open = QToolButton()
        self._download = QPushButton(icon("download"), self.tr("Download full MNIST (11 MB)…"))
        self._bring = QPushButton(icon("open"), "")
        self._missing = QLabel()
        self._picture = QStackedWidget()
        self._bar = QProgressBar()
        self._cancel = QPushButton(self.tr("Cancel"))
        self._bottom = QStackedWidget()
        self._arrange()
        self._connect()
        self.refresh()
        self._show_task()

    def _arrange(self) -> None:
        self._open.setText(self.tr("Open…"))
        self._open.setIcon(icon("open"))
        self._open.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._open.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._open.setToolTip(self.tr("Open images of your own: IDX (plain or .gz), .npz, .npy, or a folder (Ctrl+D)"))
        menu = QMenu(self._open)
        menu.addAction(self.tr("File…"), self.open_file)
        menu.addAction(self.tr("Folder…"), self.open_folder)
        self._open.setMenu(menu)
        self._download.setToolTip(self.tr("Download all 70,000 digits once, and keep them on this computer"))
        self._cancel.setToolTip(self.tr("Stop this; the images that were there stay"))
        self._missing.setWordWrap(True)
        self._missing.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        # Its text needs more room than there may be on a small screen: the window must not grow for it.
        self._missing.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._bring.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._picture.setMinimumHeight(8 * GRID)
        for each in (self._examples, self._missing):
            self._picture.addWidget(each)
        task = QWidget()
        row = QHBoxLayout(task)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        # The pages keep their room when they are empty, so that nothing jumps.
        for page in (self._download, task, self._bring, QWidget()):
            self._bottom.addWidget(page)
        self._bottom.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        header = QHBoxLayout()
        header.addWidget(self._name, 1)
        header.addWidget(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID // 2)
        column.addLayout(header)
        column.addWidget(self._counts)
        column.addWidget(self._source)
        column.addWidget(self._picture, 1)
        column.addWidget(self._bottom)

    def _connect(self) -> None:
        self._download.clicked.connect(self.download)
        self._cancel.clicked.connect(self._cancel_task)
        self._bring.clicked.connect(self._bring_missing)
        self._session.documents.missing_changed.connect(self.refresh)
        self._session.images_changed.connect(self.refresh)
        self._session.task_changed.connect(self._show_task)
        self._session.run_state_changed.connect(self._show_task)

    # --- what the buttons and the menus do

    def load_mnist(self) -> None:
        """Look for MNIST on this computer."""
        self._session.load(self.tr("Looking for MNIST"), lambda _task: find_mnist())

    def open_path(self, path: Path) -> None:
        """Open a file or a folder of images."""
        self._session.load(self.tr("Opening {0}").format(path.name), lambda _task: open_dataset(path))

    def open_file(self) -> None:
        """Ask for a file of images."""
        pattern = self.tr("Images (*.gz *ubyte *.idx *.npz *.npy);;All files (*)")
        files.ask_to_open(self, self.tr("Open images"), pattern, self.open_path)

    def open_folder(self) -> None:
        """Ask for a folder that holds MNIST's files."""
        files.ask_for_folder(self, self.tr("Open a folder of images"), self.open_path)

    def download(self) -> None:
        """Download the full MNIST and show it."""

        def fetch(task: Task) -> Dataset:
            return read_mnist_folder(download_mnist(progress=task.report, cancelled=task.cancelled))

        self._session.load(self.tr("Downloading MNIST"), fetch)

    def _bring_missing(self) -> None:
        missing = self._session.documents.missing
        if missing is not None:
            bring(missing, self._session, self)

    def _cancel_task(self) -> None:
        if self._session.task is not None:
            self._session.task.cancel()
            self._cancel.setEnabled(False)

    # --- what is shown

    def refresh(self) -> None:
        """Show the session's dataset."""
        images = self._session.images
        self._show_missing()
        if images is None:
            self._name.set_text(self.tr("No images yet"))
            self._counts.setText(self.tr("Download MNIST, or open images of your own."))
            self._source.set_text("", "")
            self._examples.set_placeholder(self.tr("You can also drop a file here."))
            self._examples.set_image(None)
            self._counts.setVisible(self._session.documents.missing is None)
            self._show_task()
            return
        self._counts.show()
        dataset, number = images.dataset, QLocale().toString
        self._name.set_text(plain(dataset.name, LONGEST))
        counts = self.tr("{train} training, {test} held-out").format(
            train=number(len(images.train)), test=number(len(images.test))
        )
        self._counts.setText(counts + self.tr("; 1 is full ink") if dataset.scale else counts)
        note = "\n".join(filter(None, (dataset.note, dataset.scale)))
        self._source.set_text(self.tr("from {0}").format(plain(dataset.source, 3 * LONGEST)), note)
        self._examples.set_image(grey_image(_examples(dataset)))
        self._show_task()

    def _show_missing(self) -> None:
        """Say in the place of the examples which images the model belongs to, where they are not here."""
        missing = self._session.documents.missing
        self._picture.setCurrentWidget(self._examples if missing is None else self._missing)
        # The words need its room.
        self._source.setVisible(missing is None)
        if missing is None:
            return
        words = in_words(missing, others_are_open=self._session.images is not None)
        self._missing.setText(breakable(words))
        self._missing.setToolTip(folded(words))
        text, tip = button_words(missing)
        self._bring.setText(text.replace("&", "&&"))
        self._bring.setToolTip(folded(tip))

    def _show_task(self) -> None:
        task = self._session.task
        idle = self._session.run_state is RunState.IDLE
        images = self._session.images
        offers_download = images is None or not _is_full_mnist(images.original)
        page = _MISSING if self._session.documents.missing is not None else _DOWNLOAD if offers_download else _NOTHING
        self._bottom.setCurrentIndex(_TASK if task else page)
        for button in (self._open, self._download, self._bring):
            button.setEnabled(idle)
        if task is not None:
            self._cancel.setEnabled(True)
            self._bar.setRange(0, 0)
            self._bar.setFormat(plain(task.title, LONGEST))
            task.progressed.connect(self._show_progress)

    def _show_progress(self, done: int, total: int) -> None:
        self._bar.setRange(0, max(total, 1))
        self._bar.setValue(done)
        self._bar.setFormat(self.tr("{done:.1f} of {total:.1f} MB").format(done=done / 1e6, total=total / 1e6))


def _is_full_mnist(dataset: Dataset) -> bool:
    return dataset.name == "MNIST" and len(dataset.train_images) == 60_000


def _examples(dataset: Dataset) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the first training images as one picture, with a dark line between them."""
    images = dataset.train_images[:EXAMPLES]
    height, width = dataset.image_shape
    columns = min(EXAMPLE_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    picture = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1), dtype=np.uint8)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        top, left = row * (height + 1), column * (width + 1)
        picture[top : top + height, left : left + width] = image
    return picture
