#!/usr/bin/env python3
"""Targets that mean harm or are broken: endless bodies and headers, gzip bombs, drips, giant labels, bytes that are no text.
They fail by a clear error, cost bounded memory, and other targets are scraped on schedule."""
import argparse
import gzip
import os
import socket
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import PATIENCE, Checks, Meerkat, Program, becomes, free_port, get, get_json, wait_for

GOOD = 20
SCRAPES = 12  # of each good target beside the hostile ones

# By path: what the last error must tell. Those of `free` have no limits but the built-in ones.
HOSTILE = {
    "endless": "body size limit exceeded", "bomb": "body size limit exceeded", "deflate-bomb": "body size limit exceeded",
    "zip-in-zip": "", "drip": "context deadline exceeded", "silent": "context deadline exceeded", "no-headers": "context deadline exceeded",
    "endless-headers": "", "endless-status": "", "giant-label": "label_value_length_limit exceeded", "giant-line": "body size limit exceeded",
    "invalid-utf8": "invalid UTF-8", "binary": "invalid syntax", "many-samples": "sample limit exceeded", "many-labels": "label_limit exceeded",
    "redirects": "stopped after 10 redirects", "cut": "", "wrong-length": "", "bad-chunks": "", "closed": "",
}
FREE = ["bomb", "drip-chunks"]

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: good
  static_configs: [{{targets: [{good}]}}]
  relabel_configs: &path
  - {{source_labels: [__address__], regex: '(.*)/(.*)', target_label: __metrics_path__, replacement: /$2}}
  - {{source_labels: [__address__], regex: '(.*)/(.*)', target_label: instance, replacement: $2}}
  - {{source_labels: [__address__], regex: '(.*)/(.*)', target_label: __address__, replacement: $1}}
- job_name: hostile
  body_size_limit: 10MB
  sample_limit: 10000
  label_limit: 30
  label_value_length_limit: 1000
  static_configs: [{{targets: [{hostile}]}}]
  relabel_configs: *path
- job_name: free
  static_configs: [{{targets: [{free}]}}]
  relabel_configs: *path
