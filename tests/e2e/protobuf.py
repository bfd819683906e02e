"""Protobuf and snappy as the tests send and read them: fields by hand for what is to be broken, whole messages by a table."""
import struct

STALE_BITS = 0x7FF0000000000002
STALE = struct.pack("<Q", STALE_BITS)  # a double's bytes


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint(value << 1 ^ value >> 63)


def field(number, kind, payload):
    """`kind` is the wire type; the length of what has one is added here."""
    head = varint(number << 3 | kind)
    return head + (varint(len(payload)) + payload if kind == 2 else payload)


def text(number, value):
    return field(number, 2, value if isinstance(value, bytes) else value.encode())


def double(number, value):
    """A number, or its eight bytes."""
    return field(number, 1, value if isinstance(value, bytes) else struct.pack("<d", value))


def snappy(data):
    """The block format, literals only: valid, if not smaller."""
    out = bytearray(varint(len(data)))
    for begin in range(0, len(data), 65536):
        piece = data[begin:begin + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return bytes(out)


def unsnappy(data):
    length, at = read_varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            size = tag >> 2
            if size >= 60:
                size, at = int.from_bytes(data[at:at + size - 59], "little"), at + size - 59
            out += data[at:at + size + 1]
            at += size + 1
            continue
        if tag & 3 == 1:
            size, offset, at = (tag >> 2 & 7) + 4, tag >> 5 << 8 | data[at], at + 1
        else:
            width = 2 if tag & 3 == 2 else 4
            size, offset, at = (tag >> 2) + 1, int.from_bytes(data[at:at + width], "little"), at + width
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length, (len(out), length)
    return bytes(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def fields(data):
    """(number, value) of each: numbers, eight or four bytes, or the bytes of what has a length."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = read_varint(data, at)
        else:
            size = 8 if kind == 1 else 4
            if kind == 2:
                size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


PLAIN = {
    "string": lambda n, v: text(n, v), "bytes": lambda n, v: field(n, 2, bytes.fromhex(v)), "bool": lambda n, v: field(n, 0, varint(int(v))),
    "double": lambda n, v: double(n, float(v)), "int64": lambda n, v: field(n, 0, varint(int(v))), "sint32": lambda n, v: field(n, 0, zigzag(int(v))),
    "fixed64": lambda n, v: field(n, 1, struct.pack("<Q", int(v))), "sfixed64": lambda n, v: field(n, 1, struct.pack("<q", int(v))),
}
PACKED = {"fixed64": lambda v: struct.pack("<Q", int(v)), "double": lambda v: struct.pack("<d", float(v)), "int64": lambda v: varint(int(v))}


def encode(schema, message, value):
    """A message from its JSON form. `schema`: message to name to (number, type), where a type in brackets repeats."""
    out = b""
    for name, item in value.items():
        number, kind = schema[message][name]
        repeated = kind.startswith("[")
        kind = kind.strip("[]")
        if repeated and kind in PACKED:
            out += field(number, 2, b"".join(PACKED[kind](one) for one in item))
            continue
        for one in item if repeated else [item]:
            out += PLAIN[kind](number, one) if kind in PLAIN else field(number, 2, encode(schema, kind, one))
    return out
