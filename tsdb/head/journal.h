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
//   entry     := version: u8 (2), flags: u8, behind: varint, record*
//                flags: 1 the first of a generation; `behind`: how many entries came since that one
//   record    := kind: u8, length: varint, body
//   series    := (kind 3) definitions (definitions.h) of series that follow
//   samples   := (kind 1) flags: u8, count: varint, run*, times, [check: u32], [befores],
//                changed: bitmap, tokens
//                flags: 1 all samples have one time, 2 check, 4 befores
//   run       := zigzag(first id - id behind the run before): varint, ids: varint,
//                samples of each id: varint          until `count` samples are named
//   times     := the one time: zigzag, or for each sample the zigzag difference of differences
//   befores   := for each id of each run what its first sample's token builds on: value against 0.0
//   tokens    := for each changed sample: (loose)? (start)? value | histogram, length, bytes
//   exemplars := (kind 2) count: varint, exemplar*
//   exemplar  := id, value: 8 bytes, time: zigzag, labels: varint, (name, value: each length,
//                bytes)*
//
// Values are tokens (token.h) against the series' value before in the same generation; an unchanged
// sample has no token, and costs one bit.
//
// So a batch builds on those before it. Behind an entry that was lost the check, the low half of
// the XXH3-64 of what each sample builds on (u64 each), tells the batches that the loss does not
// concern. For the others there are the befores, every few batches: with them a batch stands by
// itself, and what follows can build on it again.
//
// Version 1 has no `behind`, no definitions, no checks and no befores.
namespace meerkat::tsdb {

inline constexpr std::uint8_t kJournalVersion = 2;

// Begins an entry.
void PutEntryHead(bool first, std::uint64_t behind, std::string& out);

// Appends the record of one batch. `tokens` are its tokens one after the other, the first of them
// at `first_token` of where the staged samples point. `base`: the generation, as in the slots.
// `restart`: with befores.
void EncodeSamples(std::span<const StagedSample> staged, std::size_t first_token,
                   std::string_view tokens, std::span<const Batch::Extra> extras,
                   std::uint32_t base, bool restart, std::string& out);
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
  // Before(series) is `before` from here on.
  virtual void Restore(SeriesId series, std::uint64_t before) = 0;
  virtual void OnSeries(SeriesId series, Labels labels) = 0;
  virtual void OnBatch() = 0;  // the samples that follow were committed together
  // An empty token: unchanged. The sample is good until the next one, and may be changed.
  virtual void OnSample(HeadSample& sample) = 0;
  virtual void OnLeftOut(std::uint64_t samples) = 0;  // a batch that builds on what was lost
  virtual void OnExemplar(Batch::ExemplarOf exemplar) = 0;
};
// `doubtful`: entries before it in its generation were lost. Then only batches that do not build on
// them are given.
Result<> ReadEntry(std::string_view entry, JournalReader& reader, bool doubtful);

struct EntryHead {
  std::uint8_t version = 0;  // 0: no entry that this program knows
  bool first = false;        // of its generation
  std::uint64_t behind = 0;  // the first; version 1: 0
};
EntryHead ReadEntryHead(std::string_view entry);

}  // namespace meerkat::tsdb
