"""Servers that speak the protocols of discovery sources, with faults on demand. All targets are closed loopback ports."""
import hashlib
import hmac
import json
import os
import queue
import socketserver
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Fake:
    """An HTTP server on a kernel-chosen port, or on a Unix socket. `answer` makes (status, content type, body)."""

    def __init__(self, unix=None):
        self.requests = []
        self.broken = None  # an HTTP status that every request gets instead
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802: the base class's name
                url = urllib.parse.urlsplit(self.path)
                parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                fake.requests.append((url.path, parameters, dict(self.headers), body))
                if fake.broken:
                    return fake.send(self, fake.broken, b"{}")
                fake.answer(self, url.path, parameters, body)

            do_POST = do_PUT = do_GET  # noqa: N815: the base class's names

            def address_string(self):
                return "local"

            def log_message(self, *_):
                pass

        if unix:
            class UnixServer(socketserver.ThreadingUnixStreamServer):
                daemon_threads = True
            self.server = UnixServer(unix, Handler)
            self.host = "unix://" + unix
        else:
            self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            self.server.daemon_threads = True
            self.host = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, path, parameters, body):
        raise NotImplementedError

    @staticmethod
    def send(handler, status, body, headers=(), content_type="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def close(self):
        self.server.shutdown()


class Docker(Fake):
    """The engine's API: whatever stands in `paths`."""

    def __init__(self, paths, unix=None):
        self.paths = paths
        super().__init__(unix)

    def answer(self, handler, path, parameters, body):
        found = self.paths.get(path)
        self.send(handler, 200 if found is not None else 404, found if found is not None else {"message": "no"})


class Consul(Fake):
    """A catalog with blocking queries: a query with the present index waits until something changes."""

    def __init__(self):
        self.changed = threading.Condition()
        self.index = 10
        self.services = {}  # name: (tags, entries)
        super().__init__()

    def change(self, services, index=None):
        with self.changed:
            self.services = services
            self.index = index if index is not None else self.index + 1
            self.changed.notify_all()

    def answer(self, handler, path, parameters, body):
        if path == "/v1/agent/self":
            return self.send(handler, 200, {"Config": {"Datacenter": "dc1"}})
        with self.changed:
            if parameters.get("index") == str(self.index):
                self.changed.wait(3)
            index, services = self.index, dict(self.services)
        if path == "/v1/catalog/services":
            found = {name: tags for name, (tags, _) in services.items()}
        else:
            found = services.get(urllib.parse.unquote(path.rsplit("/", 1)[1]), ([], []))[1]
        self.send(handler, 200, found, [("X-Consul-Index", str(index))])


class Ec2(Fake):
    """DescribeInstances in two pages, for those whose signature is right."""

    def __init__(self, access_key, secret_key, region):
        self.keys = (access_key, secret_key, region)
        self.refused = []
        super().__init__()

    def signature(self, path, headers, body):
        """AWS Signature Version 4 as its documentation describes it, made of what was received."""
        _, secret, region = self.keys
        lower = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        fields = dict(part.strip().split("=", 1) for part in lower["authorization"].split(" ", 1)[1].split(","))
        names = fields["SignedHeaders"].split(";")
        canonical = "\n".join(["POST", path, "", "".join("%s:%s\n" % (name, lower[name]) for name in names),
                               ";".join(names), hashlib.sha256(body).hexdigest()])
        date = lower["x-amz-date"]
        scope = "%s/%s/ec2/aws4_request" % (date[:8], region)
        text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + secret).encode()
        for part in (date[:8], region, "ec2", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return fields["Signature"], hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), fields["Credential"], scope

    def answer(self, handler, path, parameters, body):
        given, right, credential, scope = self.signature(path, handler.headers, body)
        if given != right or credential != self.keys[0] + "/" + scope:
            self.refused.append(given)
            return self.send(handler, 403, b"<Response><Errors><Error><Code>SignatureDoesNotMatch</Code></Error></Errors></Response>",
                             content_type="text/xml")
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if form["Action"] == "DescribeAvailabilityZones":
            answer = ("<R><availabilityZoneInfo><item><zoneName>eu-1a</zoneName><zoneId>euz1</zoneId></item>"
                      "</availabilityZoneInfo></R>")
        else:
            number = "2" if form.get("NextToken") == "more" else "1"
            answer = ("<R><reservationSet><item><ownerId>own</ownerId><instancesSet><item><instanceId>i-%s</instanceId>"
                      "<privateIpAddress>127.0.0.%s</privateIpAddress><placement><availabilityZone>eu-1a</availabilityZone></placement>"
                      "<instanceState><name>running</name></instanceState><tagSet><item><key>Name</key><value>n%s</value></item></tagSet>"
                      "</item></instancesSet></item></reservationSet>%s</R>"
                      % (number, number, number, "<nextToken>more</nextToken>" if number == "1" else ""))
        self.send(handler, 200, answer.encode(), content_type="text/xml")


