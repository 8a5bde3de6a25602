# The part of threadpoolctl that RBM Studio uses; the package has no types of its own.
from types import TracebackType
from typing import Self

class threadpool_limits:
    def __init__(self, limits: int | None = ..., user_api: str | None = ...) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
