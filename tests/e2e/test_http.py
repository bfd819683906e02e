#!/usr/bin/env python3
"""The web address as other programs see it: HTTP/1.1 down to the bytes, TLS as openssl sees it, users, prefixes, limits,
recovery and an orderly stop."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import urllib.error
import urllib.request

from harness import PATIENCE, Meerkat, Program, free_port, get, get_json, script, wait_for

# "secret", hashed by bcrypt with cost 10.
HASH = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u"


def raw(port, data, until_close=True, seconds=PATIENCE):
    """Sends bytes and gives all that comes back."""
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        client.sendall(data)
        answer = b""
        while True:
            try:
                piece = client.recv(65536)
            except socket.timeout:
                return answer
            if not piece:
                return answer
            answer += piece
            if not until_close and b"\r\n\r\n" in answer:
                return answer


def ask(url, method="GET", headers=None, body=None):
    """Status, headers and body, whatever the status; redirects stay redirects."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        answer = urllib.request.build_opener(Stay).open(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers, answer.read()


class Http:
    def __init__(self, binary, checks):
        self.binary, self.checks, self.folder = binary, checks, checks.folder
        with open(os.path.join(self.folder, "empty.yml"), "w") as file:
            file.write("scrape_configs: []\n")

    def start(self, name, flags, **options):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        server = Meerkat(self.binary, folder, ["--config.file=" + os.path.join(self.folder, "empty.yml"), *flags], **options)
        self.checks.own(server.program)
        return server

    def plain(self):
        self.server = self.start("plain", ["--web.enable-remote-write-receiver", "--web.enable-admin-api", "--web.page-title=Our house",
                                           "--web.max-connections=2000"])

    # ---------------------------------------------------------------- HTTP/1.1
    def messages(self):
        port = self.server.port
        line = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        piped = raw(port, line * 50 + last)
        assert piped.count(b"HTTP/1.1 200 OK") == 51 and piped.count(b"is Healthy.") == 50 and piped.endswith(b"is Ready.\n"), piped[-300:]
        # One byte at a time is slow, not wrong.
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            for byte in last:
                client.sendall(bytes([byte]))
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        for wrong, status in ((b"GARBAGE\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", b"400"),
                              (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * (2 << 20) + b"\r\n\r\n", b"431")):
            try:
                answer = raw(port, wrong)
            except ConnectionError:
                continue  # closed while we were still sending
            assert answer[9:12] == status, (wrong[:40], answer[:80])
        head = raw(port, b"HEAD /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK") and head.endswith(b"\r\n\r\n"), head
        old = raw(port, b"GET /-/healthy HTTP/1.0\r\n\r\n")
        assert b"200 OK" in old and old.endswith(b"Healthy.\n"), old

    def methods(self):
        url = self.server.url
        for path, allow in (("/-/healthy", "GET, HEAD, OPTIONS"), ("/-/reload", "GET, OPTIONS, POST, PUT"), ("/metrics", "GET, OPTIONS"),
                            ("/federate", "GET, OPTIONS")):
            status, headers, _ = ask(url + path, "OPTIONS")
            assert status == 200 and headers["Allow"] == allow, (path, status, headers["Allow"])
            status, headers, _ = ask(url + path, "PATCH")
            assert status == 405 and headers["Allow"] == allow, (path, status, headers["Allow"])
        status, headers, _ = ask(url + "/api/v1/query", "PUT")
        assert status == 405 and headers["Allow"] == "GET, OPTIONS, POST", headers["Allow"]
        assert ask(url + "/api/v1/query", "OPTIONS")[0] == 204
        assert ask(url + "/api/v1/query?query=1", "HEAD")[0] == 405
        status, _, body = ask(url + "/api/v1/series?match[]=up", "DELETE")
        assert status == 500 and json.loads(body)["error"] == "not implemented", body

    def origins(self):
        url = self.server.url
        _, headers, _ = ask(url + "/api/v1/query?query=1", headers={"Origin": "http://other.example"})
        assert headers["Access-Control-Allow-Origin"] == "*" and "Origin" in headers.get_all("Vary"), headers
        assert "Access-Control-Allow-Origin" not in ask(url + "/api/v1/query?query=1")[1]
        narrow = self.start("narrow", ["--web.cors.origin=https?://(a|b).example"])
        for origin, allowed in (("http://a.example", "http://a.example"), ("http://c.example", None), ("http://a.example.evil", None)):
            _, headers, _ = ask(narrow.url + "/api/v1/labels", headers={"Origin": origin})
            assert headers["Access-Control-Allow-Origin"] == allowed, (origin, headers["Access-Control-Allow-Origin"])
        narrow.program.stop()
        # A page of another site cannot change anything here.
        for path in ("/-/reload", "/api/v1/admin/tsdb/clean_tombstones"):
            for site, status in (("cross-site", 403), ("same-site", 403)):
                assert ask(url + path, "POST", {"Sec-Fetch-Site": site})[0] == status, (path, site)
            assert ask(url + path, "POST", {"Sec-Fetch-Site": "same-origin"})[0] in (200, 204), path

    def pages(self):
        status, headers, body = ask(self.server.url + "/query")
        assert status == 200 and b"<title>Our house</title>" in body, body[:300]
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy or "default-src 'none'" in policy, policy
        assert "unsafe-eval" not in policy and headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "SAMEORIGIN", dict(headers)
        for path in ("/user/../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/consoles/../x"):
            answer = raw(self.server.port, b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"root:" not in answer and answer[9:12] in (b"400", b"404", b"200", b"301", b"302"), answer[:200]

    # ---------------------------------------------------------------- prefixes
    def prefix(self):
        server = Program("prefixed", [self.binary, "--config.file=" + os.path.join(self.folder, "empty.yml"),
                                      "--storage.tsdb.path=" + os.path.join(self.folder, "prefixed"), "--alertmanager.listen-address=",
                                      "--web.external-url=http://watch.example/deep/house/", "--web.enable-lifecycle",
                                      "--web.listen-address=127.0.0.1:%d" % (port := free_port())], self.folder)
        self.checks.own(server)
        url = "http://127.0.0.1:%d" % port
        wait_for("the prefixed server", lambda: get(url + "/deep/house/-/ready"))
        for path in ("/", "/deep/house"):
            status, headers, _ = ask(url + path)
            assert status in (301, 302, 307) and headers["Location"].rstrip("/") in ("/deep/house", "/deep/house/query"), (path, headers["Location"])
        status, headers, _ = ask(url + "/deep/house/graph?g0.expr=up")
        assert headers["Location"] == "/deep/house/query?g0.expr=up", headers["Location"]
        _, _, page = ask(url + "/deep/house/query")
        assert b'<base href="/deep/house/">' in page, page[:200]
        assets = re.findall(rb'(?:src|href)="((?!/|http|data:|#)[^"]+\.(?:js|css))"', page)
        assert assets
        for asset in assets:
            assert ask(url + "/deep/house/" + asset.decode().removeprefix("./"))[0] == 200, asset
        assert json.loads(ask(url + "/deep/house/api/v1/status/buildinfo")[2])["status"] == "success"
        assert ask(url + "/api/v1/status/buildinfo")[0] == 404
        assert ask(url + "/deep/house/-/reload", "POST")[0] == 200
        assert server.stop() == 0

    # ---------------------------------------------------------------- TLS and users
    def certificate(self, name, subject, issuer=None):
        base = os.path.join(self.folder, name)
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                   "-subj", "/CN=" + subject, "-addext", "subjectAltName=DNS:" + subject, "-keyout", base + ".key", "-out", base + ".crt"]
        if issuer:
            command += ["-CA", os.path.join(self.folder, issuer + ".crt"), "-CAkey", os.path.join(self.folder, issuer + ".key"),
                        "-addext", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(command, capture_output=True, check=True)

    def s_client(self, port, *options, brief=True):
        options = (["-brief"] if brief else []) + list(options)
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-ign_eof", *options],
                              input=b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", capture_output=True, timeout=PATIENCE)
        return (done.stdout + done.stderr).decode(errors="replace")

    def write_web_file(self, text):
        with open(os.path.join(self.folder, "web.yml.new"), "w") as file:
            file.write(text)
        os.replace(os.path.join(self.folder, "web.yml.new"), os.path.join(self.folder, "web.yml"))

    def tls(self):
        self.certificate("ca", "authority.example")
        self.certificate("one", "one.example")
        self.certificate("client", "client.example", "ca")
        self.certificate("stranger", "stranger.example")
        text = ("tls_server_config: {cert_file: one.crt, key_file: one.key, %s}\n"
                "http_server_config: {headers: {Strict-Transport-Security: max-age=60}}\n")
        self.write_web_file(text % "min_version: TLS12")
        port = free_port()
        program = self.checks.own(Program("tls", [
            self.binary, "--config.file=empty.yml", "--storage.tsdb.path=tls", "--alertmanager.listen-address=", "--web.config.file=web.yml",
            "--web.listen-address=127.0.0.1:%d" % port], self.folder))
        wait_for("TLS", lambda: "is Healthy" in self.s_client(port))
        for options, version in ((["-tls1_2"], "TLSv1.2"), (["-tls1_3"], "TLSv1.3"), (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "TLSv1.2")):
            answer = self.s_client(port, *options)
            assert "Protocol version: " + version in answer and "is Healthy" in answer and "Strict-Transport-Security: max-age=60" in answer, answer
        assert "ALPN protocol: http/1.1" in self.s_client(port, "-alpn", "h2,http/1.1", brief=False), "the protocol is not agreed upon"
        assert "is Healthy" not in self.s_client(port, "-alpn", "h2"), "HTTP/2 is not spoken"
        assert "is Healthy" not in self.s_client(port, "-tls1_1"), "TLS 1.1 was accepted"
        assert "is Healthy" not in self.s_client(port, "-tls1_2", "-cipher", "AES128-SHA"), "a weak cipher was accepted"
        plain = raw(port, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"200 OK" not in plain, plain

        self.write_web_file(text % "client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert, min_version: TLS13")
        wait_for("the changed file", lambda: "is Healthy" not in self.s_client(port))
        good = ["-cert", os.path.join(self.folder, "client.crt"), "-key", os.path.join(self.folder, "client.key")]
        bad = ["-cert", os.path.join(self.folder, "stranger.crt"), "-key", os.path.join(self.folder, "stranger.key")]
        session = os.path.join(self.folder, "session")
        answer = self.s_client(port, *good, "-sess_out", session)
        assert "is Healthy" in answer, answer
        assert "is Healthy" in self.s_client(port, *good, "-sess_in", session), "a session could not be resumed"
        assert "is Healthy" not in self.s_client(port, *bad) and "is Healthy" not in self.s_client(port, "-tls1_2", *good)

        self.certificate("two", "two.example")
        self.write_web_file(text.replace("one.", "two.") % "min_version: TLS12")
        wait_for("the new certificate", lambda: "two.example" in self.s_client(port))
        assert program.stop() == 0

    def users(self):
        self.write_web_file("basic_auth_users: {me: '%s'}\n" % HASH)
        port = free_port()
        program = self.checks.own(Program("users", [
            self.binary, "--config.file=empty.yml", "--storage.tsdb.path=users", "--alertmanager.listen-address=", "--web.config.file=web.yml",
            "--web.listen-address=127.0.0.1:%d" % port], self.folder))
        url = "http://127.0.0.1:%d/-/healthy" % port

        def status(user, password):
            token = base64.b64encode(("%s:%s" % (user, password)).encode()).decode()
            return ask(url, headers={"Authorization": "Basic " + token})[0]
        wait_for("the server", lambda: ask(url)[0] == 401)
        assert "Basic" in ask(url)[1]["WWW-Authenticate"]
        assert status("me", "secret") == 200, "the right password"
        assert (status("me", "wrong"), status("you", "secret"), status("me", "")) == (401, 401, 401)
        # Once known, a password costs no bcrypt: the process does not spend 50 ms on each request.
        def cpu():
            with open("/proc/%d/stat" % program.process.pid) as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        before = cpu()
        assert [status("me", "secret") for _ in range(200)] == [200] * 200
        assert cpu() - before < 3, "200 requests took %.1f s of CPU" % (cpu() - before)
        assert program.stop() == 0
        with open(program.log) as log:
            assert "secret" not in log.read()

    # ---------------------------------------------------------------- limits
    def connections(self):
        limited = self.start("limited", ["--web.max-connections=4", "--web.read-timeout=1s"])
        held = [socket.create_connection(("127.0.0.1", limited.port), PATIENCE) for _ in range(4)]
        late = socket.create_connection(("127.0.0.1", limited.port), PATIENCE)
        late.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        # The four say nothing and are let go after the timeout; then it is the fifth's turn.
        answer = late.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        for client in held + [late]:
            client.close()
        slow = socket.create_connection(("127.0.0.1", limited.port), PATIENCE)
        slow.sendall(b"GET /-/hea")
        rest = slow.recv(1000)
        assert rest == b"" or b"408" in rest[:20] or b"400" in rest[:20], rest
        limited.program.stop()

    def resident(self):
        with open("/proc/%d/status" % self.server.program.process.pid) as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024

    def idle(self):
        """A thousand connections that were used and are kept cost little."""
        get(self.server.url + "/-/healthy")
        before = self.resident()
        clients = []
        for _ in range(1000):
            client = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
            client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            clients.append(client)
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 200"), "an answer on each"
        grown = self.resident() - before
        print("     1,000 idle connections: %.1f MB" % (grown / 1e6))
        assert grown < 20e6, "%.1f MB" % (grown / 1e6)
        for client in clients:
            client.close()

    def process(self):
        report = get(self.server.url + "/debug/process").decode()
        assert re.search(r"^open files +\d+ of \d+$", report, re.M), report
        metrics = get(self.server.url + "/metrics").decode()
        assert re.search(r"^process_max_fds \d", metrics, re.M) and re.search(r"^process_open_fds \d", metrics, re.M)
        request = urllib.request.Request(self.server.url + "/metrics", headers={
            "Accept": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,text/plain;q=0.5"})
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["Content-Type"].startswith("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
            assert b"process_max_fds" in answer.read()

    # ---------------------------------------------------------------- recovery and stop
    def recovery(self):
        """After kill -9 the journal is replayed, and said how far."""
        page = "".join('m{n="%d"} %d\n' % (i, i) for i in range(1000))
        for _ in range(3):
            done = subprocess.run([self.binary, "push", "metrics", self.server.url], input=page.encode(), capture_output=True, timeout=PATIENCE)
            assert done.returncode == 0, done
        self.server.program.kill()
        self.server.restart()
        assert self.server.value("count(m)") == 1000
        status = get_json(self.server.url + "/api/v1/status/walreplay")["data"]
        assert set(status) == {"min", "max", "current"} and 0 < status["min"] <= status["max"] == status["current"], status

    def stop(self):
        """A request that is under way ends; what was acknowledged is there at the next start."""
        client = socket.create_connection(("127.0.0.1", self.server.port), PATIENCE)
        body = b"query=count(m)"
        client.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
                       % len(body) + body[:5])
        stopper = threading.Thread(target=lambda: self.server.program.stop())
        stopper.start()
        wait_for("the listener to close", lambda: self.refused())
        client.sendall(body[5:])
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 ") or answer == b"", answer
        client.close()
        stopper.join()
        assert self.server.program.process.returncode == 0
        self.server.restart()
        assert self.server.value("count(m)") == 1000
        assert self.server.program.stop() == 0

    def refused(self):
        try:
            socket.create_connection(("127.0.0.1", self.server.port), 2).close()
            return False
        except OSError:
            return True


def main(checks, options):
    http = Http(options.server, checks)
    if checks.run("a server", http.plain):
        checks.run("messages: pipelined, slow, broken", http.messages)
        checks.run("methods", http.methods)
        checks.run("origins and other sites", http.origins)
        checks.run("pages and their headers", http.pages)
        checks.run("what it says of the process", http.process)
        checks.run("a thousand idle connections", http.idle)
        checks.run("recovery", http.recovery)
        checks.run("an orderly stop", http.stop)
    checks.run("limits on connections and slow clients", http.connections)
    checks.run("prefix", http.prefix)
    if shutil.which("openssl"):
        checks.run("TLS", http.tls)
    else:
        checks.skip("TLS", "openssl is not there")
    checks.run("users", http.users)


if __name__ == "__main__":
    script(main, __doc__)
