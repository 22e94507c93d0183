#!/usr/bin/env python3
"""Runs a command and prints what it took.

  measure.py time COMMAND...     wall-clock seconds
  measure.py memory COMMAND...   peak memory in MiB: resident sets of all its processes together

Memory is sampled, which takes processor time of its own: it is asked for in a run apart.
The command's output goes to standard error, and its failure is this program's.
"""
import os
import subprocess
import sys
import time

INTERVAL = 0.002
PAGE = os.sysconf("SC_PAGESIZE")


def tree_of(pid):
    pids, todo = [], [pid]
    while todo:
        one = todo.pop()
        pids.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as file:
                    todo += [int(child) for child in file.read().split()]
        except OSError:
            pass
    return pids


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def own_peak(pid):
    """The kernel's own mark of one process sees what falls between two samples."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def main():
    what, command = sys.argv[1], sys.argv[2:]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=sys.stderr, stdin=subprocess.DEVNULL) as process:
        peak = 0
        if what == "memory":
            # Popen returns when the new program is in place: this one's memory is not counted.
            while process.poll() is None:
                pids = tree_of(process.pid)
                peak = max([peak, sum(map(resident, pids))] + [own_peak(pid) for pid in pids])
                time.sleep(INTERVAL)
        status = process.wait()
    took = time.perf_counter() - began
    if status != 0:
        sys.exit(f"measure.py: status {status}: {' '.join(command)}")
    print(f"{peak / (1 << 20):.0f}" if what == "memory" else f"{took:.4f}")


if __name__ == "__main__":
    main()
