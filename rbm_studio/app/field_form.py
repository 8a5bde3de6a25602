"""What a setting's field is like, and forms of such fields: rows with labels, in groups that fold away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.fields import Switch
from rbm_studio.app.theme import GRID

if TYPE_CHECKING:
    from collections.abc import Callable

    from rbm_studio.app.fields import Field
    from rbm_studio.core.settings import TrainingSettings

_LEAST_WIDTH = 12 * GRID


@dataclass(frozen=True)
class Condition:
    """When a setting does anything.

    Attributes
    ----------
    holds : callable
        Whether it does with these settings.
    words : str
        The same for people.
    """

    holds: Callable[[TrainingSettings], bool]
    words: str


@dataclass(frozen=True)
class SettingField:
    """How one setting is shown.

    Attributes
    ----------
    name : str
        Of an attribute of `TrainingSettings`, or of the session's `Settings`.
    label : str
        With the mark of its key; "" for a switch, which has its text beside it.
    make : callable
        Makes the field.
    tip : str
        What it does and where it comes from; the range follows by itself.
    when : Condition, optional
        Without one it always does something.
    title : str
        What it is called where its label is not in sight; "": as the label.
    """

    name: str
    label: str
    make: Callable[[], Field]
    tip: str
    when: Condition | None = None
    title: str = ""


@dataclass(frozen=True)
class FieldGroup:
    """Fields that are shown together; the first group has no title, and cannot be folded."""

    title: str
    fields: tuple[SettingField, ...]


@dataclass(frozen=True)
class FieldRow:
    """A setting's field, and the label beside it.

    Attributes
    ----------
    setting : SettingField
    field : Field
    label : QLabel or None
        None beside a switch, which has its text.
    """

    setting: SettingField
    field: Field
    label: QLabel | None

    @property
    def title(self) -> str:
        """What the setting is called where its label is not in sight."""
        if self.setting.title:
            return self.setting.title
        text = self.field.text() if isinstance(self.field, Switch) else self.label.text() if self.label else ""
        return text.replace("&", "")

    def set_tip(self, tip: str) -> None:
        """Explain the field, also where the pointer rests on its label."""
        for widget in self._widgets:
            widget.setToolTip(tip)

    def set_enabled(self, enabled: bool) -> None:
        """Grey the field and its label, or not."""
        for widget in self._widgets:
            widget.setEnabled(enabled)

    def set_marked(self, marked: bool) -> None:
        """Highlight the label, or not."""
        widget, role = self.label or self.field, QPalette.ColorRole
        widget.setAutoFillBackground(marked)
        widget.setBackgroundRole(role.Highlight if marked else role.NoRole)
        widget.setForegroundRole(role.HighlightedText if marked else role.NoRole)

    @property
    def _widgets(self) -> tuple[QWidget, ...]:
        return (self.field,) if self.label is None else (self.field, self.label)


class FieldForm(QWidget):
    """Makes the fields of settings, one a row.

    Parameters
    ----------
    settings : tuple of SettingField
    parent : QWidget, optional
    """

    def __init__(self, settings: tuple[SettingField, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(GRID)
        form.setVerticalSpacing(GRID // 2)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.rows = [_row(form, setting) for setting in settings]


def _row(form: QFormLayout, setting: SettingField) -> FieldRow:
    field = setting.make()
    # Else the widest number that it takes would make the narrow panel wider.
    field.setMinimumWidth(_LEAST_WIDTH)
    if not setting.label:
        form.addRow(field)
        return FieldRow(setting, field, None)
    label = QLabel(setting.label)
    label.setBuddy(field)
    form.addRow(label, field)
    row = FieldRow(setting, field, label)
    field.setAccessibleName(row.title)
    return row


class FoldingGroup(QWidget):
    """A titled form that folds away.

    Parameters
    ----------
    title : str
    settings : tuple of SettingField
    parent : QWidget, optional
    """

    def __init__(self, title: str, settings: tuple[SettingField, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._header = QToolButton()
        self._form = FieldForm(settings)
        self._header.setObjectName("group")
        self._header.setCheckable(True)
        self._header.setAutoRaise(True)
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._header.setToolTip(self.tr("Show or hide these settings"))
        self._header.toggled.connect(self._show_fold)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self._header)
        column.addWidget(self._form)
        self.show_changes(0)
        self._show_fold(False)

    @property
    def rows(self) -> list[FieldRow]:
        """The rows of its form."""
        return self._form.rows

    def set_open(self, shown: bool) -> None:
        """Show the fields, or fold them away."""
        self._header.setChecked(shown)

    def show_changes(self, count: int) -> None:
        """Tell how many of the fields are not as the preset has them."""
        self._header.setText(self.tr("{0} · {1} changed").format(self._title, count) if count else self._title)

    def _show_fold(self, shown: bool) -> None:
        self._form.setVisible(shown)
        self._header.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)


def align_labels(rows: list[FieldRow]) -> None:
    """Give all labels the room of the widest, so that fields of several forms stand in one column."""
    labels = [row.label for row in rows if row.label is not None]
    width = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(width)
