"""What the Dream panel is steered with."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from rbm_studio.app.controls import explain
from rbm_studio.app.dream_runner import Pace
from rbm_studio.app.fields import Choice, CountBox, NumberBox
from rbm_studio.app.icons import icon
from rbm_studio.app.wrapping_row import WrappingRow, side_by_side, with_caption
from rbm_studio.core.gibbs import FREE, Clamp

CHAINS = 16
MOST_CHAINS = 100
TEMPERATURES = (0.1, 5.0)
FASTEST = float("inf")
RATES = (1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, FASTEST)
RATE = 10.0
FILM_STEPS = (1, 2, 5, 10, 20, 50, 100)
_PICTURES_A_SECOND = 4.0
_UNITS_NAMED = 10


class Start(Enum):
    """Where chains come from."""

    NOISE = auto()
    DATA = auto()
    DRAWING = auto()
    TRAINING = auto()


class DreamControls(QWidget):
    """Buttons and fields, in as many lines as it takes.

    Parameters
    ----------
    parent : QWidget, optional

    Attributes
    ----------
    run_asked, step_asked, restart_asked : Signal()
        A button was pressed; `restart_asked` also where chains start otherwise.
    pace_changed : Signal()
    wishes_changed : Signal()
        Temperature, held units or the film's distances are others.
    shown_changed : Signal()
        Probabilities or states.
    """

    run_asked = Signal()
    step_asked = Signal()
    restart_asked = Signal()
    pace_changed = Signal()
    wishes_changed = Signal()
    shown_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._step, self._restart = QToolButton(), QToolButton(), QToolButton()
        self._reset = QToolButton()
        self._start = Choice(
            (Start.NOISE, self.tr("Noise")),
            (Start.DATA, self.tr("Images")),
            (Start.DRAWING, self.tr("Drawing")),
            (Start.TRAINING, self.tr("Training")),
        )
        self._count = CountBox(1, MOST_CHAINS)
        self._rate = Choice(*((rate, self._rate_words(rate)) for rate in RATES))
        self._temperature = NumberBox(*TEMPERATURES, step=0.1)
        self._label = Choice((None, self.tr("any")))
        self._hold = Choice((None, self.tr("free")), (0, self.tr("off")), (1, self.tr("on")))
        self._film = Choice((0, self.tr("auto")), *((steps, str(steps)) for steps in FILM_STEPS))
        self._shown = Choice((True, self.tr("Probabilities")), (False, self.tr("States")))
        self._label_num = 0
        self._units: tuple[int, ...] = ()
        self._watching = self._running = False
        self._clamp = FREE
        self._clamped = self._what_is_held()
        self._set_up()
        self._arrange()
        self._explain()
        self._connect()
        self.set_units(())

    # --- what is set

    @property
    def start(self) -> Start:
        """Where the chains come from."""
        return list(Start)[self._start.currentIndex()]

    @property
    def chains(self) -> int:
        """How many there are."""
        return self._count.value()

    @property
    def pace(self) -> Pace:
        """How fast they go."""
        return Pace(RATES[self._rate.currentIndex()])

    @property
    def temperature(self) -> float:
        """Of the chains."""
        return self._temperature.value()

    @property
    def clamp(self) -> Clamp:
        """What is held; the same object as long as it is the same."""
        held = self._what_is_held()
        if held != self._clamped:
            self._clamped = held
            units, state, label = held
            hidden = None if state is None else dict.fromkeys(units, state)
            self._clamp = Clamp(hidden=hidden, label=label)
        return self._clamp

    @property
    def film_every(self) -> int:
        """Gibbs steps from one picture of the film to the next."""
        chosen = (0, *FILM_STEPS)[self._film.currentIndex()]
        fitting = [steps for steps in FILM_STEPS if steps <= max(self.pace.rate / _PICTURES_A_SECOND, 1)]
        return chosen or fitting[-1]

    @property
    def probabilities(self) -> bool:
        """Whether probabilities are to be shown, and not states."""
        return self._shown.currentIndex() == 0

    def _what_is_held(self) -> tuple[tuple[int, ...], int | None, int | None]:
        state = (None, 0, 1)[self._hold.currentIndex()] if self._units else None
        label = self._label.currentIndex() - 1 if self._label_num else -1
        return (self._units if state is not None else ()), state, (label if label >= 0 else None)

    # --- what is shown

    def show_running(self, running: bool) -> None:
        """Offer to pause, or to run."""
        self._running = running
        self._run.setIcon(icon("pause" if running else "train"))
        self._run.setText(self.tr("Pause") if running else self.tr("Run"))
        self._explain_run()

    def _explain_run(self) -> None:
        if self._watching:
            tip = self.tr("The training moves these chains. Choose another start for chains of your own.")
        elif self._running:
            tip = self.tr("Stop the chains where they are")
        else:
            tip = self.tr("Let the chains go on, at this speed")
        self._run.setToolTip(tip)

    def set_possible(self, possible: bool, *, watching: bool) -> None:
        """Grey the buttons where there are no chains, or where the training moves them."""
        for widget in (self._run, self._step, self._restart):
            widget.setEnabled(possible)
        for field in (self._rate, self._temperature, self._reset, self._count, self._label, self._film):
            field.setEnabled(not watching)
        self._watching = watching
        self._explain_run()
        self._enable_hold()

    def set_label_num(self, label_num: int) -> None:
        """Offer that many classes to dream of."""
        if label_num != self._label_num:
            self._label_num = label_num
            self._label.offer([(None, self.tr("any")), *((each, str(each)) for each in range(label_num))])
            self._label_field.setVisible(label_num > 0)

    def set_units(self, units: tuple[int, ...]) -> None:
        """Offer to hold these hidden units."""
        self._units = units
        self._hold.setToolTip(self._hold_tip())
        self._enable_hold()

    def _enable_hold(self) -> None:
        self._hold.setEnabled(bool(self._units) and not self._watching)

    # --- making them

    def _rate_words(self, rate: float) -> str:
        if rate == FASTEST:
            return self.tr("fastest")
        return self.tr("{0:g} steps/s").format(rate) if rate != 1 else self.tr("1 step/s")

    def _set_up(self) -> None:
        names = {self._run: "train", self._step: "step", self._restart: "reset", self._reset: "undo"}
        for button, name in names.items():
            button.setIcon(icon(name))
            button.setAutoRaise(True)
        self._run.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # As wide as either text: nothing beside it moves when it is pressed.
        self.show_running(True)
        width = self._run.sizeHint().width()
        self.show_running(False)
        self._run.setMinimumWidth(max(width, self._run.sizeHint().width()))
        self._count.show_value(CHAINS)
        self._rate.show_value(RATE)
        self._temperature.show_value(1.0)
        for field, letters in (
            (self._label, 3),
            (self._hold, 4),
            (self._rate, 7),
            (self._start, 6),
            (self._shown, 8),
            (self._film, 3),
        ):
            field.setMinimumContentsLength(letters)

    def _arrange(self) -> None:
        self._label_field = with_caption(self.tr("Dream of"), self._label)
        self._label_field.hide()
        row = WrappingRow(
            [
                side_by_side(self._run, self._step, self._restart),
                self._rate,
                with_caption(self.tr("Start"), self._start),
                with_caption(self.tr("Chains"), self._count),
                self._shown,
                with_caption(self.tr("Temperature"), self._temperature, self._reset),
                self._label_field,
                with_caption(self.tr("Selected units"), self._hold),
                with_caption(self.tr("Film every"), self._film),
            ]
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(row)

    def _explain(self) -> None:
        tips: dict[QWidget, tuple[str, str]] = {
            self._step: (self.tr("One step"), self.tr("Make one Gibbs step: hidden units, then visible ones")),
            self._restart: (self.tr("Restart"), self.tr("Begin again with new chains")),
            self._reset: (self.tr("Temperature 1"), self.tr("Back to temperature 1, that of the model")),
            self._rate: (
                self.tr("Speed"),
                self.tr(
                    "Gibbs steps of each chain a second; while the model trains the chains take less of the computer"
                ),
            ),
            self._start: (
                self.tr("Start"),
                self.tr(
                    "Where the chains come from.\n"
                    "Noise: each pixel on or off at even odds. Images: training images, drawn at random.\n"
                    "Drawing: what the network sees of it. Training: its own chains, the negative particles, live."
                ),
            ),
            self._count: (
                self.tr("Number of chains"),
                self.tr("Chains that run independently side by side, {0}").format(self._count.range_in_words()),
            ),
            self._temperature: (
                self.tr("Temperature"),
                self.tr(
                    "All energies are divided by it, {0}. At 1 the chains sample the model; below, its likeliest\n"
                    "pictures; above, they move more freely."
                ).format(self._temperature.range_in_words()),
            ),
            self._label: (self.tr("Dream of a class"), self.tr("Hold the label units at a class: “draw me a 3”")),
            self._film: (
                self.tr("Steps from one picture of the film to the next"),
                self.tr("Gibbs steps from one picture of the chosen chain's film to the next; auto: some a second"),
            ),
            self._shown: (
                self.tr("What is shown"),
                self.tr(
                    "Probabilities: p(v = 1 | h), for the eye. States: the pixels that were drawn from them,\n"
                    "with which the chain goes on."
                ),
            ),
        }
        explain(tips)
        self._run.setObjectName("run_chains")
        self._run.setAccessibleName(self.tr("Run the chains"))
        self._hold.setAccessibleName(self.tr("Hold the selected hidden units"))

    def _hold_tip(self) -> str:
        if not self._units:
            return self.tr("Select hidden units first: click one in Weights, or in Health.")
        some = ", ".join(str(unit + 1) for unit in self._units[:_UNITS_NAMED])
        more = ", …" if len(self._units) > _UNITS_NAMED else ""
        return self.tr("Hold the hidden units that are selected on or off in every step: {0}").format(some + more)

    def _connect(self) -> None:
        self._run.clicked.connect(self.run_asked)
        self._step.clicked.connect(self.step_asked)
        self._restart.clicked.connect(self.restart_asked)
        self._start.entered.connect(self.restart_asked)
        self._count.entered.connect(self.restart_asked)
        self._rate.entered.connect(self.pace_changed)
        self._reset.clicked.connect(lambda: self._temperature.setValue(1.0))
        self._temperature.entered.connect(self.wishes_changed)
        self._label.entered.connect(self.wishes_changed)
        self._hold.entered.connect(self.wishes_changed)
        self._film.entered.connect(self.wishes_changed)
        self._shown.entered.connect(self.shown_changed)