class Machine(Fake):
    """A machine of EC2 that has a role: its metadata service (second version), and an STS that lends keys of another role."""

    def __init__(self, lent):
        self.lent = lent
        super().__init__()

    def answer(self, handler, path, parameters, body):
        if path == "/latest/api/token":
            return self.send(handler, 200 if handler.command == "PUT" else 405, b"TOKEN", content_type="text/plain")
        if path.startswith("/latest/") and handler.headers.get("X-aws-ec2-metadata-token") != "TOKEN":
            return self.send(handler, 401, b"")
        if path == "/latest/meta-data/placement/region":
            return self.send(handler, 200, b"eu-1", content_type="text/plain")
        if path == "/latest/meta-data/iam/security-credentials/":
            return self.send(handler, 200, b"app-role", content_type="text/plain")
        if path == "/latest/meta-data/iam/security-credentials/app-role":
            return self.send(handler, 200, {"Code": "Success", "AccessKeyId": "MACHINE", "SecretAccessKey": "m", "Token": "session",
                                            "Expiration": "2099-01-01T00:00:00Z"})
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if form.get("Action") == "AssumeRole" and "Credential=MACHINE/" in handler.headers["Authorization"]:
            access, secret = self.lent
            return self.send(handler, 200, ("<R><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"
                                            "<SessionToken>s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
                                            "</AssumeRoleResult></R>" % (access, secret)).encode(), content_type="text/xml")
        self.send(handler, 403, b"")


class Kubernetes(Fake):
    """List and watch. Objects by resource; every change has a version and goes to who watches."""

    def __init__(self):
        self.lock = threading.Lock()
        self.version = 100
        self.oldest = 0  # watches from before get 410
        self.objects = {}  # resource: {name: object}
        self.watchers = {}  # resource: [queue]
        self.lists = {}  # resource: how often it was listed from the start
        super().__init__()

    def change(self, resource, kind, item):
        with self.lock:
            self.version += 1
            item["metadata"]["resourceVersion"] = str(self.version)
            store = self.objects.setdefault(resource, {})
            name = (item["metadata"].get("namespace", ""), item["metadata"]["name"])
            if kind == "DELETED":
                store.pop(name, None)
            else:
                store[name] = item
            for watcher in self.watchers.get(resource, []):
                watcher.put(json.dumps({"type": kind, "object": item}).encode() + b"\n")

    def interrupt(self, resource, line=b""):
        """Sends `line` to those who watch and hangs up in the middle of the body."""
        with self.lock:
            for watcher in self.watchers.get(resource, []):
                watcher.put(line)
                watcher.put(None)

    def answer(self, handler, path, parameters, body):
        resource = path.rsplit("/", 1)[1]
        if parameters.get("watch"):
            return self.watch(handler, resource, parameters)
        start = int(parameters.get("continue") or 0)
        limit = int(parameters.get("limit") or 10 ** 9)
        with self.lock:
            if start == 0:
                self.lists[resource] = self.lists.get(resource, 0) + 1
            items = list(self.objects.get(resource, {}).values())
            metadata = {"resourceVersion": str(self.version)}
        if start + limit < len(items):
            metadata["continue"] = str(start + limit)
        self.send(handler, 200, {"kind": "List", "metadata": metadata, "items": items[start:start + limit]})

    def watch(self, handler, resource, parameters):
        changes = queue.Queue()
        with self.lock:
            since = int(parameters["resourceVersion"])
            if since < self.oldest:
                return self.send(handler, 410, {"kind": "Status", "code": 410, "reason": "Expired"})
            for item in self.objects.get(resource, {}).values():
                if int(item["metadata"]["resourceVersion"]) > since:
                    changes.put(json.dumps({"type": "MODIFIED", "object": item}).encode() + b"\n")
            self.watchers.setdefault(resource, []).append(changes)
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while (line := changes.get()) is not None:
                # An event in two pieces: lines need not end where pieces do.
                for piece in (line[:len(line) // 2], line[len(line) // 2:]):
                    if piece:
                        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                        handler.wfile.flush()
        except OSError:
            pass
        with self.lock:
            self.watchers[resource].remove(changes)
        handler.close_connection = True


class Target:
    """A page of metrics on one connection after the other; counts connections and remembers what it was asked."""

    def __init__(self):
        self.connections, self.times, self.headers = 0, [], []
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                target.connections += 1
                super().setup()

            def do_GET(self):  # noqa: N802: the base class's name
                target.headers.append(dict(self.headers))
                Fake.send(self, 200, b"m 1\n", content_type="text/plain; version=0.0.4")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()


def processor_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    with open("/proc/%d/statm" % pid) as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
