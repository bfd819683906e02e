#!/usr/bin/env python3
"""Runs the shared suites and compares the passes with the floors: a fall fails, a rise is told so that the floor can follow. Some cases
wait for the wall's clock, so a suite that fell on a busy machine is run once more; what is broken falls again."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile


def passes(log):
    """How many cases of a suite's log agree, in whichever form the suite tells it."""
    found = re.findall(r"^(\d+) passed, \d+ failed", log, re.M)
    if found:
        return int(found[-1])
    found = re.findall(r"total: (\d+) \w+, (\d+) differ", log)
    if found:
        return int(found[-1][0]) - int(found[-1][1])
    return sum(int(agree) for agree in re.findall(r"^\w+: \d+ files: (\d+) agree", log, re.M))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--shared", required=True)
    parser.add_argument("--floors", required=True)
    parser.add_argument("--raise", dest="raise_floors", action="store_true", help="write higher floors back to the file")
    options = parser.parse_args()
    floors = json.load(open(options.floors))

    fallen = False
    with tempfile.TemporaryDirectory() as out:
        for suite in floors:
            for last in (False, True):
                subprocess.run([os.path.join(options.shared, "score.sh"), options.bin, suite], env=dict(os.environ, OUT=out),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=1800)
                log = open(os.path.join(out, suite + ".log"), encoding="utf-8", errors="replace").read()
                passed = passes(log)
                verdict = "ok" if passed >= floors[suite] else "FELL"
                print("%-12s floor %5d  now %5d  %s  (%s)" % (suite, floors[suite], passed, verdict, log.strip().rsplit("\n", 1)[-1][:100]),
                      flush=True)
                if verdict == "ok":
                    break
                wrong = [line for line in log.splitlines() if re.search(r"FAIL|fail|differ", line)]
                print("\n".join(wrong[-60:]) + "\n" + log[-2000:], flush=True)
                fallen |= last
            floors[suite] = max(floors[suite], passed)
    if options.raise_floors:
        with open(options.floors, "w") as file:
            json.dump(floors, file, indent=2)
            file.write("\n")
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
