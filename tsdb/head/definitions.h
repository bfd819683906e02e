#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/labels.h"
#include "base/result.h"
#include "tsdb/index/index.h"

// Which labels new series have, as the journal says it: each label against the newest one of its
// name, because series come by target and family. Thirty bytes a series, where they take two
// hundred when written out.
//
//   definitions := count: varint, series*
//   series      := zigzag(id - id behind the series before): varint, labels: varint, label*
//   label       := number of the name * 2 + (1 when the value is another one): varint,
//                  [name: sized], [shared: varint, rest: sized]
//
// Names are numbered from 0 as they come; the next number brings a new one. `shared` bytes of the
// value are those that the name's value before began with.
namespace meerkat::tsdb {

using Definition = std::pair<SeriesId, Labels>;

// Appends them.
void PutDefinitions(std::span<const Definition> definitions, std::string& out);
// Calls take for each. Safe on hostile bytes: kCorruption, what came before it was taken.
Result<> TakeDefinitions(std::string_view bytes, const std::function<void(SeriesId, Labels)>& take);

}  // namespace meerkat::tsdb
