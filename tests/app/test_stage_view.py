from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint

from rbm_studio.app.selection import Selection
from rbm_studio.app.stage_view import HiddenView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_all_units_that_are_pointed_at_together_are_outlined(qtbot: QtBot) -> None:
    selection = Selection()
    view = HiddenView(selection)
    qtbot.addWidget(view)
    view.resize(200, 200)
    view.set_units(np.zeros(4, dtype=np.float32))
    before = view.grab().toImage()
    selection.hover_units((0, 3))
    after = view.grab().toImage()
    rects = [view.pixel_rect(divmod(unit, 2)) for unit in range(4)]
    # Their outer edges: the others are their neighbours' too.
    edges = [
        QPoint(int(r.right()) - 1 if unit % 2 else int(r.left()), int(r.center().y())) for unit, r in enumerate(rects)
    ]
    assert [before.pixelColor(edge) != after.pixelColor(edge) for edge in edges] == [True, False, False, True]
