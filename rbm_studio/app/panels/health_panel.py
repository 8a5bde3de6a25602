"""The Health panel: what Hinton's Practical Guide (2010) says to look at, and what is wrong, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from rbm_studio.app.background import Background
from rbm_studio.app.card_grid import CardGrid
from rbm_studio.app.chain_words import figures
from rbm_studio.app.findings_view import FindingsView, SteadyFindings
from rbm_studio.app.health_cards import HealthCards
from rbm_studio.app.health_watch import health_of
from rbm_studio.app.picture_export import PictureButton
from rbm_studio.app.standing import epoch_text
from rbm_studio.app.state import RunState
from rbm_studio.app.theme import GRID
from rbm_studio.app.throttle import Throttle
from rbm_studio.core.findings import FINDINGS, OF_CHAINS, Finding, find

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from rbm_studio.app.chain_watch import Dreamt
    from rbm_studio.app.session import Session
    from rbm_studio.app.state import Images, Model
    from rbm_studio.core.health import Health
    from rbm_studio.core.overfitting import Likelihood

INTERVAL_MS = 500
TURN_MS = 30
_SIDE_BY_SIDE_FROM = 64 * GRID
_FINDINGS_WIDTH = (32 * GRID, 48 * GRID)


@dataclass(frozen=True, eq=False)
class _Measurement:
    """A health, and whose it is."""

    model: Model
    life: int
    health: Health
    dreamt: Dreamt | None


class HealthPanel(QWidget):
    """Findings, and the plots that they are drawn from; measured in the background while the panel is in view.

    Parameters
    ----------
    session : Session
    parent : QWidget, optional

    Attributes
    ----------
    measured : Signal()
        Another measurement is shown.
    """

    measured = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._health: Health | None = None
        # Which model's life is shown: what was measured of another comes too late.
        self._life = 0
        # Whether something changed while the panel was out of sight.
        self._stale = True
        self._steady = SteadyFindings()
        self._background = Background("Measuring the model's health", INTERVAL_MS, self)
        self._what = QLabel()
        self._findings = FindingsView()
        self._cards = HealthCards(self)
        self._export = PictureButton(self._cards.pictures, session)
        self._words = QWidget()
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._arrange()
        self._background.done.connect(self._show)
        self._background.failed.connect(session.failed)
        self._findings.chosen.connect(self._point_out)
        self._connect_views()
        # Not at once: a model takes new settings after it has told of them.
        self._turn = Throttle(TURN_MS, self.refresh, self, at_once=False)
        session.model_changed.connect(self._turn.request)
        session.run_state_changed.connect(self._turn.request)
        session.settings_changed.connect(self._turn.request)
        session.images_changed.connect(self._begin_again)
        session.curve_started.connect(self._begin_again)
        for watch in (session.chains, session.life):
            watch.changed.connect(self._turn.request)
        self._findings.offer_taken.connect(self._look_at_the_best)
        session.timeline.changed.connect(self._offer_the_best)
        session.selection.units_changed.connect(self._show_selected)
        session.selection.hovered_changed.connect(self._show_hovered)
        session.ending.connect(self._background.shut_down)
        self._begin_again()

    def _connect_views(self) -> None:
        selection, biases = self._session.selection, self._cards.biases
        for view in (self._cards.units, self._cards.scatter):
            view.clicked.connect(selection.toggle_unit)
            view.hovered.connect(selection.hover)
        biases.clicked.connect(lambda bar: selection.toggle_units(biases.units_of(bar)))
        biases.hovered.connect(lambda bar: selection.hover_units(biases.units_of(bar)))

    def _arrange(self) -> None:
        heading = QLabel(self.tr("Findings"))
        heading.setObjectName("heading")
        self._what.setObjectName("quiet")
        self._what.setWordWrap(True)
        column = QVBoxLayout(self._words)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(heading, 1)
        head.addWidget(self._export)
        column.addLayout(head)
        column.addWidget(self._what)
        column.addWidget(self._findings, 1)
        plots = QScrollArea()
        plots.setWidget(CardGrid(self._cards.cards()))
        plots.setWidgetResizable(True)
        plots.setFrameShape(QFrame.Shape.NoFrame)
        plots.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._layout.setContentsMargins(GRID, GRID // 2, GRID, GRID // 2)
        self._layout.setSpacing(GRID)
        self._layout.addWidget(self._words)
        self._layout.addWidget(plots, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the findings beside the plots, or above them where there is no room."""
        super().resizeEvent(event)
        if self.width() >= _SIDE_BY_SIDE_FROM:
            least, most = _FINDINGS_WIDTH
            self._layout.setDirection(QBoxLayout.Direction.LeftToRight)
            self._words.setFixedWidth(min(max(self.width() // 3, least), most))
            self._words.setMaximumHeight(self.maximumHeight())
        else:
            self._layout.setDirection(QBoxLayout.Direction.TopToBottom)
            self._words.setMinimumWidth(0)
            self._words.setMaximumWidth(self.maximumWidth())
            self._words.setMaximumHeight(self.height() * 2 // 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Measure what has come about out of sight: Qt shows no dock that is behind another, but does not hide it."""
        super().paintEvent(event)
        if self._stale:
            self.refresh()

    @property
    def health(self) -> Health | None:
        """What is shown."""
        return self._health

    # --- measuring

    def refresh(self) -> None:
        """Measure the newest parameters, as soon as it is their turn."""
        images, model = self._session.images, self._session.model
        if model is None or images is None or not self._can_measure:
            self._begin_again()
        elif self.visibleRegion().isEmpty():
            self._stale = True
        else:
            self._stale = False
            epochs, life = self._session.epochs_trained, self._life
            # Of the newest model, and so nothing to tell of what it was.
            dreamt = self._session.chains.dreamt if self._session.timeline.past is None else None
            likelihoods = self._session.life.life if self._session.timeline.past is None else ()
            self._background.request(lambda: self._measure(model, images, epochs, life, dreamt, likelihoods))

    def _measure(
        self,
        model: Model,
        images: Images,
        epochs: float,
        life: int,
        dreamt: Dreamt | None,
        likelihoods: tuple[Likelihood, ...],
    ) -> _Measurement:
        """Measure; on another thread, so nothing here may touch a widget."""
        fantasies = None if dreamt is None else dreamt.fantasies
        health = health_of(model, images, epochs, self._health, fantasies=fantasies, life=likelihoods)
        return _Measurement(model, life, health, dreamt)

    def _begin_again(self) -> None:
        """Forget the model that was measured; what is shown stays until the next one's measurement takes its place."""
        self._life += 1
        self._background.forget()
        self._steady.clear()
        self._cards.begin_again()
        if self._health is None or not self._can_measure:
            self._clear()
        if self._can_measure:
            self.refresh()

    def _clear(self) -> None:
        self._health = None
        self._cards.clear(self._empty_words())
        self._what.setText(self._empty_words())
        self._findings.show_findings([], "")
        self._show_dreamt(None)

    @property
    def _can_measure(self) -> bool:
        images, model = self._session.images, self._session.model
        return model is not None and images is not None and images.dataset.image_shape == model.image_shape

    def _empty_words(self) -> str:
        images, model = self._session.images, self._session.model
        if images is None or model is None:
            return self.tr("The model's health is shown here as soon as there are images.")
        if images.dataset.image_shape != model.image_shape:
            return self.tr("The images have another size than the model. Train starts a new model that fits.")
        return self.tr("Measuring…")

    # --- showing

    def _show(self, measurement: _Measurement) -> None:
        if measurement.life != self._life:
            return
        health, model = measurement.health, measurement.model
        self._health = health
        self._cards.show(health, model)
        words = self._cards.data_words(health, model)
        self._what.setText(self.tr("Epoch {0}  ·  {1}").format(epoch_text(health.epochs), words))
        at_once = self._session.run_state is not RunState.RUNNING and self._background.is_idle
        found = find(health, model.training)
        findings = self._steady.update(found, at_once=at_once)
        if self._session.timeline.past is None:
            self._session.health.note(model, found)
        before = self._findings.chosen_finding()
        self._findings.show_findings(findings, "" if findings else self._all_well(health))
        self._offer_the_best()
        self._show_dreamt(measurement.dreamt)
        after = self._findings.chosen_finding()
        if before is not None and after is not None and before.units != after.units:
            self._session.selection.select_units(after.units)
        self.measured.emit()

    def _all_well(self, health: Health) -> str:
        if health.epochs == 0:
            return self.tr("The model is not trained yet. Press Train: what goes wrong is told here.")
        return self.tr("Nothing to report: all is well by {0} rules.").format(len(FINDINGS))

    def _show_dreamt(self, dreamt: Dreamt | None) -> None:
        self._cards.show_dreamt(dreamt)
        self._findings.show_figures("" if dreamt is None else figures(dreamt), self._dreamt_tip())

    def _dreamt_tip(self) -> str:
        return self.tr(
            "Chains from noise, run now and then in the background: less than 2% of a training's time.\n"
            "Ink: pixels that differ from the ground; blank: at most half the ink of the faintest hundredth of the\n"
            "data. Free energies: of the chains' last states, and of held-out images. Z is at least the sum over an\n"
            "empty image, a full one and the chains' last states: so the log-likelihood is no higher than this."
        )

    # --- the best moment

    def _offer_the_best(self) -> None:
        """Offer to look at the moment in which held-out images were likeliest, below what is wrong since then."""
        moment = self._session.life.best_moment() if self._session.timeline.past is None else None
        if moment is None:
            self._findings.show_offer((), "", "")
            return
        self._findings.show_offer(
            ("overfitted", *OF_CHAINS),
            self.tr("Look at epoch {0}, the best moment").format(epoch_text(moment.epochs)),
            self.tr(
                "Of the moments that are kept, held-out images were likeliest in this one. Continue from here, in the\n"
                "timeline, then begins a new run there (Space)"
            ),
        )

    def _look_at_the_best(self) -> None:
        moment = self._session.life.best_moment()
        if moment is not None:
            self._session.timeline.look_at(moment)

    # --- pointing out

    def _point_out(self, finding: Finding | None) -> None:
        self._session.selection.select_units(finding.units if finding is not None else ())
        if finding is not None:
            self._session.setting_pointed_at.emit(finding.setting)

    def _show_selected(self) -> None:
        units = self._session.selection.units
        self._cards.set_selected(units)
        finding = self._findings.chosen_finding()
        if finding is not None and finding.units != units:
            self._findings.leave()

    def _show_hovered(self) -> None:
        self._cards.point_at(self._session.selection.hovered_units)
