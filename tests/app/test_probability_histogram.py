from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox, QLabel

from rbm_studio.app.probability_histogram import ProbabilityHistogram

from .driving import click, named

if TYPE_CHECKING:
    from PySide6.QtCore import QCoreApplication
    from pytestqt.qtbot import QtBot


@pytest.fixture
def histogram(qtbot: QtBot, application: QCoreApplication) -> ProbabilityHistogram:
    assert application is not None
    view = ProbabilityHistogram()
    qtbot.addWidget(view)
    view.resize(300, 150)
    view.show()
    qtbot.waitExposed(view)
    return view


def test_the_fullest_bar_is_the_highest_and_is_named(histogram: ProbabilityHistogram) -> None:
    histogram.set_counts(np.array([12_000, 0, 3000, 1]))
    assert histogram.bar_heights() == [1, 0, 0.25, 1 / 12_000]
    label = histogram.findChild(QLabel)
    assert isinstance(label, QLabel)
    assert label.text() == "up to 12,000 images"


def test_rare_values_are_seen_on_a_log_scale(histogram: ProbabilityHistogram) -> None:
    histogram.set_counts(np.array([12_000, 0, 3000, 1]))
    before = histogram.grab().toImage()
    click(named(histogram, QCheckBox, "Log scale"))
    heights = histogram.bar_heights()
    assert heights[:2] == [1, 0]
    assert heights[3] == pytest.approx(math.log(2) / math.log(12_001))
    assert histogram.grab().toImage() != before


def test_without_counts_there_is_a_word(histogram: ProbabilityHistogram) -> None:
    histogram.set_counts(None, "Measuring…")
    histogram.grab()
    assert histogram.counts() is None
    assert histogram.bar_heights() == []


def test_nothing_counted_has_no_bars(histogram: ProbabilityHistogram) -> None:
    histogram.set_counts(np.zeros(4, dtype=np.int64))
    histogram.grab()
    assert histogram.bar_heights() == [0, 0, 0, 0]
