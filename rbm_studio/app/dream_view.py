"""What the Dream panel shows: the chains, the film of one of them, and whether they mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QSize, Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from rbm_studio.app.autocorrelation_view import AutocorrelationView
from rbm_studio.app.chain_grid import ChainGrid
from rbm_studio.app.dream_words import joined
from rbm_studio.app.elided_label import ElidedLabel
from rbm_studio.app.film_strip import FilmStrip
from rbm_studio.app.label_bars import LabelBars
from rbm_studio.app.pictures import PixelPicture, plot_picture
from rbm_studio.app.theme import GRID
from rbm_studio.app.visits_view import VisitsView
from rbm_studio.core.mixing import MOST_VALUES

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtGui import QResizeEvent

    from rbm_studio.app.dream import Frame
    from rbm_studio.app.likeness_words import Caveat
    from rbm_studio.app.pictures import Picture
    from rbm_studio.core.mixing import Mixing

# The chosen chain's classes are shown as bars from this width on.
_BARS_FROM = 130 * GRID
# A panel is high whose width is less than so many times its height.
_HIGH_FROM = 2.2


class DreamView(QWidget):
    """Pictures and plots of a dream.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    chosen : Signal(int)
        Another chain is looked at.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid, self._film = ChainGrid(), FilmStrip()
        self._mixing, self._visits, self._labels = AutocorrelationView(), VisitsView(), LabelBars()
        self._chains = Captioned(self._grid)
        self._past = Captioned(self._film)
        self._memory = Captioned(self._mixing)
        self._classes = Captioned(self._visits)
        self._bars = Captioned(self._labels)
        self._side = QWidget()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._side)
        self._has_labels = False
        self._arrange()
        self._explain()
        self._grid.chosen.connect(self.chosen)

    def _arrange(self) -> None:
        plots = QHBoxLayout()
        plots.setSpacing(2 * GRID)
        for plot in (self._memory, self._classes, self._bars):
            plots.addWidget(plot, 1)
        self._bars.hide()
        self._sides.setContentsMargins(0, 0, 0, 0)
        self._sides.setSpacing(2 * GRID)
        self._sides.addWidget(self._past, 5)
        self._sides.addLayout(plots, 8)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID)
        row.addWidget(self._chains, 4)
        row.addWidget(self._side, 8)

    def _explain(self) -> None:
        self._grid.setToolTip(
            self.tr("One picture a chain. Click one, or choose with the arrow keys, to see its past.")
        )
        self._film.setAccessibleName(self.tr("The chosen chain's past"))
        self._film.setToolTip(
            self.tr(
                "What the chosen chain showed, the newest last; below each picture the class of its label units, "
                "where it has any"
            )
        )
        self._mixing.setAccessibleName(self.tr("Autocorrelation of the chains"))
        self._mixing.setToolTip(
            self.tr(
                "Do the chains mix? Autocorrelation ρ(t) = C(t) / C(0) of p(v = 1 | h), of all pixels together,\n"
                "about the mean of all chains: 1 is the same picture still, 0 has nothing of it left. An independent\n"
                "picture takes 2τ steps, where τ = ½ + Σρ(t) over t ≥ 1 is the integrated autocorrelation time\n"
                "(Sokal 1997; the sum goes to 5 τ). Measured on the first chains, up to {0} pixels together, since\n"
                "they started or were changed; the first quarter is left out.\n"
                "While the model trains, the chains follow it."
            ).format(QLocale().toString(MOST_VALUES))
        )
        self._visits.setAccessibleName(self.tr("Classes visited"))
        self._visits.setToolTip(
            self.tr(
                "How often the chains were in each class, of all chains and steps since they started or were changed"
            )
        )
        self._labels.setAccessibleName(self.tr("Class of the chosen chain"))
        self._labels.setToolTip(self.tr("p(y | v): what the model takes the chosen chain's newest state for"))

    def minimumSizeHint(self) -> QSize:
        """Return the least size at which all stand beside each other: the same however they stand now.

        A dock is for a moment high and narrow while docks are arranged, and the window would grow for it.
        """
        return QSize(68 * GRID, 14 * GRID)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the film beside the plots, or above them in a high panel; show the chosen chain's classes if they fit."""
        super().resizeEvent(event)
        high = self.height() * _HIGH_FROM > self.width()
        direction = QBoxLayout.Direction.TopToBottom if high else QBoxLayout.Direction.LeftToRight
        self._sides.setDirection(direction)
        self._show_bars()

    def _show_bars(self) -> None:
        self._bars.setVisible(self._has_labels and self.width() >= _BARS_FROM)

    # --- what is chosen

    @property
    def chain(self) -> int:
        """The index of the chain that is looked at."""
        return self._grid.selected()

    def pictures(self) -> list[Picture]:
        """Return what can be copied or saved of what is shown."""
        chains = self._grid.pictures()
        if chains is None:
            return []
        number = self.chain + 1
        found: list[Picture] = [
            PixelPicture(self.tr("All chains"), self._grid.picture()),
            PixelPicture(self.tr("Chain {0}").format(number), self._grid.chosen_picture()),
        ]
        if len(self._film.pictures()):
            found.append(PixelPicture(self.tr("Film of chain {0}").format(number), self._film.picture()))
        count = self.tr("{0} chains").format(len(chains))
        when = self._chains.heading()
        if self._mixing.data() is not None:
            about = self.tr("ρ of p(v = 1 | h), of all pixels together, about the mean of all chains")
            found.append(self._memory.plot(joined(self._memory.words(), count, when, about)))
        if self._visits.data() is not None:
            found.append(self._classes.plot(joined(self._classes.words(), count, when)))
        if not self._bars.isHidden():
            found.append(self._bars.plot(when))
        return found

    # --- showing

    def clear(self, words: str) -> None:
        """Show nothing, and why."""
        self._grid.set_placeholder(words)
        self._chains.set_words("", "")
        self._has_labels = False
        self._show_bars()
        self._side.hide()

    def show_frame(self, frame: Frame, shape: tuple[int, int], *, probabilities: bool, names: list[str]) -> None:
        """Show a dream's newest moment.

        Parameters
        ----------
        frame : Frame
        shape : (height, width)
            Of each picture.
        probabilities : bool
            Whether to show these, or the states.
        names : list of str
            When each picture of the film was taken.
        """

        def pictures(moment_levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
            return moment_levels.reshape(-1, *shape)

        now = frame.moment
        self._side.show()
        self._grid.set_pictures(pictures(now.probabilities if probabilities else now.states))
        chain = self.chain
        rows = [(moment.probabilities if probabilities else moment.states)[chain] for moment in frame.film]
        classes = ["" if moment.classes is None else str(moment.classes[chain]) for moment in frame.film]
        film = np.stack(rows) if rows else np.empty((0, now.states.shape[1]), dtype=np.uint8)
        self._film.set_film(pictures(film), names, classes)

    def show_words(self, heading: str, status: str, film: str, short_film: str) -> None:
        """Say where the chains stand, and what the film is of: in short where there is no room."""
        self._chains.set_words(heading, status)
        self._past.set_words(self.tr("Chain {0}").format(self.chain + 1), film, short_film)

    def show_labels(
        self, probabilities: npt.NDArray[np.float64] | None, caveat: Caveat | None = None, *, knows: bool = False
    ) -> None:
        """Show what the model takes the chosen chain for, and why that is to be doubted.

        None where there is no answer: since it shows nothing, or, unless it ``knows`` classes, since there are none.
        """
        self._has_labels = probabilities is not None or knows
        self._bars.set_words(self.tr("Chain {0}: p(y | v)").format(self.chain + 1), "")
        if probabilities is not None:
            self._labels.set_probabilities(probabilities, caveat)
        else:
            self._labels.set_nothing(self.tr("No pixel is on."))
        self._show_bars()

    def show_mixing(self, mixing: Mixing | None, words: str) -> None:
        """Show whether the chains mix; ``words`` stand where that is not known."""
        self._mixing.set_data(None if mixing is None or mixing.still else mixing, words)
        answer, short = ("", "") if mixing is None or mixing.still else self._mixing_answer(mixing)
        self._memory.set_words(self.tr("Autocorrelation"), answer, short)
        self._mixing.setAccessibleDescription(answer or words)

    def _mixing_answer(self, mixing: Mixing) -> tuple[str, str]:
        spacing = mixing.spacing
        if spacing is None:
            steps = _whole(mixing.least_spacing)
            return self.tr("independent: more than {0} steps").format(steps), self.tr("2τ > {0} steps").format(steps)
        steps = _whole(spacing)
        return self.tr("independent after {0} steps").format(steps), self.tr("2τ = {0} steps").format(steps)

    def show_visits(self, frame: Frame, words: str) -> None:
        """Show how often the classes were visited; ``words`` stand where that means nothing."""
        visits = None if words else frame.visits
        self._visits.set_data(None if visits is None else visits.counts, words)
        answer = short = ""
        if visits is not None and visits.switches:
            steps = _whole(visits.chances / visits.switches)
            answer = self.tr("each chain switches every {0} steps").format(steps)
            short = self.tr("every {0} steps").format(steps)
        elif visits is not None and visits.chances:
            answer = self.tr("no switch yet")
        self._classes.set_words(self.tr("Classes visited"), answer, short)
        self._visits.setAccessibleDescription(words or answer)


class Captioned(QWidget):
    """A picture, and above it what it is and what it says.

    Parameters
    ----------
    picture : QWidget
    parent : QWidget, optional
    """

    def __init__(self, picture: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading, self._words = (ElidedLabel(Qt.TextElideMode.ElideRight) for _ in range(2))
        self._heading.setObjectName("heading")
        self._long = self._short = ""
        self._picture = picture
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._heading)
        column.addWidget(self._words)
        column.addSpacing(GRID // 2)
        column.addWidget(picture, 1)

    def heading(self) -> str:
        """Return what it is."""
        return self._heading.accessibleName()

    def words(self) -> str:
        """Return what it says."""
        return self._long

    def plot(self, caption: str) -> Picture:
        """Return it as a drawing to be copied or saved, under what it is."""
        return plot_picture(self.heading(), self._picture, caption)

    def set_words(self, heading: str, words: str, short: str = "") -> None:
        """Say what it is, and what it says: in short where there is no room."""
        self._heading.set_text(heading)
        self._long, self._short = words, short
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say it in as many words as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        fits = self.fontMetrics().horizontalAdvance(self._long) <= self.width()
        self._words.set_text(self._long if fits or not self._short else self._short, self._long)


def _whole(steps: float) -> str:
    """Return a number of steps, with a decimal where it is small."""
    return QLocale().toString(round(steps)) if steps >= 9.5 else QLocale().toString(float(steps), "f", 1)
