"""What an exception keeps alive, and where it came from."""

from __future__ import annotations

import traceback


def forget_frames(error: BaseException) -> None:
    """Forget the variables of the calls that an exception came through; the lines of its traceback stay.

    Among them are the arrays for which there was no room, and the painter of a widget whose painting failed, which
    nobody else can use until then.
    """
    known: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in known:
            known.add(id(each))
            traceback.clear_frames(each.__traceback__)
            waiting += [each.__cause__, each.__context__]


def place_of(error: BaseException) -> tuple[object, ...]:
    """Return what two exceptions have in common if they are the same fault again: the kind, and the lines it came by.

    Not the message, which may hold a number that is another one each time.
    """
    lines = tuple((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__))
    return (type(error), lines or str(error))
