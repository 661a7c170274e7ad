"""The colours and names of what the pictures show, in one place.

quicklook.py and film.py (VTK), scene.py (ParaView), curves.py (matplotlib) and tests/check_picture.py all read this module, so that a
state has one colour everywhere. States, their labels and colours come from the rows of the program, through metavox_tables.py beside
this file. Standard library only: ParaView's Python and matplotlib's need not share anything else.

The rim of a tumour is warm and light, its hypoxic ring blue, its dead core a dark brown: the classical rings differ in lightness
as well as in hue.
"""

from metavox_tables import STATES

# code: (name in files, label in pictures, colour)
CELL_STATES = {code: (name, label, colour) for code, (_, name, label, colour, _) in STATES.items()}


def states_that_are(*roles):
    """Codes of the states of kinds with one of the roles, in order."""
    return tuple(code for code, row in STATES.items() if set(roles) & set(row[-1]))


TUMOUR = states_that_are("tumour", "dead")  # alive or dead: what the bulk of a tumour consists of
LIVING_TUMOUR = states_that_are("tumour")
NORMAL = states_that_are("normal")
# What a picture of a tumour shows, cell by cell: itself, and guests such as immune cells.
SHOWN = TUMOUR + tuple(code for code in states_that_are("living") if code not in TUMOUR + NORMAL)

VESSEL_PERFUSED = "#e0283a"
VESSEL_IDLE = "#8d7fb5"
VESSEL_NO_FLOW = "#747b8a"  # the idle ones where colours are numbers
VESSEL_TIP = "#eaff6b"

# What vessels can be coloured by: label, unit, scale, whether it needs flow (idle vessels keep their own colour then), stops.
# Nothing here is as dark as the background, for thin tubes must stand out against it.
VESSEL_FIELDS = {
    "flow": ("blood flow", "nL/min", "log", True, ("#4f4a9c", "#a23a8e", "#e8505b", "#f9a03f", "#fdf0a6")),
    "oxygen": ("oxygen of blood", "mmHg", "zero", True, ("#3f57c8", "#7f7fd0", "#c487a6", "#f0605a", "#ff2d2d")),
    "age": ("age", "day", "zero", False, ("#ffd9ea", "#f483bd", "#b65ccb", "#6b66cc", "#42749f")),
    "pressure": ("blood pressure", "mmHg", "range", True, ("#3b64d8", "#8fa2d8", "#efd9a0", "#f08a4b", "#e0263a")),
    "haematocrit": ("haematocrit", "1", "zero", True, ("#f3ecc4", "#f2b36b", "#e2643c", "#b81f2c", "#8c0f2e")),
}
VESSELS_BY = ("perfused",) + tuple(VESSEL_FIELDS)

BACKGROUND = "#0b0e14"
INK = "#e9edf3"
INK_SOFT = "#98a3b3"
FRAME = "#3a4454"

# Fields: stops of a colour map from low to high. All begin dark, so that low values recede into the background.
FIELDS = {
    "oxygen": ("oxygen", ("#0b0a1c", "#2f2a66", "#355f9f", "#3598a8", "#63cfab", "#e2f7e6")),
    "matrix": ("matrix density", ("#0f0d0a", "#43382b", "#857258", "#c3ae8a", "#f3e9d2")),
    "proteinase": ("proteinase (MMP)", ("#100a14", "#431b52", "#8a2b74", "#d5517f", "#ffb7bd")),
    "inhibitor": ("inhibitor (TIMP)", ("#0a0f14", "#173a4f", "#2b7a86", "#78c0a4", "#eef7cf")),
    "vegf": ("VEGF", ("#08100c", "#123f33", "#1d7a55", "#6cc04a", "#eef58a")),
    "glucose": ("glucose", ("#0d0f0a", "#2f3f1b", "#5f7a2b", "#a7b64a", "#f5f0a8")),
    "pressure": ("pressure of growth", ("#0c0b12", "#3a2440", "#7d3550", "#c9594a", "#fbd7a0")),
}


def rgb(colour):
    """'#ffb31a' -> (1.0, 0.70, 0.10)"""
    return tuple(int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))


def state_rgb(code):
    return rgb(CELL_STATES[code][2])


def state_label(code):
    return CELL_STATES[code][1]


def field_label(name):
    return FIELDS[name][0] if name in FIELDS else name.replace("_", " ")


def stops(colours):
    """[(0..1, (r, g, b)), ...], evenly spaced."""
    return [(i / (len(colours) - 1), rgb(c)) for i, c in enumerate(colours)]


def field_stops(name):
    """Of a field; unknown ones are grey."""
    return stops(FIELDS[name][1] if name in FIELDS else ("#0c0d0f", "#53585f", "#a5abb3", "#f2f4f6"))


def vessel_stops(name):
    return stops(VESSEL_FIELDS[name][4])


def nice_length(longest):
    """The largest of 1, 2, 5 x 10^n that does not exceed `longest`: scale bars and ticks."""
    if not longest > 0:
        return 1.0
    power = 1.0
    while power * 10 <= longest:
        power *= 10
    while power > longest:
        power /= 10
    for digit in (5, 2, 1):
        if digit * power <= longest:
            return digit * power
    return power


def number(value):
    """Short text of a number for labels."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
