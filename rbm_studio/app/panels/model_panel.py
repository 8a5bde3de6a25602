"""The Model panel: sizes of the RBM and how it is trained."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QStandardItemModel, QValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from rbm_studio.app.state import RunState
from rbm_studio.app.task import Task
from rbm_studio.app.theme import GRID
from rbm_studio.core.backend import gpu_problem
from rbm_studio.core.presets import MAX_BATCH, MAX_EPOCHS, MAX_HIDDEN, MAX_SEED

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.session import Session


class ModelPanel(QScrollArea):
    """Sets what the next run does; greyed while one runs.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._preset = _combo(("recommended", self.tr("Recommended")), ("article", self.tr("As in the article")))
        self._hidden = _spin_box(1, MAX_HIDDEN)
        self._size = _combo()
        self._epochs = _spin_box(1, MAX_EPOCHS)
        self._rate = _RateBox()
        self._momentum = QDoubleSpinBox()
        self._batch = _spin_box(1, MAX_BATCH)
        self._seed = _spin_box(0, MAX_SEED)
        self._device = _combo(("auto", self.tr("Automatic")), ("cpu", self.tr("CPU")), ("gpu", self.tr("GPU")))
        self._more = QToolButton()
        self._advanced = QWidget()
        self._fields = QWidget()
        self._note = QLabel()
        self._arrange()
        self._explain()
        self._connect()
        self._probe = Task("gpu", lambda _task: gpu_problem(), self)
        self._probe.succeeded.connect(self._show_gpu)
        self._probe.start()
        self._show_sizes()
        self.refresh()

    def _arrange(self) -> None:
        self._momentum.setRange(0, 0.999)
        self._momentum.setDecimals(3)
        self._momentum.setSingleStep(0.05)
        self._momentum.setKeyboardTracking(False)
        self._more.setText(self.tr("Advanced"))
        self._more.setObjectName("group")
        self._more.setCheckable(True)
        self._more.setChecked(True)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setArrowType(Qt.ArrowType.DownArrow)
        self._more.setAutoRaise(True)
        self._note.setWordWrap(True)
        self._note.setObjectName("quiet")
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        simple, advanced = _form(self._fields), _form(self._advanced)
        for form, label, field in self._rows(simple, advanced):
            form.addRow(label, field)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        for widget in (self._fields, self._more, self._advanced, self._note):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._align(simple, advanced)
        self._order_tabs()

    def _order_tabs(self) -> None:
        order = [self._preset, self._hidden, self._size, self._epochs, self._more]
        order += [self._rate, self._momentum, self._batch, self._seed, self._device]
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def _rows(self, simple: QFormLayout, advanced: QFormLayout) -> list[tuple[QFormLayout, str, QWidget]]:
        return [
            (simple, self.tr("&Preset"), self._preset),
            (simple, self.tr("&Hidden units"), self._hidden),
            (simple, self.tr("&Visible units"), self._size),
            (simple, self.tr("&Epochs"), self._epochs),
            (advanced, self.tr("Learning &rate"), self._rate),
            (advanced, self.tr("&Momentum"), self._momentum),
            (advanced, self.tr("&Batch size"), self._batch),
            (advanced, self.tr("See&d"), self._seed),
            (advanced, self.tr("C&ompute on"), self._device),
        ]

    def _align(self, *forms: QFormLayout) -> None:
        """Give the labels of both forms one width, so that all fields stand in one column."""
        labels = [
            item.widget()
            for form in forms
            for row in range(form.rowCount())
            if (item := form.itemAt(row, QFormLayout.ItemRole.LabelRole)) is not None
        ]
        width = max(label.sizeHint().width() for label in labels if label is not None)
        for label in labels:
            if label is not None:
                label.setMinimumWidth(width)

    def _explain(self) -> None:
        tips = {
            self._preset: self.tr(
                "Recommended: after Hinton's Practical Guide (2010).\n"
                "As in the article: simple_rbm's algorithm, whose reconstructions are good and whose model is broken:\n"
                "it gives the weights the sum of a batch's gradient and the biases its mean."
            ),
            self._hidden: self.tr("How many features the model can learn: 1 to 4096 (the article: 64)"),
            self._size: self.tr("One visible unit a pixel; smaller images are made by averaging areas"),
            self._epochs: self.tr("How often training goes through all images: 1 to 100,000"),
            self._rate: self.tr("How far each update goes; lower it if training is halted"),
            self._momentum: self.tr(
                "How much of the last update is kept: 0 to 0.999\n(Recommended uses 0.5 in a model's first epoch)"
            ),
            self._batch: self.tr("Images per update: 1 to 100,000; no more are used than there are"),
            self._seed: self.tr("The same seed gives the same run: 0 to 2,147,483,647"),
            self._device: self.tr("Automatic takes the GPU where there is one that CuPy can use"),
            self._more: self.tr("Show or hide the settings that seldom need a change"),
        }
        for widget, tip in tips.items():
            widget.setToolTip(tip)
        self._more.setAccessibleName(self.tr("Advanced settings"))

    def _connect(self) -> None:
        session = self._session
        self._preset.activated.connect(lambda _index: session.choose_preset(self._preset.currentData()))
        self._size.activated.connect(lambda _index: self._choose_size(self._size.currentData()))
        self._device.activated.connect(lambda _index: session.change_settings(device=self._device.currentData()))
        self._hidden.valueChanged.connect(lambda value: session.change_settings(hidden_num=value))
        self._epochs.valueChanged.connect(lambda value: session.change_settings(epochs=value))
        self._rate.valueChanged.connect(lambda value: session.change_settings(learning_rate=value))
        self._momentum.valueChanged.connect(lambda value: session.change_settings(momentum=value))
        self._batch.valueChanged.connect(lambda value: session.change_settings(batch_size=value))
        self._seed.valueChanged.connect(lambda value: session.change_settings(seed=value))
        self._more.toggled.connect(self._advanced.setVisible)
        self._more.toggled.connect(self._turn_arrow)
        session.images_changed.connect(self._show_sizes)
        session.settings_changed.connect(self.refresh)
        session.model_changed.connect(self._show_note)
        session.run_state_changed.connect(self.refresh)
        session.task_changed.connect(self._show_outcome)

    def _turn_arrow(self, shown: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)

    def _show_outcome(self) -> None:
        if self._session.task is None:
            self.refresh()

    def _choose_size(self, shape: tuple[int, int]) -> None:
        if not self._session.set_image_shape(shape):
            self.refresh()

    def refresh(self) -> None:
        """Show the session's settings."""
        settings = self._session.settings
        training = settings.training
        writes: list[tuple[QWidget, Callable[[], None]]] = [
            (self._preset, lambda: _choose(self._preset, training.preset)),
            (self._hidden, lambda: self._hidden.setValue(settings.hidden_num)),
            (self._size, lambda: _choose(self._size, settings.image_shape)),
            (self._epochs, lambda: self._epochs.setValue(training.epochs)),
            (self._rate, lambda: self._rate.setValue(training.learning_rate)),
            (self._momentum, lambda: self._momentum.setValue(training.momentum)),
            (self._batch, lambda: self._batch.setValue(training.batch_size)),
            (self._seed, lambda: self._seed.setValue(training.seed)),
            (self._device, lambda: _choose(self._device, settings.device)),
        ]
        for widget, write in writes:
            blocked = widget.blockSignals(True)
            write()
            widget.blockSignals(blocked)
        enabled = self._session.run_state is RunState.IDLE
        self._fields.setEnabled(enabled)
        self._advanced.setEnabled(enabled)
        self._show_note()

    def _show_sizes(self) -> None:
        images = self._session.images
        blocked = self._size.blockSignals(True)
        self._size.clear()
        shapes = images.original.sizes() if images else (self._session.settings.image_shape,)
        if images and images.dataset.image_shape not in shapes:
            shapes = (*shapes, images.dataset.image_shape)
        for height, width in shapes:
            self._size.addItem(f"{height}×{width} = {height * width}", (height, width))
        _choose(self._size, self._session.settings.image_shape)
        self._size.blockSignals(blocked)

    def _show_note(self) -> None:
        self._note.setText(self._note_text())

    def _note_text(self) -> str:
        session = self._session
        images, settings = session.images, session.settings
        if session.run_state is not RunState.IDLE:
            return self.tr("Stop the training to change these.")
        notes = []
        if session.trains_new_model:
            notes.append(
                self.tr("Train starts a new model: {0} visible, {1} hidden units.").format(
                    math.prod(settings.image_shape), settings.hidden_num
                )
            )
        if images is not None and settings.training.batch_size > len(images.train):
            notes.append(
                self.tr("There are only {0} training images: each epoch is one batch.").format(
                    QLocale().toString(len(images.train))
                )
            )
        return "\n".join(notes)

    def _show_gpu(self, problem: str) -> None:
        self._probe.join()
        model = self._device.model()
        if not problem or not isinstance(model, QStandardItemModel):
            return
        item = model.item(self._device.findData("gpu"))
        item.setEnabled(False)
        item.setText(self.tr("GPU (not available)"))
        item.setToolTip(problem)
        self._device.setToolTip(self.tr("{0}\nGPU is not available: {1}.").format(self._device.toolTip(), problem))


