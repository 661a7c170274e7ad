"""Opens a run's scene.pvsm in ParaView and looks whether anything is seen, at the first time and at the last.

    xvfb-run -a pvbatch --force-offscreen-rendering tests/load_scene.py RUN_DIR PICTURE.png
"""

import sys

from paraview.simple import *
from paraview.simple import GetAnimationScene, GetLayout, GetViews, LoadState, SaveScreenshot

run, picture = sys.argv[1:3]
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
