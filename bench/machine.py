"""What measured: the machine, the program and how busy both were. Shared by the scripts of bench/."""

import datetime
import os
import platform
import subprocess


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe():
    compiler = output_of("c++", "--version").splitlines()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": output_of("git", "rev-parse", "--short=12", "HEAD"),
        "processor": cpu_model(),
        "cores": os.cpu_count(),
        "compiler": compiler[0] if compiler else "",
        "load": load(),
    }


def load():
    """Runnable tasks: now, averaged over one minute, five and fifteen."""
    with open("/proc/loadavg", encoding="utf-8") as file:
        fields = file.read().split()
    return [int(fields[3].split("/")[0])] + [float(v) for v in fields[:3]]


def environment(threads):
    """Threads that wait give their core away: others may be using the machine."""
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
