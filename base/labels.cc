#include "base/labels.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>

#include "base/quote.h"

namespace meerkat {
namespace {

std::uint32_t* Offsets(void* block, std::size_t header) {
  return reinterpret_cast<std::uint32_t*>(static_cast<char*>(block) + header);
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Labels::Labels(std::initializer_list<Label> labels) : Labels(From(std::vector<Label>(labels))) {}

Labels Labels::From(std::vector<Label> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  std::vector<Label> kept;
  kept.reserve(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool overridden = i + 1 < labels.size() && labels[i + 1].name == labels[i].name;
    if (!overridden && !labels[i].value.empty()) kept.push_back(labels[i]);
  }
  return FromSorted(kept);
}

Labels Labels::FromSorted(std::span<const Label> labels) {
  Labels result;
  if (labels.empty()) return result;
  std::size_t bytes = 0;
  for (const Label& label : labels) bytes += label.name.size() + label.value.size();
  const std::size_t offsets_size = 2 * labels.size() * sizeof(std::uint32_t);
  void* memory = ::operator new(sizeof(Block) + offsets_size + bytes);
  auto* block = new (memory) Block{{1}, static_cast<std::uint32_t>(labels.size()), 0};
  std::uint32_t* offsets = Offsets(memory, sizeof(Block));
  char* text = reinterpret_cast<char*>(offsets + 2 * labels.size());

  // What is hashed is written down first: in one go it is several times faster than piece by piece.
  constexpr std::size_t kOnStack = 1024;
  const std::size_t hashed = bytes + 2 * labels.size();
  std::array<char, kOnStack> stack;
  std::string heap;
  if (hashed > stack.size()) heap.resize(hashed);
  char* const marked = hashed > stack.size() ? heap.data() : stack.data();
  char* mark = marked;
  std::uint32_t end = 0;
  auto put = [&](std::string_view part) {
    std::memcpy(text + end, part.data(), part.size());
    end += static_cast<std::uint32_t>(part.size());
    *offsets++ = end;
    std::memcpy(mark, part.data(), part.size());
    mark += part.size();
    *mark++ = '\xff';
  };
  for (const Label& label : labels) {
    put(label.name);
    put(label.value);
  }
  block->hash = XXH64(marked, hashed, 0);
  result.block_ = block;
  return result;
}

void Labels::Unref() {
  if (block_ == nullptr || block_->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~Block();
  ::operator delete(block_);
}

Label Labels::operator[](std::size_t index) const {
  const std::uint32_t* offsets = Offsets(block_, sizeof(Block));
  const char* text = reinterpret_cast<const char*>(offsets + 2 * block_->count);
  const std::uint32_t begin = index == 0 ? 0 : offsets[2 * index - 1];
  const std::uint32_t middle = offsets[2 * index];
  const std::uint32_t end = offsets[2 * index + 1];
  return {{text + begin, middle - begin}, {text + middle, end - middle}};
}

std::string_view Labels::Get(std::string_view name) const {
  for (std::size_t i = 0, n = size(); i < n; ++i) {
    const Label label = (*this)[i];
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

Labels Labels::Keep(std::span<const std::string> names) const {
  std::vector<Label> kept;
  for (const Label label : *this) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) kept.push_back(label);
  }
  return kept.size() == size() ? *this : FromSorted(kept);
}

Labels Labels::Without(std::span<const std::string> names) const {
  std::vector<Label> kept;
  for (const Label label : *this) {
    if (std::find(names.begin(), names.end(), label.name) == names.end()) kept.push_back(label);
  }
  return kept.size() == size() ? *this : FromSorted(kept);
}

Labels Labels::WithoutName() const {
  if (!Has(kMetricName)) return *this;
  std::vector<Label> kept;
  for (const Label label : *this) {
    if (label.name != kMetricName) kept.push_back(label);
  }
  return FromSorted(kept);
}

std::string Labels::ToString() const {
  std::string out;
  const std::string_view name = metric_name();
  const bool plain_name = IsLegacyMetricName(name);
  if (plain_name) out += name;
  if (plain_name && size() == 1) return out;
  out += '{';
  bool first = true;
  if (!name.empty() && !plain_name) {
    out += Quote(name);
    first = false;
  }
  for (const Label label : *this) {
    if (label.name == kMetricName) continue;
    if (!first) out += ", ";
    first = false;
    if (IsLegacyLabelName(label.name)) {
      out += label.name;
    } else {
      out += Quote(label.name);
    }
    out += '=';
    out += Quote(label.value);
  }
  out += '}';
  return out;
}

bool Labels::operator==(const Labels& other) const {
  if (block_ == other.block_) return true;
  if (hash() != other.hash() || size() != other.size()) return false;
  return (*this <=> other) == std::strong_ordering::equal;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  const std::size_t n = std::min(size(), other.size());
  for (std::size_t i = 0; i < n; ++i) {
    const Label a = (*this)[i];
    const Label b = other[i];
    if (const auto order = a.name <=> b.name; order != 0) return order;
    if (const auto order = a.value <=> b.value; order != 0) return order;
  }
  return size() <=> other.size();
}

void LabelsBuilder::Reset(const Labels& base) {
  pairs_.clear();
  pairs_.reserve(base.size());
  for (const Label label : base) pairs_.emplace_back(label.name, label.value);
}

LabelsBuilder& LabelsBuilder::Set(std::string_view name, std::string_view value) {
  auto at = std::lower_bound(pairs_.begin(), pairs_.end(), name,
                             [](const auto& pair, std::string_view n) { return pair.first < n; });
  const bool found = at != pairs_.end() && at->first == name;
  if (value.empty()) {
    if (found) pairs_.erase(at);
  } else if (found) {
    at->second = value;
  } else {
    pairs_.emplace(at, name, value);
  }
  return *this;
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

Labels LabelsBuilder::Build() const {
  std::vector<Label> labels;
  labels.reserve(pairs_.size());
  for (const auto& [name, value] : pairs_) labels.push_back({name, value});
  return Labels::FromSorted(labels);
}

bool IsLegacyLabelName(std::string_view name) {
  if (name.empty() || !IsLetter(name[0])) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return IsLetter(c) || IsDigit(c); });
}

bool IsLegacyMetricName(std::string_view name) {
  if (name.empty() || IsDigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLetter(c) || IsDigit(c) || c == ':'; });
}

}  // namespace meerkat
