"""What the end-to-end tests share: processes on ports of their own, waiting for conditions, a count of checks."""
import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60  # seconds until what has not come is called missing; only what hangs takes so long, on the slowest machine
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def peer(name, major=0):
    """Another server or tool to compare with: from ../peers beside the repository, from build/peers where `scripts/test --peers`
    puts it, or installed. None when it is not there or older than version `major`: Debian's Prometheus 2 has other flags, messages
    and histograms than the 3 we follow."""
    unpacked = [os.path.join(folder, "usr", "bin", name) for folder in (os.path.join(ROOT, "..", "peers"), os.path.join(ROOT, "build", "peers"))]
    found = next((os.path.normpath(path) for path in unpacked if os.path.exists(path)), None) or shutil.which(name)
    if found and major:
        told = subprocess.run([found, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30).stdout
        version = re.search(r"version v?(\d+)\.", told)
        return found if version and int(version[1]) >= major else None
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition, seconds=PATIENCE):
    """Polls until `condition()` is truthy and returns that; a condition may throw while its server is not up."""
    end = time.monotonic() + seconds
    error = None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
            error = None
        except (OSError, ValueError, KeyError, IndexError, http.client.HTTPException) as thrown:
            error = thrown
        time.sleep(0.05)
    raise AssertionError("waited %d s for %s%s" % (seconds, what, " (%s)" % error if error else ""))


def becomes(what, read, wanted, seconds=PATIENCE):
    """Polls until `read()` is what is wanted: equal to it, or accepted by it where it is a function. Tells what it was last, when it never is."""
    last = []

    def good():
        last[:] = ["nothing"]
        last[:] = [read()]
        return wanted(last[0]) if callable(wanted) else last[0] == wanted
    try:
        wait_for(what, good, seconds)
    except AssertionError as late:
        raise AssertionError("%s: it is %s%s" % (late, last[0], "" if callable(wanted) else ", not %s" % (wanted,))) from None
    return last[0]


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def get_json(url):
    return json.loads(get(url))


class Program:
    """A child process whose output goes to a file; killed at the end of the test whatever happens."""

    def __init__(self, name, command, folder, env=None):
        self.name, self.command, self.folder, self.env = name, command, folder, env
        self.log = os.path.join(folder, name + ".log")
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log, env=self.env)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=PATIENCE):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("%s did not stop within %d s of SIGTERM" % (self.name, seconds))
        return self.process.returncode

    def tail(self, lines=40):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-lines:])


class Webhook:
    """Collects the bodies of webhook notifications."""

    def __init__(self):
        self.bodies = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802: the base class's name
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, name, status):
        return [alert for body in list(self.bodies) for alert in body["alerts"]
                if alert["labels"]["alertname"] == name and alert["status"] == status]

    def close(self):
        self.server.shutdown()


class Target:
    """Something to scrape: `page(path)` gives its OpenMetrics text, None where there is no such page."""

    def __init__(self, page):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802: the base class's name
                text = page(self.path)
                body = ("no such page" if text is None else text).encode()
                self.send_response(404 if text is None else 200)
                self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Meerkat:
    """The server under test on ports of its own."""

    def __init__(self, binary, folder, flags, configure=None, scheme="http"):
        """`configure(port)` may write files before the start. With https whoever asks brings an opener that knows how."""
        self.port, self.alertmanager_port = free_port(), free_port()
        if configure:
            configure(self.port)
        self.url = "%s://127.0.0.1:%d" % (scheme, self.port)
        self.alertmanager_url = "%s://127.0.0.1:%d" % (scheme, self.alertmanager_port)
        self.program = Program("meerkat", [binary, "--storage.tsdb.path=" + os.path.join(folder, "data"),
                                           "--web.listen-address=127.0.0.1:%d" % self.port,
                                           "--alertmanager.listen-address=127.0.0.1:%d" % self.alertmanager_port,
                                           "--web.enable-lifecycle"] + flags, folder)
        self.wait_ready()

    def wait_ready(self):
        wait_for("meerkat to be ready", lambda: get(self.url + "/-/ready"))

    def restart(self):
        self.program.start()
        self.wait_ready()

    def query(self, text, **parameters):
        parameters["query"] = text
        answer = get_json(self.url + "/api/v1/query?" + urllib.parse.urlencode(parameters))
        return answer["data"]["result"]

    def value(self, text):
        """The value of a query that gives one series."""
        result = self.query(text)
        return float(result[0]["value"][1]) if len(result) == 1 else None

    def post(self, path, body=b"", content_type="application/json", base=None):
        request = urllib.request.Request((base or self.url) + path, data=body, method="POST",
                                         headers={"Content-Type": content_type})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read()


class Checks:
    """Counts what a script asserts; the script's last line is the count."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.programs = []
        self.folder = tempfile.mkdtemp(prefix="meerkat-e2e-")

    def run(self, name, check):
        try:
            check()
            self.passed += 1
            print("ok   %s" % name, flush=True)
            return True
        except Exception:  # noqa: BLE001: whatever it was, it is a failed check
            self.failed += 1
            print("FAIL %s\n%s" % (name, traceback.format_exc()), flush=True)
            return False

    def run_all(self, steps, stop=False):
        """Pairs of name and check in their order; `stop`: what comes behind a failed one has nothing to stand on."""
        for name, check in steps:
            if not self.run(name, check) and stop:
                break

    def skip(self, name, why):
        self.skipped += 1
        print("skip %s: %s" % (name, why), flush=True)

    def own(self, program):
        self.programs.append(program)
        return program

    def finish(self):
        """Ends the script; called in a `finally`, an error on its way out is a failure, too."""
        if sys.exc_info()[0] is not None:
            self.failed += 1
            print("FAIL before the checks\n%s" % traceback.format_exc(), flush=True)
        for program in self.programs:
            if self.failed:
                code = program.process.poll()
                print("--- %s %s; the end of its log:\n%s" % (program.name, "runs" if code is None else "ended with %d" % code, program.tail()))
            if program.process.poll() is None:
                program.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        sys.exit(1 if self.failed else 0)


def script(main, document, *more):
    """A test script from its options to its last line: `main(checks, options)` does the checks, options.server is the binary. `more`
    options are pairs of name and keywords of add_argument."""
    parser = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    for name, keywords in more:
        parser.add_argument(name, **keywords)
    options = parser.parse_args()
    options.server = os.path.abspath(options.server)
    checks = Checks()
    try:
        main(checks, options)
    finally:
        checks.finish()
