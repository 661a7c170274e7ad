"""The kinds of cells, and the states they are drawn and counted in, by code; from the rows in src/voxel/kind.hpp.

Written by scripts/tables.py --update: change the rows, not this file.
"""

# code: (name in inputs and frames, label, colour, roles)
KINDS = {
    0: ("none", "matrix only", "#000000", ("placed",)),
    1: ("parenchyma", "normal functional cell of the organ", "#7f93ad", ("living", "normal", "placed")),
    2: ("stroma", "fibroblast", "#b8a888", ("living", "normal", "walks", "placed")),
    3: ("epithelial", "tumour cell, E-like", "#ffb31a", ("living", "tumour", "walks", "placed")),
    4: ("mesenchymal", "tumour cell, M-like", "#f0307f", ("living", "tumour", "walks", "placed")),
    5: ("t_cell", "cytotoxic T cell", "#d9fbff", ("living", "kills", "placed")),
    6: ("apoptotic", "dying body", "#ff5a2a", ("dead", "placed")),
    7: ("necrotic", "debris", "#8a5638", ("dead", "placed")),
    8: ("vessel", "endothelium and lumen that fill the voxel; never move", "#d92637", ()),
}

# code: (column of metrics.csv, name in frames, label in pictures, colour, roles)
STATES = {
    0: ("voxels_empty", "none", "no cell", "#000000", ("placed",)),
    1: ("parenchyma", "parenchyma", "normal tissue", "#7f93ad", ("living", "normal", "placed")),
    2: ("stroma", "stroma", "stroma", "#b8a888", ("living", "normal", "walks", "placed")),
    3: ("proliferating_epithelial", "proliferating epithelial-like", "proliferating, epithelial-like", "#ffb31a", ("living", "tumour", "walks", "placed")),
    4: ("proliferating_mesenchymal", "proliferating mesenchymal-like", "proliferating, mesenchymal-like", "#f0307f", ("living", "tumour", "walks", "placed")),
    5: ("hypoxic", "hypoxic, resting", "hypoxic, resting", "#4a86ff", ("living", "tumour")),
    6: ("crowded", "crowded", "crowded, under pressure", "#5fc98a", ("living", "tumour")),
    7: ("senescent", "senescent", "senescent", "#a184ff", ("living", "tumour")),
    8: ("apoptotic", "apoptotic", "apoptotic", "#ff5a2a", ("dead", "placed")),
    9: ("necrotic", "necrotic", "necrotic", "#8a5638", ("dead", "placed")),
    10: ("t_cell", "T cell", "T cell", "#d9fbff", ("living", "kills", "placed")),
    11: ("vessel", "vessel", "vessel", "#d92637", ()),
    12: ("asleep", "asleep", "asleep since it came", "#5b45c9", ("living", "tumour")),
}
