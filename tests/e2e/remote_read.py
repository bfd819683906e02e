"""Remote read requests at random, and what is in their answers."""
from protobuf import field, fields, snappy, text, unsnappy, varint

ZEROS = (0, bytes(8))  # of numbers and doubles
MATCHERS = (("__name__", 0, "m_total"), ("__name__", 0, "g"), ("__name__", 2, "m_total|g"), ("__name__", 0, "h"), ("__name__", 0, "mixed"), ("a", 0, "1"), ("a", 1, "1"),
            ("a", 2, "1|2"), ("c", 3, "x"), ("cluster", 0, "east"), ("cluster", 0, "west"), ("cluster", 2, "e.*"), ("none", 0, ""), ("a", 2, "("), ("__name__", 0, "none"), ("a", 9, "x"))
TYPES = ((), (0,), (1,), (1, 0), (0, 1), (7, 1), (9,), (7, 9))  # 0: samples, 1: streamed chunks


def random_request(r, base):
    """The body, compressed; `base`: seconds, of the first sample."""
    out = b""
    for _ in range(r.choice((1, 1, 1, 2, 3, 0))):
        start = base * 1000 + r.randrange(1_500_000)
        end = min(start + r.choice((0, 1, 30_000, 300_000)), base * 1000 + 1_700_000)  # rules run since, each server's at its own times
        query = field(1, 0, varint(start)) + field(2, 0, varint(end))
        for name, kind, value in [("job", 2, "j.|e")] + r.choices(MATCHERS, k=r.choice((1, 1, 2, 3))):
            query += field(3, 2, field(1, 0, varint(kind)) + text(2, name) + text(3, value))
        out += field(1, 2, query)
    for kind in r.choice(TYPES):
        out += field(2, 0, varint(kind))
    return snappy(out)


def series_of(body):
    """Each query's series that have samples or histograms, in one order: upstream promises none, and has also series whose chunks
    only surround the range. The hints whether a counter was reset (field 14) tell how the store cut its chunks and are left out, as are zeros, which need not be told."""
    results = []
    for _, result in fields(unsnappy(body)):
        series = []
        for _, one in fields(result):
            parts = []
            for number, part in fields(one):
                inside = [(n, value) for n, value in fields(part) if value not in ZEROS and not (number == 4 and n == 14)]
                parts.append((number, inside))
            if any(number != 1 for number, _ in parts):
                series.append(repr(sorted(parts, key=lambda part: part[0])))  # samples and histograms are lists of their own
        results.append(sorted(series))
    return results
