"""What the settings are called, and their values in words, as the Model panel has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from rbm_studio.app.fields import Switch
from rbm_studio.app.preset_field import preset_title
from rbm_studio.app.setting_fields import field_groups

if TYPE_CHECKING:
    from rbm_studio.app.field_form import SettingField
    from rbm_studio.app.fields import Field


class SettingWords:
    """Names and values of settings, in the order of the Model panel.

    Parameters
    ----------
    parent : QWidget
        Owns the fields, which are never seen.

    Attributes
    ----------
    names : tuple of str
        Of all settings.
    """

    def __init__(self, parent: QWidget) -> None:
        holder = QWidget(parent)
        holder.hide()
        self._fields: dict[str, tuple[SettingField, Field]] = {}
        for group in field_groups():
            for setting in group.fields:
                field = setting.make()
                field.setParent(holder)
                self._fields[setting.name] = setting, field
        self.names = ("preset", *self._fields)

    def title(self, name: str) -> str:
        """Return what a setting is called."""
        if name == "preset":
            return _tr("Preset")
        if name == "epochs":
            # A run has epochs behind it, too.
            return _tr("Epochs to train")
        setting, field = self._fields[name]
        text = field.text() if isinstance(field, Switch) else setting.label
        return (setting.title or text).replace("&", "")

    def tip(self, name: str) -> str:
        """Return what a setting does."""
        return _tr("Which settings it began with") if name == "preset" else self._fields[name][0].tip

    def words(self, name: str, value: Any) -> str:
        """Return a value as the Model panel shows it."""
        if name == "preset":
            return preset_title(value)
        if name == "image_shape":
            return "{}×{}".format(*value)
        return self._fields[name][1].words(value)


def _tr(text: str) -> str:
    return QCoreApplication.translate("settings", text)
