"""A clock for processes of recoup that can be stepped while they run (clock.c, preloaded)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")


class StepClock:
    """One machine's clock. Without a C compiler it cannot be stepped, and `missing` says so."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = folder / "clock.so"
        compiler = shutil.which("cc")
        self.missing = None if compiler else "no C compiler (cc): clocks are not stepped"
        self.set(0)
        if compiler:
            subprocess.run(
                [compiler, "-shared", "-fPIC", "-O1", "-o", self._library, _SOURCE, "-ldl"],
                check=True,
            )

    @property
    def environ(self) -> dict[str, str]:
        """For the processes that live by it."""
        if self.missing:
            return {}
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        """How far it is ahead of the true time."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))
