"""Run in the environment of the generated client: every example goes in and comes out as it was.

Prints what was lost, one line each.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def as_told(value: object) -> object:
    """The JSON with times as the API writes them: a generated client writes the same instant as +00:00."""
    return json.loads(json.dumps(value).replace("+00:00", "Z"))


def main(document: Path, folder: Path) -> None:
    sys.path.insert(0, str(folder.parent))
    models = importlib.import_module(f"{folder.name}.models")
    for name, example in json.loads(document.read_text(encoding="utf-8")).items():
        model = getattr(models, name, None)
        if model is None:
            print(f"{name}: no model")  # noqa: T201 - what it is for
        elif (after := as_told(model.from_dict(example).to_dict())) != example:
            print(f"{name}: {example} became {after}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
