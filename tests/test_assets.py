from __future__ import annotations

import pytest

from rbm_studio.assets import resource


def test_the_icons_are_found() -> None:
    icons = list(resource("icons").glob("*.svg"))
    assert icons
    assert resource("icons", icons[0].name).read_bytes() == icons[0].read_bytes()


def test_a_missing_file_says_what_to_do() -> None:
    with pytest.raises(FileNotFoundError, match=r"icons/none\.svg is missing: install the program again"):
        resource("icons", "none.svg")
