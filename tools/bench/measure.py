# SPDX-License-Identifier: Apache-2.0
"""Figures out of emulated machines that count virtual time in instructions.

A machine of the bench has no randomness and no clock of the host's, so that every run of one build
gives the same figures.
"""
import os
import re
import sys
import time

import fetch
import places

TOP = fetch.TOP
KERNEL = os.environ.get("BENCH_KERNEL", os.path.join(TOP, "build/guest/bench.elf"))
LOGS = os.path.join(TOP, "build/logs")
EXACT = ["-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
ROW = re.compile(r"BENCH (\d+) (.+)$", re.MULTILINE)
# Boots of guest/bench: the place, its number of CPUs.
PAIRS = ("zeroth-pv", "xen-pv")         # places that have rows of two CPUs
OURS = ("bare", "zeroth-pv", "zeroth-pvh")
ALL = OURS + ("xen-pv", "xen-pvh", "kvm")


class BenchError(Exception):
    """What could not be measured."""


class Exact(places.Running):
    """A place of the guest kit, counting instructions."""

    def command(self, directory):
        """Override: nothing that differs from run to run."""
        return super().command(directory) + EXACT


def boot_guest(place, cpus):
    """The rows that guest/bench prints in a place."""
    log = os.path.join(LOGS, f"bench-{place}-{cpus}.log")
    with Exact(place, KERNEL, log, smp=cpus, icount=0) as guest:
        guest.expect("BENCH END", timeout=300)
        rows = {name: int(value) for value, name in ROW.findall(guest.text)}
    if not rows:
        raise BenchError(f"{place}: the guest printed no rows; log: {log}")
    return rows


def guest_rows(wanted):
    """place -> row -> figure, of the places wanted; what two CPUs do is under its place, too."""
    found = {}
    for place in wanted:
        start = time.monotonic()
        found[place] = boot_guest(place, 1)
        if place in PAIRS:
            both = boot_guest(place, 2)
            found[place].update({name: value for name, value in both.items()
                                 if not name.startswith("power-on")})
        print(f"bench: {place}: {len(found[place])} rows in {time.monotonic() - start:.0f} s",
              file=sys.stderr, flush=True)
    return found
