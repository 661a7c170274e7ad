"""The job script under a Slurm of one node: killed before its first checkpoint, with a torn checkpoint, by each signal, cancelled.

    /usr/bin/python3 tests/test_slurm.py METAVOX [unittest arguments]

Ends with code 77 where no Slurm can be started: it takes root and the packages slurm-wlm and munge.
"""

import glob
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import documents

METAVOX = None
NODE = os.path.join(documents.SOURCE, "scripts", "slurm-one-node.sh")
CONFIG = """simulation:
  duration: 30 day
domain:
  voxels: [16, 16, 16]
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 60 um}
output: {frames: 15 day, report: 3 h, checkpoints: 5 day}
"""


def command(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout.strip()


def two_free_ports():
    for port in range(26817, 30000, 2):
        try:
            for p in (port, port + 1):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", p))
            return port
        except OSError:
            continue
    raise OSError("no two free ports")


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(documents.scratch(METAVOX)) if hasattr(cls, "enterClassContext") else None
        if cls.place is None:
            manager = documents.scratch(METAVOX)
            cls.place = manager.__enter__()
            cls.addClassCleanup(manager.__exit__, None, None, None)
        cls.node = tempfile.mkdtemp(prefix="metavox-slurm-")
        os.environ["METAVOX_SLURM_PORT"] = str(two_free_ports())
        cls.addClassCleanup(subprocess.run, ["rm", "-rf", cls.node])
        cls.addClassCleanup(subprocess.run, [NODE, "stop", cls.node])
        said = command(NODE, "start", cls.node)
        os.environ["SLURM_CONF"] = re.search(r"export SLURM_CONF=(\S+)", said).group(1)
        with open("tumour.yaml", "w", encoding="utf-8") as file:
            file.write(CONFIG)
        whole = command("metavox", "run", "tumour.yaml", "-o", "runs/whole", "--threads", "1", "--quiet")
        cls.hash = re.search(r"final hash (\w+)", whole).group(1)

    def submit(self, run):
        """A job of one processor whose run goes into the folder."""
        said = command("sbatch", "--cpus-per-task=1", "--mem=200M", "--time=10", "--signal=B:TERM@30",
                       os.path.join("scripts", "metavox.slurm"), "tumour.yaml", run)  # fmt: skip
        job = re.search(r"\d+", said).group(0)
        self.addCleanup(subprocess.run, ["scancel", "--signal=KILL", "--full", job], stderr=subprocess.DEVNULL)
        self.addCleanup(subprocess.run, ["scancel", job], stderr=subprocess.DEVNULL)
        return job

    def log_of(self, job):
        with open(f"metavox-{job}.log", encoding="utf-8") as file:
            return file.read()

    def state(self, job):
        return re.search(r"JobState=(\w+)", command("scontrol", "show", "job", job)).group(1)

    def wait_to_run_again(self, job, run, rows):
        """Until a requeued job has written more rows."""
        self.wait_for("rows of the next session", lambda: self.state(job) == "RUNNING" and self.rows(run) >= rows)

    def hurry(self):
        """Slurm lets a requeued job wait for two minutes."""
        for line in command("squeue", "--noheader", "--format=%i %r").splitlines():
            job, _, reason = line.strip().partition(" ")
            if reason == "BeginTime":
                subprocess.run(["scontrol", "update", f"JobId={job}", "StartTime=now"], stderr=subprocess.DEVNULL)

    def wait_for(self, what, condition, seconds=90):
        end = time.monotonic() + seconds
        hurried = time.monotonic()
        while not condition():
            now = time.monotonic()
            self.assertLess(now, end, f"waited in vain for {what}: {self.journal()}")
            if now - hurried > 1:
                self.hurry()
                hurried = time.monotonic()
            time.sleep(0.05)

    def journal(self):
        text = command("squeue") + "\n"
        for file in sorted(glob.glob("metavox-*.log")):
            with open(file, encoding="utf-8") as log:
                text += file + ":\n" + log.read()
        return text

    def rows(self, run):
        try:
            with open(os.path.join(run, "metrics.csv"), encoding="utf-8") as file:
                return max(0, file.read().count("\n") - 1)
        except FileNotFoundError:
            return 0

    def checkpoints(self, run):
        return sorted(glob.glob(os.path.join(run, "checkpoints", "step_*.h5")))

    def process(self, run):
        """Of metavox; the lock file holds it."""
        with open(os.path.join(run, ".lock"), encoding="utf-8") as file:
            return int(file.read())

    def expect_finish(self, job, run):
        self.wait_for("the end of the job", lambda: self.state(job) in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"))
        self.assertEqual(self.state(job), "COMPLETED", self.journal())
        with open(os.path.join(run, "provenance.json"), encoding="utf-8") as file:
            provenance = json.load(file)
        self.assertEqual(provenance["exit_reason"], "done")
        self.assertEqual(provenance["final_hash"], self.hash)
        command("metavox", "verify", run)
        return provenance

    def test_killed_before_the_first_checkpoint_and_with_a_torn_one(self):
        run = os.path.join("runs", "killed")
        job = self.submit(run)
        self.wait_for("the first rows", lambda: self.rows(run) >= 2)
        os.kill(self.process(run), signal.SIGKILL)
        self.wait_for("the death of the job", lambda: self.state(job) == "FAILED")
        self.assertEqual(self.checkpoints(run), [], "killed too late")
        command("scontrol", "requeue", job)
        self.wait_to_run_again(job, run, 1)
        self.wait_for("two checkpoints", lambda: len(self.checkpoints(run)) >= 2)
        self.assertIn("holds no checkpoint to continue from; the run starts anew", self.log_of(job))
        os.kill(self.process(run), signal.SIGKILL)
        self.wait_for("the death of the job", lambda: self.state(job) == "FAILED")
        newest = self.checkpoints(run)[-1]
        os.truncate(newest, os.path.getsize(newest) // 2)
        command("scontrol", "requeue", job)
        provenance = self.expect_finish(job, run)
        self.assertIn("taking an older one", self.log_of(job))
        self.assertEqual(os.path.basename(provenance["restarted_from"]), "step_00001200.h5")

    def test_every_signal_requeues_and_the_bits_stay(self):
        run = os.path.join("runs", "told")
        job = self.submit(run)
        for count, name in enumerate(("TERM", "USR1", "XCPU", "HUP"), 1):
            self.wait_to_run_again(job, run, self.rows(run) + 2)
            command("scancel", f"--signal={name}", "--batch", job)
            self.wait_for(f"the requeue after {name}", lambda: f"Restarts={count}" in command("scontrol", "show", "job", job))
            self.assertIn(f"interrupted by SIG{name}", self.log_of(job))
        self.expect_finish(job, run)

    def test_a_whole_job_that_is_signalled_or_requeued(self):
        """Signals to every process of the job, as some sites send them, and a requeue by the administrator."""
        run = os.path.join("runs", "whole_job")
        job = self.submit(run)
        self.wait_for("rows", lambda: self.rows(run) >= 2)
        command("scancel", "--signal=USR1", "--full", job)
        self.wait_for("the requeue", lambda: "Restarts=1" in command("scontrol", "show", "job", job))
        self.wait_to_run_again(job, run, self.rows(run) + 2)
        command("scontrol", "requeue", job)
        self.expect_finish(job, run)

    def test_cancelled_stays_cancelled(self):
        run = os.path.join("runs", "cancelled")
        job = self.submit(run)
        self.wait_for("rows", lambda: self.rows(run) >= 2)
        command("scancel", job)
        self.wait_for("the end of the process", lambda: self.state(job) == "CANCELLED" and "continue with" in self.log_of(job))
        time.sleep(6)
        self.assertEqual(self.state(job), "CANCELLED", self.journal())
        self.assertIn("Restarts=0", command("scontrol", "show", "job", job))
        # The owner has changed her mind.
        second = self.submit(run)
        self.expect_finish(second, run)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if subprocess.run([NODE, "check"]).returncode != 0:
        sys.exit(77)
    METAVOX = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
