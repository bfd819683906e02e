#include "server/push/text_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::push {
namespace {

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsBlank(char c) {
  return c == ' ' || c == '\t';
}

// Which part of a histogram or summary a line holds.
enum class Part : unsigned char { kWhole, kCount, kSum };

std::optional<double> ReadFloat(const std::string& text) {
  if (text.find_first_of("pP_") != std::string::npos) return std::nullopt;
  const auto value = ParseFloat(text);
  // Beyond the range of floats: infinity without having been written so.
  if (value && std::isinf(*value) && text.find_first_of("iI") == std::string::npos) {
    return std::nullopt;
  }
  return value;
}

std::string QuotedChar(char c) {
  if (c == '\'') return "'\\''";
  const std::string quoted = Quote(std::string_view(&c, 1));
  return c == '"' ? "'\"'" : "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

class Reader {
 public:
  explicit Reader(std::string_view body) : body_(body) {}

  Result<Families> Read() {
    while (Line()) {
    }
    if (error_.empty() && !done_) error_ = "unexpected end of input stream";
    if (!error_.empty()) {
      return Error(Code::kInvalid,
                   "text format parsing error in line " + std::to_string(line_) + ": " + error_);
    }
    std::erase_if(families_, [](const auto& entry) { return entry.second.metrics.empty(); });
    return std::move(families_);
  }

 private:
  // All of these return false at the end of the input or with error_ set. `byte_` is the byte that
  // was read last.
  bool Next() {
    if (at_ >= body_.size()) return false;
    byte_ = body_[at_++];
    return true;
  }
  bool Fail(std::string why) {
    error_ = std::move(why);
    return false;
  }
  bool SkipBlanks() {
    while (Next()) {
      if (!IsBlank(byte_)) return true;
    }
    return false;
  }
  bool SkipBlanksHere() { return !IsBlank(byte_) || SkipBlanks(); }

  bool TokenUntilSpace() {
    token_.clear();
    while (!IsBlank(byte_) && byte_ != '\n') {
      token_ += byte_;
      if (!Next()) return false;
    }
    return true;
  }
  bool TokenUntilLineEnd(bool unescape) {
    token_.clear();
    while (byte_ != '\n') {
      if (unescape && byte_ == '\\') {
        if (!Next()) return false;
        if (byte_ != '\\' && byte_ != 'n') {
          return Fail(std::string("invalid escape sequence '\\") + byte_ + "'");
        }
        token_ += byte_ == 'n' ? '\n' : '\\';
      } else {
        token_ += byte_;
      }
      if (!Next()) return false;
    }
    return true;
  }
  bool TokenAsName(bool colons) {
    token_.clear();
    const auto starts = [&](char c) { return IsLetter(c) || (colons && c == ':'); };
    if (!starts(byte_)) return true;
    while (starts(byte_) || IsDigit(byte_)) {
      token_ += byte_;
      if (!Next()) return false;
    }
    return true;
  }
  bool TokenAsLabelValue() {
    token_.clear();
    while (Next()) {
      if (byte_ == '"') return true;
      if (byte_ == '\n') {
        return Fail("label value " + Quote(token_) + " contains unescaped new-line");
      }
      if (byte_ != '\\') {
        token_ += byte_;
        continue;
      }
      if (!Next()) return false;
      if (byte_ != '"' && byte_ != '\\' && byte_ != 'n') {
        return Fail(std::string("invalid escape sequence '\\") + byte_ + "'");
      }
      token_ += byte_ == 'n' ? '\n' : byte_;
    }
    return false;
  }

  bool Line() {
    ++line_;
    if (!SkipBlanks()) {
      done_ = true;
      return false;
    }
    if (byte_ == '\n') return true;
    return byte_ == '#' ? Comment() : Sample();
  }

  bool Comment() {
    if (!SkipBlanks()) return false;
    if (byte_ == '\n') return true;
    if (!TokenUntilSpace()) return false;
    if (byte_ == '\n') return true;
    const bool help = token_ == "HELP";
    if (!help && token_ != "TYPE") {
      while (byte_ != '\n') {
        if (!Next()) return false;
      }
      return true;
    }
    if (!SkipBlanks() || !TokenAsName(true)) return false;
    if (byte_ == '\n') return true;
    if (!IsBlank(byte_)) return Fail("invalid metric name in comment");
    ChooseFamily();
    if (!SkipBlanks()) return false;
    if (byte_ == '\n') return true;
    if (help) {
      if (family_->help) return Fail("second HELP line for metric name " + Quote(family_->name));
      if (!TokenUntilLineEnd(true)) return false;
      family_->help = token_;
      return true;
    }
    if (typed_.contains(family_->name)) {
      return Fail("second TYPE line for metric name " + Quote(family_->name) +
                  ", or TYPE reported after samples");
    }
    if (!TokenUntilLineEnd(false)) return false;
    const auto type = TypeOf(token_);
    if (!type) return Fail("unknown metric type " + Quote(token_));
    family_->type = *type;
    typed_.insert(family_->name);
    return true;
  }

  bool Sample() {
    if (!TokenAsName(true)) return false;
    if (token_.empty()) return Fail("invalid metric name");
    ChooseFamily();
    typed_.insert(family_->name);
    if (!SkipBlanksHere()) return false;
    labels_.clear();
    special_.reset();
    if (byte_ == '{' && !ReadLabels()) return false;
    return Value();
  }

  // The label that makes this line a part of a histogram or summary: not one of the metric's own.
  bool IsSpecial(std::string_view name) const {
    return (family_->type == FamilyType::kSummary && name == "quantile") ||
           (family_->type == FamilyType::kHistogram && name == "le");
  }

  bool ReadLabels() {
    while (true) {
      if (!SkipBlanks()) return false;
      if (byte_ == '}') return SkipBlanks();
      if (!TokenAsName(false)) return false;
      if (token_.empty()) return Fail("invalid label name for metric " + Quote(family_->name));
      const std::string name = token_;
      if (name == "__name__") return Fail("label name " + Quote(name) + " is reserved");
      if (!SkipBlanksHere()) return false;
      if (byte_ != '=') return Fail("expected '=' after label name, found " + QuotedChar(byte_));
      for (const auto& [known, value] : labels_) {
        if (known == name) {
          return Fail("duplicate label names for metric " + Quote(family_->name));
        }
      }
      if (!SkipBlanks()) return false;
      if (byte_ != '"') {
        return Fail("expected '\"' at start of label value, found " + QuotedChar(byte_));
      }
      if (!TokenAsLabelValue()) return false;
      if (!IsValidUtf8(token_)) return Fail("invalid label value " + Quote(token_));
      const std::string value = token_;
      if (IsSpecial(name)) {
        special_ = ReadFloat(value);
        if (!special_) {
          return Fail("expected float as value for '" + name + "' label, got " + Quote(value));
        }
      } else {
        labels_.emplace_back(name, value);
      }
      if (!SkipBlanks()) return false;
      if (byte_ == '}') return SkipBlanks();
      if (byte_ != ',') return Fail("unexpected end of label value " + Quote(value));
    }
  }

  bool Value() {
    Metric& metric = CurrentMetric();
    if (!TokenUntilSpace()) return false;
    const auto value = ReadFloat(token_);
    if (!value) return Fail("expected float as value, got " + Quote(token_));
    const bool special = special_ && !std::isnan(*special_);
    if (!IsCompound()) {
      metric.value = *value;
    } else if (part_ == Part::kCount) {
      metric.count = CountOf(*value);
    } else if (part_ == Part::kSum) {
      metric.sum = *value;
    } else if (special && family_->type == FamilyType::kSummary) {
      metric.quantiles.emplace_back(*special_, *value);
    } else if (special) {
      metric.buckets.emplace_back(*special_, CountOf(*value));
    }
    if (byte_ == '\n') return true;
    if (!SkipBlanks() || !TokenUntilSpace()) return false;
    std::int64_t time = 0;
    const char* const end = token_.data() + token_.size();
    const char* const begin = token_.data() + (token_.starts_with('+') ? 1 : 0);
    if (const auto [stop, fault] = std::from_chars(begin, end, time);
        fault != std::errc() || stop != end) {
      return Fail("expected integer as timestamp, got " + Quote(token_));
    }
    metric.has_time = true;
    if (!TokenUntilLineEnd(false)) return false;
    if (!token_.empty()) return Fail("spurious string after timestamp: " + Quote(token_));
    return true;
  }

  bool IsCompound() const {
    return family_->type == FamilyType::kSummary || family_->type == FamilyType::kHistogram;
  }

  // A new one, or that of the earlier lines of the same histogram or summary.
  Metric& CurrentMetric() {
    std::vector<Metric>& metrics = family_->metrics;
    if (IsCompound()) {
      LabelPairs sorted = labels_;
      std::sort(sorted.begin(), sorted.end());
      std::string key = family_->name;
      for (const auto& [name, value] : sorted) key += '\xFF' + name + '\xFF' + value;
      const auto [found, fresh] = compound_.try_emplace(std::move(key), metrics.size());
      if (!fresh) return metrics[found->second];
    }
    Metric& fresh = metrics.emplace_back();
    fresh.labels = labels_;
    return fresh;
  }

  // The family of the name in token_: its own, or the histogram or summary it is a part of.
  void ChooseFamily() {
    part_ = Part::kWhole;
    const auto known = families_.find(token_);
    if (known != families_.end()) {
      family_ = &known->second;
      return;
    }
    const auto part_of = [&](std::string_view suffix, FamilyType type, Part part) {
      if (token_.size() <= suffix.size() || !token_.ends_with(suffix)) return false;
      const auto whole = families_.find(token_.substr(0, token_.size() - suffix.size()));
      if (whole == families_.end() || whole->second.type != type) return false;
      family_ = &whole->second;
      part_ = part;
      return true;
    };
    if (part_of("_count", FamilyType::kSummary, Part::kCount) ||
        part_of("_sum", FamilyType::kSummary, Part::kSum) ||
        part_of("_count", FamilyType::kHistogram, Part::kCount) ||
        part_of("_sum", FamilyType::kHistogram, Part::kSum) ||
        part_of("_bucket", FamilyType::kHistogram, Part::kWhole)) {
      return;
    }
    family_ = &families_[token_];
    family_->name = token_;
  }

  const std::string_view body_;
  std::size_t at_ = 0;
  char byte_ = 0;
  std::size_t line_ = 0;
  bool done_ = false;
  std::string error_;
  std::string token_;
  Families families_;
  std::set<std::string, std::less<>> typed_;  // families whose type is settled
  Family* family_ = nullptr;
  Part part_ = Part::kWhole;
  LabelPairs labels_;
  std::optional<double> special_;
  std::unordered_map<std::string, std::size_t> compound_;  // index of a histogram or summary
};

}  // namespace

Result<Families> ReadText(std::string_view body) {
  return Reader(body).Read();
}

}  // namespace meerkat::push
