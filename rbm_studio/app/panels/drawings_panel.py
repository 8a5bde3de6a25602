"""The Drawings panel: drawings that were kept, and how surprising each is to the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app import files
from rbm_studio.app.background import Background
from rbm_studio.app.controls import make_tool
from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.numbers import fixed, short
from rbm_studio.app.pairs_view import pairs_picture
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.picture_import import is_for_the_window
from rbm_studio.app.pictures import Picture, PixelPicture
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.app.tray_list import TrayView
from rbm_studio.app.tray_measuring import Measured, Order, TrayMeasuring, in_order
from rbm_studio.app.tray_reading import TrayReading
from rbm_studio.plain import LONGEST, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QImage, QPaintEvent

    from rbm_studio.app.session import Session

INTERVAL_MS = 200
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm")


class DrawingsPanel(QWidget):
    """Cards of the kept drawings, in order of what the model makes of them; live, while the panel is in view.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    updated : Signal()
        Another measurement is shown.
    measured : Measured
        What is shown.
    """

    updated = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.measured = Measured({}, None, 0.0)
        # Whether something changed while the panel was out of sight.
        self._stale = True
        self._measuring = TrayMeasuring()
        self._background = Background("Measuring the kept drawings", INTERVAL_MS, self)
        self._reading = TrayReading(self)
        self._view = TrayView()
        self._order = QComboBox()
        self._to_canvas, self._remove, self._bring_back, self._add = (QToolButton() for _ in range(4))
        self._export = PictureButton(self._pictures, session)
        self._what = ElidedLabel(Qt.TextElideMode.ElideRight)
        self.setAcceptDrops(True)
        self._set_up_controls()
        self._arrange()
        self._connect()
        self._show_kept()

    # --- the controls

    def _set_up_controls(self) -> None:
        self._order.addItem(self.tr("By free energy"), Order.FREE_ENERGY)
        self._order.addItem(self.tr("By reconstruction error"), Order.CROSS_ENTROPY)
        self._order.addItem(self.tr("By time kept"), Order.TIME)
        self._order.setAccessibleName(self.tr("Order of the drawings"))
        self._order.setToolTip(
            self.tr(
                "What the drawings stand in order by, the least first.\n"
                "While the model trains they keep their places as long as the pointer is over them."
            )
        )
        tools = (
            (self._to_canvas, "to_canvas", self.tr("Put on the canvas"), self.tr("Enter, or a double click")),
            (self._remove, "remove", self.tr("Remove"), self.tr("Delete")),
            (self._bring_back, "undo", self.tr("Bring back what was removed"), self.tr("Ctrl+Z")),
            (self._add, "open", self.tr("Add an image file…"), self.tr("or drop some here")),
        )
        for button, name, text, key in tools:
            make_tool(button, name, text, key)
        self._export.setAutoRaise(True)
        self._view.setAccessibleName(self.tr("Kept drawings"))
        self._view.set_placeholder(
            self.tr(
                "How surprising is a drawing to the model?\nDraw something and press Keep (Ctrl+K), or drop image files"
                " here."
            )
        )

    def _arrange(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(GRID // 2)
        order = QLabel(self.tr("Order"))
        order.setBuddy(self._order)
        for widget in (order, self._order, self._to_canvas, self._remove, self._bring_back, self._add):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self._export)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        column.setSpacing(GRID // 2)
        column.addLayout(head)
        column.addWidget(self._view, 1)
        column.addWidget(self._what)

    def _connect(self) -> None:
        session, drawings = self._session, self._session.drawings
        self._order.currentIndexChanged.connect(self._show_order)
        self._to_canvas.clicked.connect(self._put_on_canvas)
        self._remove.clicked.connect(lambda: drawings.remove(self._view.selected()))
        self._bring_back.clicked.connect(self._undo)
        self._add.clicked.connect(self._ask_for_file)
        undo = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self._undo)
        self._view.wanted.connect(drawings.want)
        self._view.unwanted.connect(drawings.remove)
        self._view.pointer_left.connect(self._show_order)
        self._view.selectionModel().selectionChanged.connect(self._offer)
        drawings.kept_changed.connect(self._show_kept)
        self._background.done.connect(self._show)
        self._background.failed.connect(session.failed)
        self._reading.read.connect(self._keep_pictures)
        self._reading.failed.connect(session.failed)
        self._turn = Throttle(INTERVAL_MS, self.refresh, self, at_once=False)
        session.model_changed.connect(self._turn.request)
        session.images_changed.connect(self._turn.request)
        session.settings_changed.connect(self._turn.request)
        session.ending.connect(self._shut_down)

    def _offer(self) -> None:
        selected = self._view.selected()
        self._to_canvas.setEnabled(len(selected) == 1)
        self._remove.setEnabled(bool(selected))
        self._bring_back.setEnabled(self._session.drawings.can_bring_back)

    def _put_on_canvas(self) -> None:
        for kept in self._view.selected():
            self._session.drawings.want(kept)

    def _undo(self) -> None:
        self._view.select(self._session.drawings.bring_back())

    # --- measuring

    def paintEvent(self, event: QPaintEvent) -> None:
        """Measure what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self.refresh()

    @property
    def is_resting(self) -> bool:
        """Whether nothing is being measured, nor waits for it."""
        return self._background.is_idle

    def refresh(self) -> None:
        """Measure with the newest parameters, as soon as it is their turn; when somebody looks."""
        self._stale = self.visibleRegion().isEmpty()
        if self._stale:
            return
        session = self._session
        kept, model, images, epochs = session.drawings.kept, session.model, session.images, session.epochs_trained
        shape = model.image_shape if model is not None else session.settings.image_shape
        self._background.request(lambda: self._measuring.measure(kept, shape, model, images, epochs))

    def _show(self, measured: Measured) -> None:
        self.measured = measured
        trains = self._session.run_state is RunState.RUNNING
        if trains and self._view.underMouse():
            self._view.tray.show(self._in_old_order(), measured.figures)
        else:
            self._show_order()
        self._what.set_text(self._words(measured), self._explanation())
        self.updated.emit()

    def _in_old_order(self) -> list[Kept]:
        there = self._session.drawings.kept
        shown = [kept for kept in self._view.tray.kept() if kept in there]
        return shown + [kept for kept in there if kept not in shown]

    def _show_order(self) -> None:
        order = Order(self._order.currentData())
        figures = self.measured.figures
        self._view.tray.show(in_order(self._session.drawings.kept, figures, order), figures)

    def _show_kept(self) -> None:
        self._show_order()
        self._offer()
        self.refresh()

    def _words(self, measured: Measured) -> str:
        """Return what is measured, and on which data."""
        model, images = measured.model, self._session.images
        if model is None or not measured.figures:
            return ""
        binarisation = {
            "grey": self.tr("grey values"),
            "stochastic": self.tr("binary at random"),
            "threshold": self.tr("binary above {0}").format(short(model.training.threshold)),
        }[model.training.binarisation]
        epoch = self.tr("epoch {0}").format(epoch_text(measured.epochs))
        if not measured.compared or images is None:
            return self.tr("No held-out images of the model's size to compare with; {0}; {1}").format(
                binarisation, epoch
            )
        mean = self.tr("mean {0} nats").format(fixed(measured.mean, 1))
        return self.tr("Bar: share of {0} held-out images ({1}, {2}) with a lower F(v); {3}; {4}").format(
            measured.compared, plain(images.dataset.name, LONGEST), mean, binarisation, epoch
        )

    def _explanation(self) -> str:
        return self.tr(
            "F(v) is the free energy, in nats: the higher, the less likely the model takes the drawing to be.\n"
            "The bar says how surprising that is, beside images that the model was not trained on.\n"
            "Error is the cross-entropy of the drawing under its reconstruction (mean field, on the right), in nats."
        )

    # --- pictures in files

    def _ask_for_file(self) -> None:
        pattern = self.tr("Pictures (*{0})").format(" *".join(_SUFFIXES))
        files.ask_to_open(self, self.tr("Add an image"), pattern, lambda path: self._reading.take([path]))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take image files; anything else is for the window."""
        if _pictures_of(event):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:
        """Keep the image files that were dropped."""
        paths = _pictures_of(event)
        if paths:
            event.acceptProposedAction()
            self._reading.take(paths)

    def _keep_pictures(self, pictures: list[QImage]) -> None:
        new = [Kept(Drawing(picture=picture, is_imported=True)) for picture in pictures]
        self._session.drawings.add(new)
        self._view.select(new)

    def _shut_down(self) -> None:
        self._background.shut_down()
        self._reading.shut_down()

    # --- pictures to copy and save

    def _pictures(self) -> list[Picture]:
        """Return the selected drawing and its reconstruction, and all drawings with theirs."""
        kept, figures = self._view.tray.kept(), self._view.tray.figures()
        chosen = [figures[each] for each in self._view.selected() if each in figures]
        found: list[Picture] = []
        if len(chosen) == 1:
            found.append(PixelPicture(self.tr("Drawing"), chosen[0].seen))
            if chosen[0].restored is not None:
                found.append(PixelPicture(self.tr("Reconstruction of the drawing"), chosen[0].restored))
        pairs = [(f.seen, f.restored) for each in kept if (f := figures.get(each)) and f.restored is not None]
        if pairs:
            found.append(PixelPicture(self.tr("All drawings and their reconstructions"), pairs_picture(pairs)))
        return found


def _pictures_of(event: QDropEvent) -> list[Path]:
    local = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in local if not is_for_the_window(path)]