class _RateBox(QDoubleSpinBox):
    """A number over many powers of ten: steps go 1, 2, 5, 10."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(8)
        self.setRange(1e-8, 1e6)
        self.setKeyboardTracking(False)

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:
        return float(text.replace(",", "."))

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        try:
            valid = self.minimum() <= self.valueFromText(text) <= self.maximum()
        except ValueError:
            begun = not text.strip("0123456789.,eE+-")
            state = QValidator.State.Intermediate if begun else QValidator.State.Invalid
            return state, text, position
        return (QValidator.State.Acceptable if valid else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        ladder = [mantissa * 10.0**power for power in range(-8, 7) for mantissa in (1, 2, 5)]
        value = self.value()
        for _ in range(abs(steps)):
            further = [rung for rung in ladder if (rung > value * 1.0001 if steps > 0 else rung < value * 0.9999)]
            value = (min(further) if steps > 0 else max(further)) if further else value
        self.setValue(value)


def _spin_box(lowest: int, highest: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(lowest, highest)
    box.setAccelerated(True)
    box.setGroupSeparatorShown(True)
    # A number is taken when it is complete, not at its first digit: each would start another model.
    box.setKeyboardTracking(False)
    return box


def _combo(*items: tuple[str, str]) -> QComboBox:
    box = QComboBox()
    for data, text in items:
        box.addItem(text, data)
    return box


def _choose(box: QComboBox, data: object) -> None:
    # Not findData: it does not find a tuple.
    for index in range(box.count()):
        found = box.itemData(index)
        if found == data or (isinstance(found, list) and tuple(found) == data):
            box.setCurrentIndex(index)


def _form(page: QWidget) -> QFormLayout:
    form = QFormLayout(page)
    form.setContentsMargins(0, 0, 0, 0)
    form.setHorizontalSpacing(GRID)
    form.setVerticalSpacing(GRID // 2)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form
