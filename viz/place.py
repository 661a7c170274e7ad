"""Where a picture is written, looked at before it is drawn: a wrong name is told at once, not after a minute."""

import os


def check(path, endings):
    """Raises ValueError with a sentence unless a file of this name, with one of the endings, can be written."""
    if os.path.splitext(path)[1].lower() not in endings:
        raise ValueError(f"{path}: the name must end in {' or '.join(endings)}, which is what is written")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ValueError(f"{path}: there is no folder {folder}; make it first")
    if os.path.isdir(path) or not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise ValueError(f"{path}: cannot be written there")