"""


def bomb(compress, megabytes):
    """A body that becomes as large; made without ever holding it."""
    out, block = [], b"a_metric 1\n" * 95325
    for _ in range(megabytes):
        out.append(compress.compress(block))
    return b"".join(out + [compress.flush()])


GZIP_BOMB = bomb(zlib.compressobj(9, zlib.DEFLATED, 31), 200)
DEFLATE_BOMB = bomb(zlib.compressobj(9), 100)
TEXT = b"Content-Type: text/plain; version=0.0.4\r\n"
BODIES = {
    "/zip-in-zip": gzip.compress(gzip.compress(b"a 1\n")), "/giant-label": b'a{b="' + b"x" * 5_000_000 + b'"} 1\n',
    "/giant-line": b'a{b="' + b"x" * 30_000_000, "/invalid-utf8": b'a{b="\xff\xfe"} 1\n', "/binary": b"a" + bytes(range(256)) * 1000,
    "/many-samples": b"".join(b"a{i=\"%d\"} 1\n" % i for i in range(50000)),
    "/many-labels": b"a{" + b",".join(b"l%d=\"x\"" % i for i in range(20000)) + b"} 1\n",
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stop = threading.Event()

    def raw(self, data):
        self.wfile.write(data)

    def forever(self, piece, pause=0.0):
        while not self.stop.wait(pause) if pause else not self.stop.is_set():
            self.wfile.write(piece)

    def whole(self, body, extra=b""):
        self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def do_GET(self):  # noqa: N802: the base class's name
        try:
            self.answer()
        except OSError:
            pass  # the other side had enough
        if not self.path.startswith("/good"):
            self.close_connection = True

    def answer(self):
        path = self.path
        chunk = b'a{i="1"} 1\n' * 5000
        if path.startswith("/good"):
            self.whole(b"# TYPE fine gauge\nfine 1\n" + b"".join(b'some{i="%d"} %d\n' % (i, i) for i in range(100)))
        elif path in BODIES:
            self.whole(BODIES[path], b"Content-Encoding: gzip\r\n" if "zip" in path else b"")
        elif path == "/endless":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
            self.forever(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        elif path == "/bomb":
            self.whole(GZIP_BOMB, b"Content-Encoding: gzip\r\n")
        elif path == "/deflate-bomb":
            self.whole(DEFLATE_BOMB, b"Content-Encoding: deflate\r\n")
        elif path == "/drip":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Content-Length: 100000\r\n\r\n")
            self.forever(b"a", 0.02)
        elif path == "/drip-chunks":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
            self.forever(b"1\r\n#\r\n", 0.02)
        elif path == "/silent":
            self.stop.wait(5)
        elif path == "/no-headers":
            self.raw(b"HTTP/1.1 200 OK\r\n")
            self.forever(b"X", 0.02)
        elif path == "/endless-headers":
            self.raw(b"HTTP/1.1 200 OK\r\n")
            self.forever(b"X-More: " + b"y" * 4000 + b"\r\n")
        elif path == "/endless-status":
            self.raw(b"HTTP/1.1 200 ")
            self.forever(b"O" * 10000)
        elif path.startswith("/redirects"):
            self.raw(b"HTTP/1.1 302 Found\r\nLocation: /redirects%d\r\nContent-Length: 0\r\n\r\n" % (len(path) % 7))
        elif path == "/cut":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Content-Length: 1000\r\n\r\na 1\n")
        elif path == "/wrong-length":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Content-Length: 99999999999999999999999\r\n\r\na 1\n")
        elif path == "/bad-chunks":
            self.raw(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na 1\n\r\nzz\r\n")
        else:  # /closed
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass


class Siege:
    def __init__(self, binary, checks):
        # Processes of their own: the good targets must not wait for the bad ones' share of an interpreter.
        ports = [free_port(), free_port()]
        for name, port in zip(("good", "bad"), ports):
            checks.own(Program(name, ["/usr/bin/python3", os.path.abspath(__file__), "--serve", str(port)], checks.folder))
        good, bad = ("127.0.0.1:%d/" % port for port in ports)
        for address in (good, bad):
            wait_for("the targets' server", lambda at=address: get("http://%sgood" % at))
        self.config = dict(good=", ".join("'%sgood-%d'" % (good, i) for i in range(GOOD)))
        self.hostile = dict(hostile=", ".join("'%s%s'" % (bad, name) for name in HOSTILE),
                            free=", ".join("'%s%s'" % (bad, name) for name in FREE))
        self.path = os.path.join(checks.folder, "prometheus.yml")
        self.write(hostile="", free="")
        self.server = Meerkat(binary, checks.folder, ["--config.file=prometheus.yml"])
        checks.own(self.server.program)
        wait_for("the good targets", lambda: len(self.server.query("up{job='good'} == 1")) == GOOD)

    def write(self, **others):
        with open(self.path, "w") as file:
            file.write(CONFIG.format(**self.config, **others))

    def memory(self):
        with open("/proc/%d/status" % self.server.program.process.pid) as status:
            return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024  # MiB, the highest so far

    # The checks, in order.

    def holds_out(self):
        self.before = self.memory()
        self.write(**self.hostile)
        assert self.server.post("/-/reload")[0] == 200
        wait_for("a scrape of each hostile target", lambda: len(self.server.query("up{job=~'hostile|free'}")) == len(HOSTILE) + len(FREE), 60)
        wait_for("enough scrapes beside them", lambda: self.server.value(
            "min(count_over_time(up{job='hostile',instance='closed'}[1m]))") >= SCRAPES, 60)

    def refuses(self):
        right = set()  # on a busy machine any of them may also take too long, now and then

        def others():
            targets = {target["labels"]["instance"]: target for target in get_json(self.server.url + "/api/v1/targets")["data"]["activeTargets"]
                       if target["scrapePool"] == "hostile"}
            assert {target["health"] for target in targets.values()} == {"down"} and all(target["lastError"] for target in targets.values()), targets
            right.update(name for name, error in HOSTILE.items() if error in targets[name]["lastError"])
            return [(name, targets[name]["lastError"]) for name in HOSTILE if name not in right]
        becomes("none to fail in another way only", others, [])
        free = self.server.query("up{job='free'}")
        assert len(free) == len(FREE) and {row["value"][1] for row in free} == {"0"}, free
        # A failed scrape stores nothing but that it failed.
        assert not self.server.query("{job=~'hostile|free',__name__!~'up|scrape_.*'}")

    def on_schedule(self):
        """The good targets' samples carry the times of their scrapes: one a second, none left out, none far from its place."""
        def late():
            rows = self.server.query("up{job='good'}[%ds]" % (SCRAPES + 1))
            times = {row["metric"]["instance"]: [time for time, value in row["values"] if value == "1"] for row in rows}
            gaps = {name: [round(b - a, 3) for a, b in zip(all, all[1:])] for name, all in times.items()}
            return [(name, gap) for name, gap in gaps.items() if len(gap) < SCRAPES - 1 or not all(0.5 < one < 1.5 for one in gap)] or GOOD - len(rows)
        becomes("%d seconds without a late scrape" % SCRAPES, late, 0, 3 * PATIENCE)  # a busy machine has its own seconds
        becomes("all samples", lambda: self.server.value("count(fine)"), GOOD)

    def costs_little(self):
        # The bomb without a limit is 200 MiB as text, unpacked into a buffer that doubles.
        grown = self.memory() - self.before
        print("     memory: %.0f MiB before, %.0f MiB more at its highest" % (self.before, grown))
        assert grown < 900, grown

    def lives_on(self):
        assert get(self.server.url + "/-/ready")
        assert self.server.program.stop() == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server")
    parser.add_argument("--serve", type=int, help="be the targets, on this port")
    options = parser.parse_args()
    if options.serve:
        Server(("127.0.0.1", options.serve), Handler).serve_forever()
    checks = Checks()
    try:
        siege = Siege(os.path.abspath(options.server), checks)
        for name, step in [("the siege goes on for a while", siege.holds_out), ("each fails by its own error", siege.refuses),
                           ("the others stay on schedule", siege.on_schedule),
                           ("memory is bounded", siege.costs_little), ("it stops as ever", siege.lives_on)]:
            checks.run(name, step)
    finally:
        checks.finish()


if __name__ == "__main__":
    main()
