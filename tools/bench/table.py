# SPDX-License-Identifier: Apache-2.0
"""The rows of the bench: what was measured where, the target, whether it is met, what limits it."""
import dataclasses
import fnmatch
import json
import os
import tomllib

import boots

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = ("native", "zeroth", "xen", "kvm")
POWER_ON = "power-on to the guest's first instruction"
WAYS = ("no paravirt", "before patching", "patched")


@dataclasses.dataclass
class Row:
    """One row; a figure is None where there is none."""
    row: str
    unit: str
    native: int | None = None
    zeroth: int | None = None
    xen: int | None = None
    kvm: int | None = None
    target: int | None = None
    group: str = ""
    limit: str = ""

    def subject(self):
        """The figure that the target is for: Zeroth's, or the bare machine's."""
        return self.native if self.zeroth is None else self.zeroth

    def met(self):
        """Whether the target is met; None without a target or a figure."""
        if self.target is None or self.subject() is None:
            return None
        return self.subject() <= self.target

    def above_half(self):
        """Whether Zeroth takes more than half of what Xen does."""
        return None not in (self.zeroth, self.xen) and 2 * self.zeroth > self.xen

    def owes_words(self):
        """Whether the page must say what limits the row."""
        return self.met() is False or (self.target is None and self.above_half())


def settings():
    """What is written down about rows: groups, targets, limits."""
    with open(os.path.join(HERE, "rows.toml"), "rb") as file:
        return tomllib.load(file)


def hypervisor_rows(figures):
    """The rows by place as columns of rows: (name, native, zeroth, xen, kvm)."""
    def of(place):
        return figures.get(place, {})
    for name in {**of("zeroth-pv"), **of("xen-pv")}:
        if name.startswith("pv_ops") and name.endswith(": patched"):
            yield (name.replace(": patched", " (PV guest)"), of("bare").get(name),
                   of("zeroth-pv").get(name), of("xen-pv").get(name), None)
        elif not name.startswith(("pv_ops", "power-on")):
            yield name, None, of("zeroth-pv").get(name), of("xen-pv").get(name), None
    for name in {**of("zeroth-pvh"), **of("xen-pvh"), **of("kvm")}:
        columns = [of(place).get(name) for place in ("bare", "zeroth-pvh", "xen-pvh", "kvm")]
        if name.startswith("pv_ops") and name.endswith(": patched"):
            yield name.replace(": patched", " (PVH guest)"), *columns
        elif not name.startswith("pv_ops"):
            yield name.replace(POWER_ON, f"{POWER_ON} (PVH)"), *columns
    yield (f"{POWER_ON} (PV)", of("bare").get(POWER_ON), of("zeroth-pv").get(POWER_ON),
           of("xen-pv").get(POWER_ON), None)


def assemble(figures):
    """All rows in the order of their groups; figures: place -> row -> number."""
    known, rows = settings(), []
    for name, *columns in hypervisor_rows(figures):
        rows.append(Row(name, "instructions", *columns))
    bare = figures.get("bare", {})
    for name in [name for name in bare if name.endswith(": patched")]:
        for way in (name.replace(": patched", f": {way}") for way in WAYS):
            rows.append(Row(way, "instructions", native=bare.get(way)))
    for kind in ("boot", "guests"):
        places = [figures.get(f"{kind}-{name}", {}) for name in ("native", "zeroth", "xen")]
        for name in {**places[1], **places[2]}:
            rows.append(Row(name, boots.UNITS.get(name, "instructions"),
                            *(place.get(name) for place in places)))
    for row in rows:
        complete(row, known, bare)
    return sorted(rows, key=lambda row: place_of(row, known))


def place_of(row, known):
    """Where a row stands: its group and the first pattern that fits it, as numbers."""
    return next((i, k) for i, group in enumerate(known["group"])
                for k, pattern in enumerate(group["rows"]) if fnmatch.fnmatchcase(row.row, pattern))


def complete(row, known, bare):
    """Give a row its group, target and words."""
    row.group = known["group"][place_of(row, known)[0]]["title"]
    row.target = known["target"].get(row.row)
    if row.row in known["share"] and row.xen is not None:
        row.target = int(known["share"][row.row] * row.xen)
    base, _, way = row.row.rpartition(": ")
    if row.zeroth is None and way == "patched":
        row.target = bare.get(f"{base}: no paravirt")
    if row.owes_words():
        row.limit = next((one["why"] for one in known["limit"]
                          if any(fnmatch.fnmatchcase(row.row, name) for name in one["rows"])), "")


def records(rows):
    """The list of objects of bench.json."""
    return [{key: getattr(row, key) for key in ("row", "unit", *COLUMNS, "target")} for row in rows]


def write_json(rows, path):
    """Write bench.json."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(records(rows), file, indent=1)
        file.write("\n")


def verdict(row):
    """One word about a row."""
    if row.met() is not None:
        return "met" if row.met() else "MISSED"
    return "" if row.zeroth is None or row.xen is None else ("> half" if row.above_half() else "half")


def text(rows):
    """The table for a terminal."""
    head = f"{'':71}" + "".join(f"{name:>14}" for name in (*COLUMNS, "target")) + "  verdict"
    lines, group = [], None
    for row in rows:
        if row.group != group:
            group = row.group
            lines += ["", group, head]
        cells = "".join(f"{'-' if value is None else value:>14}"
                        for value in (*(getattr(row, name) for name in COLUMNS), row.target))
        lines.append(f"{row.row:71}{cells}  {verdict(row)}")
    return "\n".join(lines[1:])
