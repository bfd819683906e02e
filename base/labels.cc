#include "base/labels.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/quote.h"

namespace meerkat {
namespace {

// A block is followed by 2 * count end offsets (uint32) and then the bytes: name \xff value \xff
// name \xff … An end is that of the text, before its \xff: so the hash is that of one run of bytes.
template <typename Block>
const std::uint32_t* Ends(const Block* block) {
  return reinterpret_cast<const std::uint32_t*>(block + 1);
}
template <typename Block>
const char* Text(const Block* block) {
  return reinterpret_cast<const char*>(Ends(block) + 2 * block->count);
}
template <typename Block>
std::size_t TextSize(const Block* block) {
  return Ends(block)[2 * block->count - 1] + std::size_t{1};
}

// Label lists that are nearly always short, without an allocation for them.
class ShortList {
 public:
  explicit ShortList(std::size_t most) {
    if (most > usual_.size()) many_.resize(most);
    labels_ = many_.empty() ? usual_.data() : many_.data();
  }
  void Add(Label label) { labels_[count_++] = label; }
  std::size_t size() const { return count_; }
  std::span<const Label> view() const { return {labels_, count_}; }

 private:
  std::array<Label, 24> usual_;
  std::vector<Label> many_;
  Label* labels_;
  std::size_t count_ = 0;
};

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Labels::Labels(std::initializer_list<Label> labels) : Labels(From(std::vector<Label>(labels))) {}

Labels Labels::From(std::vector<Label> labels) {
  // What was stored once comes in order.
  bool ready = true;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    ready = ready && !labels[i].value.empty() && (i == 0 || labels[i - 1].name < labels[i].name);
  }
  if (ready) return FromSorted(labels);
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
  std::size_t bytes = 2 * labels.size();
  for (const Label& label : labels) bytes += label.name.size() + label.value.size();
  const std::size_t ends_size = 2 * labels.size() * sizeof(std::uint32_t);
  void* memory = ::operator new(sizeof(Block) + ends_size + bytes);
  auto* block = new (memory) Block{{1}, static_cast<std::uint32_t>(labels.size()), 0};
  auto* ends = reinterpret_cast<std::uint32_t*>(block + 1);
  char* const text = reinterpret_cast<char*>(ends + 2 * labels.size());
  std::uint32_t end = 0;
  auto put = [&](std::string_view part) {
    part.copy(text + end, part.size());  // not memcpy: an empty name may be at no address
    end += static_cast<std::uint32_t>(part.size());
    *ends++ = end;
    text[end++] = '\xff';
  };
  for (const Label& label : labels) {
    put(label.name);
    put(label.value);
  }
  block->hash = XXH64(text, end, 0);
  result.block_ = block;
  return result;
}

void Labels::Unref() {
  if (block_ == nullptr || block_->refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  block_->~Block();
  ::operator delete(block_);
}

Label Labels::operator[](std::size_t index) const {
  const std::uint32_t* const offsets = Ends(block_);
  const char* const text = Text(block_);
  const std::uint32_t begin = index == 0 ? 0 : offsets[2 * index - 1] + 1;
  const std::uint32_t middle = offsets[2 * index];
  const std::uint32_t end = offsets[2 * index + 1];
  return {{text + begin, middle - begin}, {text + middle + 1, end - middle - 1}};
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
  ShortList kept(size());
  for (const Label label : *this) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) kept.Add(label);
  }
  return kept.size() == size() ? *this : FromSorted(kept.view());
}

Labels Labels::Without(std::span<const std::string> names) const {
  ShortList kept(size());
  for (const Label label : *this) {
    if (std::find(names.begin(), names.end(), label.name) == names.end()) kept.Add(label);
  }
  return kept.size() == size() ? *this : FromSorted(kept.view());
}

Labels Labels::WithoutName() const {
  if (!Has(kMetricName)) return *this;
  ShortList kept(size());
  for (const Label label : *this) {
    if (label.name != kMetricName) kept.Add(label);
  }
  return FromSorted(kept.view());
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
  if (size() != other.size() || empty() || hash() != other.hash()) return false;
  const std::size_t bytes = TextSize(block_);
  // Ends and text in one go.
  return bytes == TextSize(other.block_) &&
         std::memcmp(Ends(block_), Ends(other.block_),
                     2 * size() * sizeof(std::uint32_t) + bytes) == 0;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  const std::size_t parts = 2 * std::min(size(), other.size());
  if (block_ == other.block_ || parts == 0) return size() <=> other.size();
  const std::uint32_t* const mine = Ends(block_);
  const std::uint32_t* const others = Ends(other.block_);
  const char* const text = Text(block_);
  const char* const other_text = Text(other.block_);
  // As long as names and values end at the same places, bytes decide.
  std::size_t same = 0;
  while (same < parts && mine[same] == others[same]) ++same;
  const std::uint32_t begin = same == 0 ? 0 : mine[same - 1] + 1;
  if (const int order = std::memcmp(text, other_text, begin); order != 0) return order <=> 0;
  if (same == parts) return size() <=> other.size();
  return std::string_view(text + begin, mine[same] - begin) <=>
         std::string_view(other_text + begin, others[same] - begin);
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
