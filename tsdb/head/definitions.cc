#include "tsdb/head/definitions.h"

#include <algorithm>
#include <vector>

#include "tsdb/chunk/bytes.h"
#include "tsdb/head/walk.h"

namespace meerkat::tsdb {

namespace {

Error Broken(const char* what) {
  return Error(Code::kCorruption, std::string("journal: ") + what);
}

std::size_t SharedPrefix(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + most, b.begin()).first -
                                  a.begin());
}

// The names so far, each with its newest value.
struct Known {
  std::string_view name;
  std::string_view value;
};

// The number of a name: most series have the names of the one before, so the search goes on where
// the last one ended.
std::size_t NumberOf(const std::vector<Known>& known, std::string_view name, std::size_t from) {
  for (std::size_t i = from; i < known.size(); ++i) {
    if (known[i].name == name) return i;
  }
  for (std::size_t i = 0; i < std::min(from, known.size()); ++i) {
    if (known[i].name == name) return i;
  }
  return known.size();
}

}  // namespace

void PutDefinitions(std::span<const Definition> definitions, std::string& out) {
  AppendVarint(out, definitions.size());
  std::vector<Known> known;
  SeriesId behind = 0;
  for (const auto& [series, labels] : definitions) {
    AppendVarint(out, ZigZag(static_cast<std::int64_t>(series) - behind));
    behind = series + 1;
    AppendVarint(out, labels.size());
    std::size_t next = 0;
    for (const Label label : labels) {
      const std::size_t number = NumberOf(known, label.name, next);
      const bool fresh = number == known.size();
      if (fresh) known.push_back({label.name, {}});
      Known& before = known[number];
      const bool other = fresh || before.value != label.value;
      AppendVarint(out, number * 2 + (other ? 1 : 0));
      if (fresh) AppendText(label.name, out);
      if (other) {
        const std::size_t shared = SharedPrefix(before.value, label.value);
        AppendVarint(out, shared);
        AppendText(label.value.substr(shared), out);
        before.value = label.value;
      }
      next = number + 1;
    }
  }
}

Result<> TakeDefinitions(std::string_view bytes,
                         const std::function<void(SeriesId, Labels)>& take) {
  Walk walk(bytes);
  const std::uint64_t count = walk.Varint();
  std::vector<std::pair<std::string, std::string>> known;
  std::vector<std::size_t> numbers;
  SeriesId behind = 0;
  for (std::uint64_t i = 0; i < count && walk.ok(); ++i) {
    const auto series =
        static_cast<SeriesId>(behind + static_cast<std::uint64_t>(UnZigZag(walk.Varint())));
    behind = series + 1;
    const std::uint64_t size = walk.Varint();
    numbers.clear();
    for (std::uint64_t j = 0; j < size && walk.ok(); ++j) {
      const std::uint64_t head = walk.Varint();
      const std::uint64_t number = head / 2;
      if (number > known.size()) return Broken("a label's name is missing");
      if (number == known.size()) known.emplace_back(walk.Text(), "");
      std::string& value = known[number].second;
      if (head % 2 != 0) {
        const std::uint64_t shared = walk.Varint();
        if (shared > value.size()) return Broken("a label's value is missing");
        value.resize(shared);
        value += walk.Text();
      }
      numbers.push_back(number);
    }
    if (!walk.ok()) break;
    std::vector<Label> labels;
    labels.reserve(numbers.size());
    for (const std::size_t number : numbers) {
      labels.push_back({known[number].first, known[number].second});
    }
    Labels made = Labels::From(std::move(labels));
    if (made.empty() || series == ~SeriesId{0}) return Broken("a series without labels");
    take(series, std::move(made));
  }
  if (!walk.ok()) return Broken("not a series");
  return {};
}

}  // namespace meerkat::tsdb
