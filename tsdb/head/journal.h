#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/head/batch.h"
#include "tsdb/head/definitions.h"

// The bytes of the journal. One entry holds the batches of one group commit:
//
//   entry     := version: u8 (2), flags: u8, record*        flags: 1 the first of a generation
//   record    := kind: u8, length: varint, body
//   series    := (kind 3, from version 2 on) definitions (definitions.h) of series that follow
//   samples   := (kind 1) flags: u8, count: varint, run*, times, changed: bitmap, tokens
//                flags: 1 all samples have one time
//   run       := zigzag(first id - id behind the run before): varint, ids: varint,
//                samples of each id: varint          until `count` samples are named
//   times     := the one time: zigzag, or for each sample the zigzag difference of differences
//   tokens    := for each changed sample: (loose)? (start)? value | histogram, length, bytes
//   exemplars := (kind 2) count: varint, exemplar*
//   exemplar  := id, value: 8 bytes, time: zigzag, labels: varint, (name, value: each length,
//                bytes)*
//
// Values are tokens (token.h) against the series' value before in the same generation; an unchanged
// sample has no token, and costs one bit.
namespace meerkat::tsdb {

inline constexpr std::uint8_t kJournalVersion = 2;  // 1 knows no definitions
inline constexpr std::uint8_t kFirstOfGeneration = 1;

// Appends the record of one batch. `tokens` are its tokens one after the other, the first of them
// at `first_token` of where the staged samples point.
void EncodeSamples(std::span<const StagedSample> staged, std::size_t first_token,
                   std::string_view tokens, std::span<const Batch::Extra> extras, std::string& out);
// Appends the record of series that the batch brings; nothing for none.
void EncodeDefinitions(std::span<const Definition> definitions, std::string& out);
void EncodeExemplars(std::span<const Batch::ExemplarOf> exemplars, std::string& out);

// Reads an entry back. Safe on hostile bytes: kCorruption.
class JournalReader {
 public:
  virtual ~JournalReader() = default;
  // In the order they were committed. `before` is asked for each changed float: the bits of the
  // series' newest float in the generation.
  virtual std::uint64_t Before(SeriesId series) = 0;
  virtual void OnSeries(SeriesId series, Labels labels) = 0;
  virtual void OnBatch() = 0;                    // the samples that follow were committed together
  virtual void OnSample(HeadSample sample) = 0;  // an empty token: unchanged
  virtual void OnExemplar(Batch::ExemplarOf exemplar) = 0;
};
// The entry's flags.
Result<std::uint8_t> ReadEntry(std::string_view entry, JournalReader& reader);
// Only the flags; 0 for anything that is no entry.
std::uint8_t EntryFlags(std::string_view entry);

}  // namespace meerkat::tsdb
