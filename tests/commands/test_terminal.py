from __future__ import annotations

import io
import signal
import sys
from types import SimpleNamespace

import pytest

from rbm_studio.commands import terminal as terminal_module
from rbm_studio.commands.terminal import Interruption, ProgressBar


class Terminal(io.StringIO):
    """What a person sees: text after a carriage return covers what was there."""

    def isatty(self) -> bool:
        return True

    def line(self) -> str:
        shown = ""
        for part in self.getvalue().split("\n")[-1].split("\r"):
            shown = part + shown[len(part) :]
        return shown.rstrip()


def test_the_bar_tells_how_far_it_is() -> None:
    terminal = Terminal()
    with ProgressBar(stream=terminal) as bar:
        bar.show(0.25, "epoch 1/4")
        assert terminal.line().startswith(" 25 % [######------------------] 0:00 left  epoch 1/4")
    assert terminal.line() == ""


def test_nothing_is_left_of_a_longer_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rbm_studio.commands.terminal._SECONDS_BETWEEN", 0.0)
    terminal = Terminal()
    with ProgressBar(stream=terminal) as bar:
        bar.show(0.5, "a long text")
        bar.show(1.0, "short")
        assert terminal.line().endswith("left  short")


def test_the_time_left_is_that_of_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1000.0, 1000.0, 1100.0, 1200.0, 1210.0])
    monkeypatch.setattr(terminal_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    terminal = Terminal()
    with ProgressBar(stream=terminal) as bar:
        bar.show(0.0)
        bar.show(0.25)
        assert "5:00 left" in terminal.line()
        bar.show(0.0)
        assert "left" not in terminal.line()
        bar.show(0.5)
        assert "0:10 left" in terminal.line()


def test_the_bar_is_drawn_ten_times_a_second_at_most() -> None:
    terminal = Terminal()
    with ProgressBar(stream=terminal) as bar:
        for _ in range(1000):
            bar.show(0.5)
    assert 1 <= terminal.getvalue().count("50 %") < 1000


def test_what_is_printed_stands_above_the_bar(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    with ProgressBar(stream=terminal) as bar:
        bar.show(0.5)
        sys.stdout.write("Epoch [1/2]\n")
        assert terminal.line() == ""
    sys.stdout.write("after\n")
    assert capsys.readouterr().out == "Epoch [1/2]\nafter\n"


@pytest.mark.parametrize(("wanted", "stream"), [(False, Terminal()), (True, io.StringIO())])
def test_where_it_is_not_wanted_or_no_terminal_nothing_is_shown(
    wanted: bool, stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar(wanted, stream) as bar:
        bar.show(0.5, "text")
        sys.stdout.write("line\n")
    assert stream.getvalue() == ""
    assert capsys.readouterr().out == "line\n"


def test_where_there_is_no_terminal_a_line_tells_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1000.0, 1000.0, 1010.0, 1020.0, 1021.0, 1040.0])
    monkeypatch.setattr(terminal_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    stream = io.StringIO()
    with ProgressBar(stream=stream, lines=True) as bar:
        for part in (0.0, 0.1, 0.25, 0.3, 0.5):
            bar.show(part, "AIS")
    assert stream.getvalue() == "#  25 % 1:00 left  AIS\n#  50 % 0:40 left  AIS\n"


def test_no_line_tells_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rbm_studio.commands.terminal._SECONDS_BETWEEN_LINES", 0.0)
    stream = io.StringIO()
    with ProgressBar(False, stream, lines=True) as bar:
        bar.show(0.5, "AIS")
    assert stream.getvalue() == ""


def test_the_first_ctrl_c_is_a_wish_and_the_second_an_order() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.is_wanted
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_wanted
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
