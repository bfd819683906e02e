#!/usr/bin/env python3
"""The tree is the architecture: includes point left only, a module's sub-folders are its own, and each third-party
library stays in its place. Closes with `N passed, N failed`, one count for each source file."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORDER = ["base", "tsdb", "promql", "alerting", "ui", "server"]
LEFT = {"base": {"base"}, "tsdb": {"base", "tsdb"}, "promql": {"base", "tsdb", "promql"},
        "alerting": {"base", "tsdb", "promql", "alerting"}, "ui": {"ui"}, "server": set(ORDER)}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)

# Where a library may be included: path prefixes. The list is the table of STYLE's "who may know whom".
LIBRARIES = [
    (re.compile(r"^rocksdb/"), ["tsdb/rocks/"]),
    (re.compile(r"^boost/beast"), ["server/net/"]),
    (re.compile(r"^boost/"), ["server/"]),
    (re.compile(r"^yaml-cpp/"), ["server/config/"]),
    (re.compile(r"^CLI/"), ["server/main.cc", "server/commands/", "server/app/"]),
    (re.compile(r"^nlohmann/"), ["server/", "alerting/receivers/"]),
    (re.compile(r"^re2/"), ["base/regex.cc"]),
    (re.compile(r"^openssl/"), ["base/", "server/", "alerting/"]),
]


def faults(path):
    module = path.split("/")[0]
    text = open(os.path.join(ROOT, path), encoding="utf-8").read()
    for quote, target in INCLUDE.findall(text):
        if quote == '"':
            other = target.split("/")[0]
            if other not in ORDER:
                yield "includes \"%s\", which is not named from the root" % target
            elif other not in LEFT[module]:
                yield "%s may not include %s (%s)" % (module, other, target)
            elif other != module and target.count("/") > 1:
                yield "%s is private to %s" % (target, other)
        for pattern, places in LIBRARIES:
            if pattern.match(target) and not any(path.startswith(place) for place in places):
                yield "<%s> belongs to %s only" % (target, ", ".join(places))


def main():
    passed = failed = 0
    for module in ORDER:
        for folder, folders, files in os.walk(os.path.join(ROOT, module)):
            folders[:] = [name for name in folders if name not in ("node_modules", "dist")]
            for file in sorted(files):
                if not file.endswith((".h", ".cc")):
                    continue
                path = os.path.relpath(os.path.join(folder, file), ROOT)
                wrong = list(faults(path))
                for line in wrong:
                    print("%s: %s" % (path, line))
                failed += bool(wrong)
                passed += not wrong
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
