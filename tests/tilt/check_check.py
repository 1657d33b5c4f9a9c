"""The check of the Tiltfile finds mistakes: each line below breaks the real file in one way and names what must be said."""
import os
import sys

from check import check

TILTFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tiltfile")

# what is wrong | text in the file | its replacement | words of the message
MISTAKES = [
    ("a dependency that does not exist", 'resource_deps=["workers"]', 'resource_deps=["worker"]', "depends on worker, which is not declared"),
    ("an unknown argument", 'labels=["setup"]', 'label=["setup"]', "unknown argument label"),
    ("a script that does not exist", "test:rust", "test:rusty", "no script test:rusty"),
    ("another port", '"SIM_PORT", "8788"', '"SIM_PORT", "8798"', "answers at 8798 instead of 8788"),
    ("a test that runs by itself", "auto_init=False", "auto_init=True", "would run without being asked"),
    ("a path that does not exist", '"migrations", "knowledge"', '"migration", "knowledge"', "watches migration"),
    ("a circle", 'labels=["setup"]', 'resource_deps=["workers"], labels=["setup"]', "a circle"),
    ("a mistake of syntax", "def button(", "def button((", "Tiltfile"),
    ("a name that is not there", "deployed = [", "deploys = [", "deployed"),
    ("one resource twice", '    "mcp-inspector",', '    "workers",', "declared twice"),
]

with open(TILTFILE, encoding="utf-8") as file:
    text = file.read()

failed = 0
for what, old, new, expected in MISTAKES:
    if old not in text:
        print(f"{what}: the Tiltfile has no {old!r} any more")
        failed += 1
        continue
    found, _ = check(TILTFILE, text.replace(old, new, 1))
    if not any(expected in problem for problem in found):
        print(f"{what}: expected {expected!r}, found {found}")
        failed += 1
print(f"{len(MISTAKES) - failed} of {len(MISTAKES)} mistakes were found")
sys.exit(1 if failed else 0)
