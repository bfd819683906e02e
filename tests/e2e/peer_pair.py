"""Two servers side by side, meerkat and a real Prometheus or meerkat twice: the same configuration, the same requests, and what each
then has."""
import http.client
import json
import os
import struct
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import Meerkat, Program, free_port, get, peer, wait_for
from protobuf import field, fields, read_varint, snappy, text, unsnappy, varint


FELL = -1  # the status of a request whose handler crashed


class Pair:
    def __init__(self, binary, checks, config, flags, twin=False):
        """`twin`: the other one is meerkat, too."""
        self.folder = os.path.join(checks.folder, "twins" if twin else "pair")
        os.makedirs(os.path.join(self.folder, "other"))
        self.configure(config)
        flags = flags + ["--config.file=" + os.path.join(self.folder, "pair.yml")]
        self.ours = Meerkat(binary, self.folder, flags)
        checks.own(self.ours.program)
        if twin:
            other = Meerkat(binary, os.path.join(self.folder, "other"), flags)
            self.base, self.other = other.url, checks.own(other.program)
        else:
            port = free_port()
            self.base = "http://127.0.0.1:%d" % port
            self.other = checks.own(Program("prometheus", [peer("prometheus", 3), "--storage.tsdb.path=other", "--web.enable-lifecycle",
                                                           "--web.listen-address=127.0.0.1:%d" % port] + flags, self.folder))
            wait_for("prometheus to be ready", lambda: get(self.base + "/-/ready"))

    @property
    def both(self):
        return self.ours.url, self.base

    def configure(self, config):
        with open(os.path.join(self.folder, "pair.yml"), "w") as file:
            file.write(config)

    def reload(self, config):
        self.configure(config)
        for url in self.both:
            urllib.request.urlopen(urllib.request.Request(url + "/-/reload", method="POST"), timeout=30).close()

    def post(self, path, body, headers, other=None):
        """(status, text, headers) of either side; `other`: what the other side gets, body and headers."""
        return [post(self.ours.url + path, body, headers), post(self.base + path, *(other or (body, headers)))]

    def stored(self, start, end):
        """What either side has of [start, end], milliseconds: floats bit by bit, histograms bucket by bucket, exemplars."""
        return [everything(url, start, end) for url in self.both]


def post(url, body, headers):
    request = urllib.request.Request(url, data=body, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(errors="replace"), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace"), error.headers
    except http.client.RemoteDisconnected:
        return FELL, "", {}


def name_of(labels):
    return json.dumps(labels, sort_keys=True)


def packed(data, kind):
    """Numbers of one packed field: doubles, or differences that add up."""
    if kind == "double":
        return list(struct.unpack("<%dd" % (len(data) // 8), data))
    out, at = [], 0
    while at < len(data):
        value, at = read_varint(data, at)
        out.append((out[-1] if out else 0) + (value >> 1 ^ -(value & 1)))
    return out


def number(data):
    return struct.unpack("<d", data)[0]


def bits(data=bytes(8)):
    """A double to compare; versions before 3.14 lose the sign of zero when they are read from."""
    return (bytes(8) if data == struct.pack("<d", -0.0) else data).hex()


def histogram(message):
    """A native histogram as it was meant: its buckets by their index, those that are empty left out."""
    h = {"count": 0, "sum": bits(), "schema": 0, "zero": 0, "threshold": 0.0, "bounds": [], "negative": {}, "positive": {}}
    spans, counts, at = {8: [], 11: []}, {8: [], 11: []}, 0
    for tag, value in fields(message):
        if tag in (1, 6):
            h["count" if tag == 1 else "zero"] = value
        elif tag in (2, 7):
            h["count" if tag == 2 else "zero"] = number(value)
        elif tag == 3:
            h["sum"] = value.hex()
        elif tag == 4:
            h["schema"] = value >> 1 ^ -(value & 1)
        elif tag == 5:
            h["threshold"] = number(value)
        elif tag in spans:
            span = dict(fields(value))
            offset = span.get(1, 0)
            spans[tag].append((offset >> 1 ^ -(offset & 1), span.get(2, 0)))
        elif tag in (9, 12):
            counts[tag - 1] = packed(value, "delta")
        elif tag in (10, 13):
            counts[tag - 2] = packed(value, "double")
        elif tag == 15:
            at = value
        elif tag == 16:
            h["bounds"] = packed(value, "double")
    for tag, side in ((8, "negative"), (11, "positive")):
        index, given = 0, iter(counts[tag])
        for offset, length in spans[tag]:
            index += offset
            for _ in range(length):
                count = next(given)
                if count:
                    h[side][index] = count
                index += 1
    return at, h


def everything(url, start, end):
    matcher = field(1, 0, varint(2)) + text(2, "__name__") + text(3, ".+")
    query = field(1, 0, varint(start)) + field(2, 0, varint(end)) + field(3, 2, matcher)
    floats, histograms = {}, {}
    request = urllib.request.Request(url + "/api/v1/read", data=snappy(field(1, 2, query)), method="POST", headers={
        "Content-Encoding": "snappy", "Content-Type": "application/x-protobuf", "X-Prometheus-Remote-Read-Version": "0.1.0"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        message = unsnappy(answer.read())
    for _, result in fields(message):
        for _, series in fields(result):
            labels, samples, natives = {}, [], []
            for tag, value in fields(series):
                parts = dict(fields(value)) if tag != 4 else {}
                if tag == 1:
                    labels[parts.get(1, b"").decode(errors="replace")] = parts.get(2, b"").decode(errors="replace")
                elif tag == 2:
                    samples.append((parts.get(2, 0), bits(parts.get(1, bytes(8)))))
                elif tag == 4:
                    natives.append(histogram(value))
            if samples:
                floats[name_of(labels)] = samples
            if natives:
                histograms[name_of(labels)] = natives
    asked = urllib.parse.urlencode({"query": '{__name__=~".+"}', "start": start / 1000, "end": end / 1000})
    rows = json.loads(get(url + "/api/v1/query_exemplars?" + asked).decode(errors="replace"))["data"]
    exemplars = {name_of(row["seriesLabels"]): row["exemplars"] for row in rows}
    return {"floats": floats, "histograms": histograms, "exemplars": exemplars}


def difference(ours, theirs):
    """Where two dumps part, for a person to read; None when they do not."""
    for kind in ours:
        for name in sorted(set(ours[kind]) | set(theirs[kind])):
            mine, other = ours[kind].get(name), theirs[kind].get(name)
            if mine != other:
                return "%s of %s\n  ours   %s\n  theirs %s" % (kind, name, mine, other)
    return None


def window(rounds, index):
    """A stretch of ten minutes for each round, the last one ending before now: (start, end) in milliseconds."""
    now = int(time.time()) // 600 * 600
    start = (now - 600 * (rounds + 1 - index)) * 1000
    return start, start + 599_999
