# SPDX-License-Identifier: Apache-2.0
"""The figures kept in the tree, and what has become worse since."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, "figures.json")
ALLOWED = 3         # per cent


def compiler():
    """The compiler that makes what is measured, which the figures depend on."""
    return subprocess.run([os.environ.get("CC", "gcc"), "--version"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout.splitlines()[0]


def load():
    """What was kept: "by", the compiler; "figures", place -> row -> number."""
    with open(PATH, encoding="utf-8") as file:
        return json.load(file)


def keep(figures):
    """Put today's figures into the tree; places that were not measured stay as they were."""
    old = load()["figures"] if os.path.exists(PATH) else {}
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump({"licence": "SPDX-License-Identifier: Apache-2.0", "by": compiler(),
                   "figures": {**old, **figures}}, file, indent=1)
        file.write("\n")


def compare(old, new):
    """The rows that got worse, went or came, in words; the number of rows that are well."""
    bad, good = [], 0
    for place, rows in new.items():
        before = old.get(place, {})
        for name in {**before, **rows}:
            was, now = before.get(name), rows.get(name)
            if was is None:
                bad.append(f"{place}: {name}: {now}, and no figure is kept (make bench-keep)")
            elif now is None:
                bad.append(f"{place}: {name}: not measured, was {was}")
            elif now * 100 > was * (100 + ALLOWED):
                bad.append(f"{place}: {name}: {now}, was {was} (+{100 * now / was - 100:.1f} %)")
            else:
                good += 1
    return bad, good


def better(old, new):
    """Rows that became better by more than is allowed the other way: worth keeping."""
    return [f"{place}: {name}: {now}, was {old[place][name]}"
            for place, rows in new.items() for name, now in rows.items()
            if now * (100 + ALLOWED) < old.get(place, {}).get(name, 0) * 100]
