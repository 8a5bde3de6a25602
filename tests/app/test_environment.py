"""Where a font or a translation is missing, or a language writes otherwise: each a program of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .started import found_by, start

if TYPE_CHECKING:
    from pathlib import Path

NO_FONTS = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'
USE = """
if %s:
    application.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
for name, text in (("Epochs", "4"), ("Learning rate", "0.25")):
    field = named(window.panel("model"), QWidget, name)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
settings = session.settings.training
train(4)
canvas = window.panel("draw").canvas
drag(canvas, (0.3, 0.3), (0.7, 0.7))
for dock in ("unit", "health", "dream", "compare", "drawings", "draw"):
    window.docks[dock].raise_()
    application.processEvents()
window.grab()
end(
    typed=[settings.epochs, settings.learning_rate],
    status=labels(window.training_bar),
    dataset=labels(window.panel("dataset")),
    size=[window.width(), window.height()],
    saved=session.save_experiment(Path("İı ünï.rbmx")),
    there=[path.name for path in Path().glob("*.rbmx")],
)
"""


@pytest.mark.parametrize(
    ("locale", "fonts", "reversed_"),
    [("xx_YY", False, False), ("tr_TR.UTF-8", True, False), ("ar_EG.UTF-8", True, True)],
    ids=["no such language and no fonts", "Turkish", "Arabic, right to left"],
)
def test_the_window_trains_and_says_its_numbers(tmp_path: Path, locale: str, fonts: bool, reversed_: bool) -> None:
    changes = {"LC_ALL": locale, "LANG": locale}
    if not fonts:
        (tmp_path / "fonts.conf").write_text(NO_FONTS)
        (tmp_path / "none").mkdir()
        changes |= {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf"), "QT_QPA_FONTDIR": str(tmp_path / "none")}
    found = found_by(start(tmp_path, USE % reversed_, **changes))
    assert found["typed"] == [4, 0.25]
    assert found["epochs"] == 4
    assert found["status"] == ["Epoch 4 of 4  ·  done"]
    assert "200 training, 20 held-out" in found["dataset"]
    assert found["saved"]
    assert found["there"] == ["İı ünï.rbmx"]
    width, height = found["size"]
    assert 600 <= width <= 2000
    assert 500 <= height <= 1200
