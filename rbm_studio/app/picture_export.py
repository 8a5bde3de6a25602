"""A button that copies or saves the pictures of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from rbm_studio.app import files
from rbm_studio.app.icons import icon
from rbm_studio.app.pictures import save_picture
from rbm_studio.errors import RBMStudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rbm_studio.app.pictures import Picture
    from rbm_studio.app.session import Session

_LONGEST_NAME = 60


class PictureButton(QToolButton):
    """Offers each of some pictures to be copied, or saved as PNG at a chosen scale, or as SVG if it is drawn.

    Parameters
    ----------
    pictures : callable
        Returns the pictures that there are now; called whenever the menu opens. One alone is offered in the menu
        itself, several in a menu each, under their names.
    session : Session
        Is told what was done (`noticed`), and what was not (`failed`).
    parent : QWidget, optional
    """

    def __init__(
        self, pictures: Callable[[], Sequence[Picture]], session: Session, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._session = session
        self._menu = QMenu(self)
        self._sheets = QWidget(self)
        self._sheets.hide()
        self._menu.aboutToShow.connect(self._fill)
        self.setIcon(icon("export"))
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setAccessibleName(self.tr("Copy or save"))
        self.setToolTip(self.tr("Copy a picture, or save it (PNG; plots also as SVG)"))

    def _fill(self) -> None:
        self._menu.clear()
        for old in self._menu.findChildren(QMenu):
            old.deleteLater()
        self._sheets.deleteLater()
        self._sheets = QWidget(self)
        self._sheets.hide()
        pictures = self._pictures()
        for picture in pictures:
            picture.live_in(self._sheets)
            alone = len(pictures) == 1
            self._offer(self._menu if alone else self._menu.addMenu(picture.name.replace("&", "&&")), picture)
        if not pictures:
            self._menu.addAction(self.tr("There is no picture yet")).setEnabled(False)

    def _offer(self, menu: QMenu, picture: Picture) -> None:
        # Lambdas: `triggered` carries a flag that the methods do not take.
        menu.addAction(self.tr("&Copy picture")).triggered.connect(lambda: self._copy(picture))
        menu.addSeparator()
        for scale in picture.scales():
            size = picture.size * scale
            text = self.tr("Save as PNG, {0}× ({1} × {2} px)…").format(scale, size.width(), size.height())
            menu.addAction(text).triggered.connect(lambda _=False, scale=scale: self._ask(picture, ".png", scale))
        if picture.is_drawn:
            menu.addSeparator()
            menu.addAction(self.tr("Save as &SVG…")).triggered.connect(lambda: self._ask(picture, ".svg", 1))

    def _copy(self, picture: Picture) -> None:
        image = picture.image(picture.scale_to_show())
        QGuiApplication.clipboard().setImage(image)
        self._session.noticed.emit(
            self.tr("Copied “{0}” ({1} × {2} px)").format(picture.name, image.width(), image.height())
        )

    def _ask(self, picture: Picture, suffix: str, scale: int) -> None:
        pattern = self.tr("Drawing (*.svg)") if suffix == ".svg" else self.tr("Picture (*.png)")
        files.ask_to_save(
            self,
            self.tr("Save “{0}”").format(picture.name),
            pattern,
            file_name(picture.name) + suffix,
            lambda path: self._save(picture, path, scale),
        )

    def _save(self, picture: Picture, path: Path, scale: int) -> None:
        try:
            save_picture(picture, path, scale)
        except RBMStudioError as error:
            self._session.failed.emit(error)
        else:
            self._session.noticed.emit(self.tr("Saved {0}").format(path.name))


def file_name(name: str) -> str:
    """Return a picture's name as one that any system takes for a file, in small letters, digits and hyphens."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join(words)[:_LONGEST_NAME].strip("-") or "picture"
