#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// Columns of doubles to bytes and back, bit for bit: NaN payloads, -0 and infinities included. The
// bytes are described in tsdb/FORMAT.md. They carry neither a count nor a checksum: whoever frames
// them (block.h, series_chunk.h) does. Threads: plain functions, any thread.
namespace meerkat::tsdb {

// Appends the encoded column to `out`; the smallest of the forms that fit is chosen. An empty
// column is no bytes at all.
void EncodeValues(std::span<const double> values, std::string& out);

// Fills all of `values`, whose size must be the count that was encoded. kCorruption for bytes that
// no encoder wrote for that count; `values` is then unspecified. Safe on hostile bytes.
Result<> DecodeValues(std::string_view bytes, std::span<double> values);

}  // namespace meerkat::tsdb
