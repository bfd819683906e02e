#!/usr/bin/env python3
"""Clients that take a large answer slowly: what it is made of is let go after some seconds, memory stays bounded, and each of them gets
all of it in the end. --clients 50 --megabytes 50 --beside measures it beside a Prometheus."""
import hashlib
import http.client
import os
import random
import shutil
import socket
import ssl
import subprocess
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
    start = int(time.time() - POINTS * STEP)
    bodies = []  # of remote writes; the same for all servers

    def __init__(self, options, url, process):
        self.options, self.url, self.pid = options, url, process.pid
        self.port = int(url.rsplit(":", 1)[1])
        if not self.bodies:
            self.bodies += [snappy(series(number, self.start * 1000)) for number in range(options.megabytes * 1_000_000 // (POINTS * BYTES_A_POINT))]
        self.path = "/api/v1/query_range?" + urllib.parse.urlencode(
            {"query": "slow", "start": self.start, "end": self.start + (POINTS - 1) * STEP, "step": STEP})
        self.clients = []

    def fill(self):
        for body in self.bodies:
            status, told, _ = post(self.url + "/api/v1/write", body, {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"})
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


def patience(checks, options, flags):
    """Of two servers the one that was asked later lets go, and the one that may wait longer does not."""
    benches = []
    for timeout in ("10m", "0s"):
        folder = os.path.join(checks.folder, timeout)
        os.mkdir(folder)
        server = Meerkat(options.server, folder, ["--config.file=../empty.yml", "--web.slow-client-timeout=" + timeout] + flags[1:])
        checks.own(server.program)
        bench = Bench(options, server.url, server.program.process)
        bench.fill()
        bench.clients = [Slow(bench.port, bench.path)]
        benches.append(bench)
    patient, hasty = benches
    hasty.let_go()
    assert patient.queries() == 1, patient.queries()
    for bench in benches:
        assert bench.clients[0].finish() == bench.whole


class Tls:
    """A server whose answers are of version 1.0: nothing but the end of the connection tells where one ends."""

    def __init__(self, checks, options, flags):
        self.folder = os.path.join(checks.folder, "tls")
        os.mkdir(self.folder)
        flags = ["--config.file=../empty.yml"] + flags[1:]
        plain = Meerkat(options.server, self.folder, flags)
        checks.own(plain.program)
        self.bench = Bench(options, plain.url, plain.program.process)
        self.bench.fill()
        assert plain.program.stop() == 0
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=slow",
                        "-keyout", "slow.key", "-out", "slow.crt"], cwd=self.folder, capture_output=True, check=True)
        with open(os.path.join(self.folder, "web.yml"), "w") as file:
            file.write("tls_server_config: {cert_file: slow.crt, key_file: slow.key}\n")
        self.context = ssl.create_default_context(cafile=os.path.join(self.folder, "slow.crt"))
        self.context.check_hostname = False
        self.port = free_port()
        self.program = checks.own(Program("tls", [options.server, "--storage.tsdb.path=data", "--web.config.file=web.yml", "--web.listen-address=127.0.0.1:%d" % self.port,
                                                  "--alertmanager.listen-address="] + flags, self.folder))
        wait_for("TLS", lambda: b" 200 OK" in self.rest(self.begin("/-/ready")))

    def begin(self, path):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", self.port))
        secure = self.context.wrap_socket(connection, suppress_ragged_eofs=False)
        secure.sendall(("GET %s HTTP/1.0\r\n\r\n" % path).encode())
        return secure

    def rest(self, connection):
        """Up to the notice that this was all; throws where it is missing."""
        with connection:
            answer = b""
            while piece := connection.recv(1 << 20):
                answer += piece
            return answer

    def cut(self):
        whole = self.rest(self.begin(self.bench.path)).partition(b"\r\n\r\n")[2]
        assert hashlib.sha256(whole).hexdigest() == self.bench.whole
        slow = self.begin(self.bench.path)
        first = slow.recv(1)
        assert self.program.stop() == 0
        try:
            first += self.rest(slow)
        except (ssl.SSLError, ConnectionResetError):
            return
        raise AssertionError("%d bytes of %d look whole: %s" % (len(first), len(whole), first[-200:]))


def main(checks, options):
    with open(os.path.join(checks.folder, "empty.yml"), "w"):
        pass
    flags = ["--config.file=empty.yml", "--web.enable-remote-write-receiver", "--query.max-concurrency=20"]
    ours = Meerkat(options.server, checks.folder, flags + ["--web.slow-client-timeout=1s"])
    checks.own(ours.program)
    bench = Bench(options, ours.url, ours.program.process)
    checks.run("how long is said by --web.slow-client-timeout", lambda: patience(checks, options, flags))
    if shutil.which("openssl"):
        checks.run("an answer that a stop cuts is no whole one over TLS", lambda: Tls(checks, options, flags).cut())
    else:
        checks.skip("an answer that a stop cuts is no whole one over TLS", "openssl is not there")
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
