#!/usr/bin/env python3
"""Clients that take a large answer slowly: what it is made of is let go after some seconds, memory stays bounded, and each of them gets
all of it in the end. --clients 50 --megabytes 50 --beside measures it beside a Prometheus."""
import hashlib
import http.client
import os
import random
import socket
import time
import urllib.parse

from harness import Meerkat, Program, free_port, get, peer, script, wait_for
from peer_pair import post
from protobuf import double, field, snappy, text, varint

STEP, POINTS = 0.5, 5000  # seconds; all of it is recent enough to be written series by series
BYTES_A_POINT = 25  # of an answer, about


def series(number, start):
    rnd = random.Random(number)
    labels = field(1, 2, text(1, "__name__") + text(2, "slow")) + field(1, 2, text(1, "n") + text(2, "%04d" % number))
    samples = b"".join(field(2, 2, double(1, round(rnd.random() * 100, 3)) + field(2, 0, varint(start + int(i * STEP * 1000)))) for i in range(POINTS))
    return field(1, 2, labels + samples)


class Slow:
    """Asks, and reads no further than the first byte until it is told to."""

    def __init__(self, port, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self.socket.settimeout(120)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: slow\r\nConnection: close\r\n\r\n" % path).encode())
        self.socket.recv(1, socket.MSG_PEEK)

    def finish(self):
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        digest = hashlib.sha256()
        while piece := response.read(1 << 20):
            digest.update(piece)
        self.socket.close()
        return digest.hexdigest()


class Bench:
    def __init__(self, options, url, process):
        self.options, self.url, self.pid = options, url, process.pid
        self.port = int(url.rsplit(":", 1)[1])
        self.start = int(time.time() - POINTS * STEP)
        self.path = "/api/v1/query_range?" + urllib.parse.urlencode(
            {"query": "slow", "start": self.start, "end": self.start + (POINTS - 1) * STEP, "step": STEP})
        self.clients = []

    def fill(self):
        for number in range(self.options.megabytes * 1_000_000 // (POINTS * BYTES_A_POINT)):
            status, told, _ = post(self.url + "/api/v1/write", snappy(series(number, self.start * 1000)),
                                   {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"})
            assert status in (200, 204), told
        body = get(self.url + self.path)
        assert len(body) > 0.8e6 * self.options.megabytes, len(body)
        self.whole = hashlib.sha256(body).hexdigest()

    def memory(self, what="VmRSS"):
        with open("/proc/%d/status" % self.pid) as status:
            return int(next(line for line in status if line.startswith(what)).split()[1]) / 1024

    def cpu(self):
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def queries(self):
        rows = [line for line in get(self.url + "/metrics").decode().splitlines() if line.startswith("prometheus_engine_queries ")]
        return float(rows[0].split()[1])

    def begin(self):
        self.before, self.cpu_before = self.memory(), self.cpu()
        with open("/proc/%d/clear_refs" % self.pid, "w") as peak:
            peak.write("5")  # VmHWM counts anew
        self.clients = [Slow(self.port, self.path) for _ in range(self.options.clients)]

    def let_go(self):
        """No query is under way any more, though nobody has taken its answer."""
        wait_for("the queries to be let go", lambda: self.queries() == 0, 60)

    def bounded(self):
        peak, now = self.memory("VmHWM"), self.memory()
        print("%d clients of a %d MB answer: %.0f MB more at most, %.0f MB more while they rest, %.1f s of CPU" % (
            self.options.clients, self.options.megabytes, peak - self.before, now - self.before, self.cpu() - self.cpu_before), flush=True)
        # A quarter of what they wait for, for a while with what makes it: for as many as queries may run at a time.
        kept = 60 + 0.35 * self.options.clients * self.options.megabytes
        making = 16 * min(self.options.clients, 20)
        assert now - self.before < kept, (now, self.before, kept)
        assert peak - self.before < kept + making, (peak, self.before, kept + making)

    def complete(self):
        for client in self.clients[:self.options.finish]:
            assert client.finish() == self.whole
        for client in self.clients[self.options.finish:]:
            client.socket.close()


def main(checks, options):
    with open(os.path.join(checks.folder, "empty.yml"), "w"):
        pass
    flags = ["--config.file=empty.yml", "--web.enable-remote-write-receiver", "--query.max-concurrency=20"]
    ours = Meerkat(options.server, checks.folder, flags)
    checks.own(ours.program)
    bench = Bench(options, ours.url, ours.program.process)
    checks.run("an answer of %d MB" % options.megabytes, bench.fill)
    checks.run("%d slow clients ask for it" % options.clients, bench.begin)
    checks.run("their queries are let go", bench.let_go)
    checks.run("memory is bounded", bench.bounded)
    checks.run("each gets the whole answer", bench.complete)
    if options.beside and peer("prometheus", 3):
        port = free_port()
        url = "http://127.0.0.1:%d" % port
        theirs = checks.own(Program("prometheus", [peer("prometheus", 3), "--storage.tsdb.path=theirs", "--web.listen-address=127.0.0.1:%d" % port] + flags, checks.folder))
        wait_for("prometheus to be ready", lambda: get(url + "/-/ready"))
        bench = Bench(options, url, theirs.process)
        bench.fill()
        bench.begin()
        time.sleep(10)
        print("Prometheus holds %g queries" % bench.queries())
        bench.options.megabytes *= 100  # whatever it takes
        bench.bounded()
        bench.complete()


if __name__ == "__main__":
    script(main, __doc__,
           ("--clients", dict(type=int, default=12)),
           ("--megabytes", dict(type=int, default=20)),
           ("--finish", dict(type=int, default=3, help="how many clients take all in the end")),
           ("--beside", dict(action="store_true", help="measure a Prometheus, too")))
