#!/usr/bin/env python3
"""Runs every test of the project and closes with one line: N passed, N failed, N skipped."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUMMARY = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


class Totals:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.wrong = []  # programs with a failure

    def add(self, name, passed, failed, skipped, seconds):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        self.wrong += [name] if failed else []
        print("%-28s %5d passed %3d failed %3d skipped  %6.1f s" % (name, passed, failed, skipped, seconds), flush=True)


def run(command, cwd=ROOT, env=None, timeout=1500):
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        code, text = done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        code, text = 124, (late.stdout or b"").decode("utf-8", "replace") + "\ntimed out after %d s" % timeout
    return code, text, time.monotonic() - started


def told(text, most=60_000):
    """What a failure is understood from: all of the output but the lines of what passed."""
    return "\n".join(line for line in text.splitlines() if not re.match(r"ok\s", line))[-most:]


def unit(totals, build):
    programs = sorted(os.path.join(folder, file) for folder, _, files in os.walk(os.path.join(build, "tests"))
                      for file in files if file.endswith("_test") and os.access(os.path.join(folder, file), os.X_OK))
    if not programs:
        print("no unit test was built below " + build)
        totals.failed += 1
    for program in programs:
        with tempfile.NamedTemporaryFile(suffix=".json") as report:
            code, text, seconds = run([program, "--gtest_brief=1", "--gtest_output=json:" + report.name])
            try:
                result = json.load(open(report.name))
                skipped = sum(case.get("result") == "SKIPPED" for suite in result["testsuites"] for case in suite["testsuite"])
                failed = result["failures"] + result["errors"]
                passed = result["tests"] - failed - skipped - result.get("disabled", 0)
            except (ValueError, KeyError):
                passed, failed, skipped = 0, 1, 0
            if code != 0:
                failed = max(failed, 1)
                print(told(text))
            totals.add(os.path.basename(program), passed, failed, skipped, seconds)


def scripted(totals, name, command, cwd=ROOT):
    """A program whose last line is the summary."""
    code, text, seconds = run(command, cwd)
    found = SUMMARY.findall(text)
    if found:
        passed, failed, skipped = (int(number or 0) for number in found[-1])
    else:
        passed, failed, skipped = 0, 1, 0
    if code != 0:
        failed = max(failed, 1)
    if failed:
        print(told(text))
    totals.add(name, passed, failed, skipped, seconds)


def ui_units(totals):
    code, text, seconds = run(["npm", "test", "--silent"], cwd=os.path.join(ROOT, "ui"))
    count = {word: sum(int(n) for n in re.findall(r"^(?:#|ℹ) %s (\d+)$" % word, text, re.M)) for word in ("pass", "fail", "skipped")}
    failed = max(count["fail"], 1) if code != 0 or not count["pass"] else count["fail"]
    if failed:
        print(told(text))
    totals.add("ui", count["pass"], failed, count["skipped"], seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="release")
    parser.add_argument("--only", default="", help="comma list of: unit, layers, ui, e2e, browser")
    parser.add_argument("--peers", action="store_true", help="for scripts/test: fetch newer peers to compare with")
    options = parser.parse_args()
    build = os.path.join(ROOT, "build", options.preset)
    server = os.path.join(build, "server", "meerkat")
    chosen = options.only.split(",") if options.only else ["layers", "unit", "ui", "e2e", "browser"]

    totals = Totals()
    if "layers" in chosen:
        scripted(totals, "layers", [sys.executable, "tests/layers.py"])
    if "unit" in chosen:
        unit(totals, build)
    if "ui" in chosen:
        ui_units(totals)
    if "e2e" in chosen:
        for script in sorted(os.listdir(os.path.join(ROOT, "tests", "e2e"))):
            if script.startswith("test_") and script.endswith(".py"):
                # Debian's python3 carries the Flask and aiosmtpd packages; another one in PATH may not.
                scripted(totals, "e2e " + script[5:-3], ["/usr/bin/python3", "tests/e2e/" + script, "--server", server])
    if "browser" in chosen:
        scripted(totals, "browser", ["node", "tests/browser/run.mjs", "--server", server])
    if totals.wrong:
        print("failed: " + ", ".join(totals.wrong))
    print("%d passed, %d failed, %d skipped" % (totals.passed, totals.failed, totals.skipped))
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
