"""What pictures of a run are headed by. Needs nothing but Python."""

import json
import os


def of(run):
    """The folder's name; behind it the preset, where that says what kind of tumour the run shows: `fast` is no patient's."""
    name = os.path.basename(os.path.abspath(run))
    try:
        with open(os.path.join(run, "provenance.json"), encoding="utf-8") as file:
            preset = json.load(file).get("preset")
    except (OSError, ValueError, AttributeError):  # frames and tables can be drawn without it
        return name
    return f"{name}, preset {preset}" if preset in ("fast", "clinical") else name
