from pathlib import Path
from typing import Any


def load_faults(path: Path, contract: Any) -> list[Any]:
    return []


class FaultLayer:
    def __init__(self, app: Any, faults: Any, contract: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
