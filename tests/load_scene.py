"""Opens a run's scene.pvsm in ParaView and looks whether anything is seen, at the first time and at the last; with --moved, scene.py in
a copy of the folder, which is what a moved run is.

    xvfb-run -a pvbatch --force-offscreen-rendering tests/load_scene.py RUN_DIR PICTURE.png [--moved]
"""

import os
import shutil
import sys
import tempfile

from paraview.simple import *
from paraview.simple import GetAnimationScene, GetLayout, GetSources, GetViews, LoadState, SaveScreenshot

run, picture = sys.argv[1:3]
if "--moved" in sys.argv:
    with tempfile.TemporaryDirectory() as moved:
        shutil.copytree(run, moved, dirs_exist_ok=True, ignore=shutil.ignore_patterns("checkpoints"))
        script = os.path.join(moved, "scene.py")
        with open(script, encoding="utf-8") as file:
            exec(compile(file.read(), script, "exec"), {"__file__": script})
        files = [source.FileName for source in GetSources().values() if hasattr(source, "FileName")]
        written = [name for name in os.listdir(moved) if name.endswith(".pvd")]
        if sorted(files) != sorted(os.path.join(moved, name) for name in written):
            sys.exit(f"{script} opened {files}")
    sys.exit(0)
LoadState(run + "/scene.pvsm")
views = GetViews()
if len(views) != 1 or GetLayout(views[0]) is None:
    sys.exit(f"{run}/scene.pvsm: {len(views)} views, or one without a layout")
scene = GetAnimationScene()
scene.UpdateAnimationUsingDataTimeSteps()
times = list(scene.TimeKeeper.TimestepValues)
if len(times) < 2:
    sys.exit(f"{run}/scene.pvsm: times are {times}")
scene.GoToLast()
SaveScreenshot(picture, views[0], ImageResolution=[1600, 1200])
print(f"{picture}: day {times[-1]:g} of {times}")
