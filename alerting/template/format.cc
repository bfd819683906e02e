#include "alerting/template/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>

#include "alerting/template/go_time.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::alerting::templates {
namespace {

// No width or precision makes more than this.
constexpr int kMaxWidth = 10'000;

void AppendValue(std::string& out, const Value& value, int depth) {
  if (depth > 50) {
    out += "...";
    return;
  }
  if (value.type() != nullptr && value.type()->text != nullptr) {
    out += value.type()->text(value);
    return;
  }
  switch (value.kind()) {
    case Value::Kind::kNil:
      out += "<nil>";
      return;
    case Value::Kind::kBool:
      out += value.boolean() ? "true" : "false";
      return;
    case Value::Kind::kInt:
      out += std::to_string(value.integer());
      return;
    case Value::Kind::kFloat:
      out += FormatFloat(value.number(), 'g');
      return;
    case Value::Kind::kString:
      out += value.string();
      return;
    case Value::Kind::kTime:
      out += TimeText(value.time());
      return;
    case Value::Kind::kDuration:
      out += FormatNanos(value.duration());
      return;
    case Value::Kind::kList: {
      out += '[';
      bool first = true;
      for (const Value& item : value.list()) {
        if (!first) out += ' ';
        first = false;
        AppendValue(out, item, depth + 1);
      }
      out += ']';
      return;
    }
    case Value::Kind::kMap: {
      out += "map[";
      bool first = true;
      for (const auto& [key, item] : value.map()) {
        if (!first) out += ' ';
        first = false;
        out += key + ":";
        AppendValue(out, item, depth + 1);
      }
      out += ']';
      return;
    }
    case Value::Kind::kStruct: {
      if (value.TypeName().starts_with('*')) out += '&';
      out += '{';
      bool first = true;
      for (const auto& [name, item] : value.fields()) {
        if (!first) out += ' ';
        first = false;
        AppendValue(out, item, depth + 1);
      }
      out += '}';
      return;
    }
  }
}

std::size_t RuneCount(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// One %… of a format.
struct Spec {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  std::optional<int> width, precision;
};

std::string Pad(std::string text, const Spec& spec, bool zeros) {
  if (!spec.width) return text;
  const std::size_t length = RuneCount(text);
  const auto width = static_cast<std::size_t>(*spec.width);
  if (length >= width) return text;
  if (spec.minus) return text.append(width - length, ' ');
  if (!zeros || !spec.zero) return std::string(width - length, ' ') + text;
  const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  return text.insert(sign ? 1 : 0, width - length, '0');
}

std::string Digits(std::uint64_t value, unsigned base, bool upper) {
  const std::string_view alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do {
    out += alphabet[value % base];
    value /= base;
  } while (value != 0);
  std::ranges::reverse(out);
  return out;
}

std::string FormatInteger(std::int64_t value, char verb, const Spec& spec) {
  const bool negative = value < 0;
  const std::uint64_t magnitude =
      negative ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  std::string digits;
  switch (verb) {
    case 'b':
      digits = Digits(magnitude, 2, false);
      break;
    case 'o':
    case 'O':
      digits = Digits(magnitude, 8, false);
      break;
    case 'x':
    case 'X':
      digits = Digits(magnitude, 16, verb == 'X');
      break;
    default:
      digits = Digits(magnitude, 10, false);
  }
  if (spec.precision && digits.size() < static_cast<std::size_t>(*spec.precision)) {
    digits.insert(0, static_cast<std::size_t>(*spec.precision) - digits.size(), '0');
  }
  if (verb == 'O') digits.insert(0, "0o");
  if (spec.sharp) {
    if (verb == 'x' || verb == 'X') digits.insert(0, verb == 'x' ? "0x" : "0X");
    if (verb == 'o') digits.insert(0, "0");
    if (verb == 'b') digits.insert(0, "0b");
  }
  if (negative) {
    digits.insert(0, "-");
  } else if (spec.plus) {
    digits.insert(0, "+");
  } else if (spec.space) {
    digits.insert(0, " ");
  }
  return Pad(std::move(digits), spec, !spec.precision);
}

std::string FormatNumber(double value, char verb, const Spec& spec) {
  const int fallback = verb == 'g' || verb == 'G' || verb == 'v' ? -1 : 6;
  std::string out =
      FormatFloatVerb(value, verb == 'v' ? 'g' : verb, spec.precision.value_or(fallback));
  if (out[0] != '-' && out[0] != '+') {
    if (spec.plus) {
      out.insert(0, "+");
    } else if (spec.space) {
      out.insert(0, " ");
    }
  }
  return Pad(std::move(out), spec, std::isfinite(value));
}

std::string HexOf(std::string_view text, bool upper, bool spaces) {
  const std::string_view alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (spaces && !out.empty()) out += ' ';
    out += alphabet[byte >> 4];
    out += alphabet[byte & 15];
  }
  return out;
}

std::string FormatText(std::string text, char verb, const Spec& spec) {
  if (spec.precision && (verb == 's' || verb == 'v' || verb == 'q')) {
    std::string_view rest = text;
    for (int i = 0; i < *spec.precision && !rest.empty(); ++i) TakeRune(rest);
    text.resize(text.size() - rest.size());
  }
  if (verb == 'q') {
    const bool raw = spec.sharp && text.find_first_of("`\n") == std::string::npos;
    text = raw ? "`" + text + "`" : Quote(text);
  }
  if (verb == 'x' || verb == 'X') text = HexOf(text, verb == 'X', spec.space);
  return Pad(std::move(text), spec, true);
}

std::string FormatOne(char32_t verb, const Spec& spec, const Value& value);

std::string BadVerb(char32_t verb, const Spec& spec, const Value& value) {
  std::string out = "%!";
  AppendRune(out, verb);
  if (value.is_nil()) return out + "(<nil>)";
  return out + "(" + value.TypeName() + "=" + FormatOne('v', spec, value) + ")";
}

std::string FormatElements(char32_t verb, const Spec& spec, const Value& value) {
  std::string out;
  if (value.kind() == Value::Kind::kList) {
    for (const Value& item : value.list()) {
      if (!out.empty()) out += ' ';
      out += FormatOne(verb, spec, item);
    }
    return "[" + out + "]";
  }
  if (value.kind() == Value::Kind::kMap) {
    for (const auto& [key, item] : value.map()) {
      if (!out.empty()) out += ' ';
      out += FormatOne(verb, spec, Value::String(key)) + ":" + FormatOne(verb, spec, item);
    }
    return "map[" + out + "]";
  }
  for (const auto& [name, item] : value.fields()) {
    if (!out.empty()) out += ' ';
    out += FormatOne(verb, spec, item);
  }
  return (value.TypeName().starts_with('*') ? "&{" : "{") + out + "}";
}

std::string FormatOne(char32_t verb, const Spec& spec, const Value& value) {
  if (verb == 'T') return FormatText(value.TypeName(), 's', spec);
  const bool texts = verb == 's' || verb == 'v' || verb == 'q' || verb == 'x' || verb == 'X';
  const char letter = verb < 0x80 ? static_cast<char>(verb) : '\0';
  if (texts && value.type() != nullptr && value.type()->text != nullptr) {
    return FormatText(value.type()->text(value), letter, spec);
  }
  switch (value.kind()) {
    case Value::Kind::kNil:
      return verb == 'v' ? Pad("<nil>", spec, false) : BadVerb(verb, spec, value);
    case Value::Kind::kBool:
      if (verb != 't' && verb != 'v') return BadVerb(verb, spec, value);
      return Pad(value.boolean() ? "true" : "false", spec, false);
    case Value::Kind::kInt:
    case Value::Kind::kDuration:
      switch (verb) {
        case 'v':
        case 'd':
        case 'b':
        case 'o':
        case 'O':
        case 'x':
        case 'X':
          return FormatInteger(value.integer(), letter, spec);
        case 'c':
        case 'q':
        case 'U': {
          const auto rune = value.integer() >= 0 && value.integer() <= 0x10FFFF
                                ? static_cast<char32_t>(value.integer())
                                : U'\uFFFD';
          std::string text;
          AppendRune(text, rune);
          if (verb == 'q') {
            const std::string quoted = Quote(text);
            text = "'" + quoted.substr(1, quoted.size() - 2) + "'";
          }
          if (verb == 'U') {
            std::string hex = Digits(rune, 16, true);
            if (hex.size() < 4) hex.insert(0, 4 - hex.size(), '0');
            text = "U+" + hex;
          }
          return Pad(std::move(text), spec, false);
        }
        default:
          return BadVerb(verb, spec, value);
      }
    case Value::Kind::kFloat:
      switch (verb) {
        case 'v':
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
          return FormatNumber(value.number(), letter, spec);
        default:
          return BadVerb(verb, spec, value);
      }
    case Value::Kind::kString:
      if (!texts) return BadVerb(verb, spec, value);
      return FormatText(value.string(), letter, spec);
    case Value::Kind::kTime:
      return BadVerb(verb, spec, value);
    case Value::Kind::kList:
    case Value::Kind::kMap:
    case Value::Kind::kStruct:
      return FormatElements(verb, spec, value);
  }
  return "";
}

class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> args) : rest_(format), args_(args) {}

  std::string Run() {
    while (!rest_.empty()) {
      const std::size_t percent = rest_.find('%');
      out_ += rest_.substr(0, percent);
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      Directive();
    }
    if (!reordered_ && next_ < args_.size()) {
      out_ += "%!(EXTRA ";
      for (std::size_t i = next_; i < args_.size(); ++i) {
        if (i > next_) out_ += ", ";
        out_ += args_[i].is_nil() ? "<nil>" : args_[i].TypeName() + "=" + FormatValue(args_[i]);
      }
      out_ += ')';
    }
    return std::move(out_);
  }

 private:
  void Directive() {
    Spec spec;
    for (bool flags = true; flags && !rest_.empty();) {
      switch (rest_.front()) {
        case '-':
          spec.minus = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '#':
          spec.sharp = true;
          break;
        case ' ':
          spec.space = true;
          break;
        case '0':
          spec.zero = true;
          break;
        default:
          flags = false;
          continue;
      }
      rest_.remove_prefix(1);
    }
    good_index_ = true;
    ArgumentIndex();
    if (rest_.starts_with('*')) {
      rest_.remove_prefix(1);
      spec.width = Star("%!(BADWIDTH)");
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
      }
      ArgumentIndex();
    } else {
      spec.width = Number();
    }
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      ArgumentIndex();
      if (rest_.starts_with('*')) {
        rest_.remove_prefix(1);
        spec.precision = Star("%!(BADPREC)");
        if (spec.precision && *spec.precision < 0) {
          spec.precision.reset();
          out_ += "%!(BADPREC)";
        }
      } else {
        spec.precision = Number().value_or(0);
      }
      ArgumentIndex();
    }
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const char32_t verb = TakeRune(rest_);
    if (verb == '%') {
      out_ += '%';
    } else if (!good_index_) {
      out_ += "%!";
      AppendRune(out_, verb);
      out_ += "(BADINDEX)";
    } else if (next_ >= args_.size()) {
      out_ += "%!";
      AppendRune(out_, verb);
      out_ += "(MISSING)";
    } else {
      out_ += FormatOne(verb, spec, args_[next_++]);
    }
  }

  std::optional<int> Number() {
    std::optional<int> value;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value = std::min(value.value_or(0) * 10 + (rest_.front() - '0'), kMaxWidth);
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::optional<int> Star(std::string_view complaint) {
    if (next_ < args_.size() && args_[next_].kind() == Value::Kind::kInt) {
      const std::int64_t value = args_[next_++].integer();
      if (value >= -kMaxWidth && value <= kMaxWidth) return static_cast<int>(value);
    } else if (next_ < args_.size()) {
      ++next_;
    }
    out_ += complaint;
    return std::nullopt;
  }

  // [n] before a verb or a star.
  void ArgumentIndex() {
    if (!rest_.starts_with('[')) return;
    reordered_ = true;
    const std::size_t end = rest_.find(']');
    if (end == std::string_view::npos) {
      good_index_ = false;
      rest_.remove_prefix(1);
      return;
    }
    std::size_t index = 0;
    bool digits = end > 1;
    for (const char c : rest_.substr(1, end - 1)) {
      digits = digits && c >= '0' && c <= '9';
      index = std::min<std::size_t>(index * 10 + static_cast<std::size_t>(c - '0'), 1'000'000);
    }
    rest_.remove_prefix(end + 1);
    if (!digits || index < 1 || index > args_.size()) {
      good_index_ = false;
    } else {
      next_ = index - 1;
    }
  }

  std::string_view rest_;
  std::span<const Value> args_;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  std::string out_;
};

}  // namespace

std::string FormatFloatVerb(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const char lower = verb == 'F' ? 'f' : static_cast<char>(verb | 0x20);
  std::string out;
  if (precision < 0) {
    out = FormatFloat(value, lower);
  } else {
    const char pattern[] = {'%', '.', '*', lower, '\0'};
    const int size = std::snprintf(nullptr, 0, pattern, precision, value);
    out.resize(static_cast<std::size_t>(size) + 1);
    std::snprintf(out.data(), out.size(), pattern, precision, value);
    out.pop_back();
  }
  if (verb == 'E' || verb == 'G') std::ranges::replace(out, 'e', 'E');
  return out;
}

std::string FormatValue(const Value& value) {
  std::string out;
  AppendValue(out, value, 0);
  return out;
}

std::string Sprint(std::span<const Value> args) {
  std::string out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const bool text = args[i].kind() == Value::Kind::kString;
    if (i > 0 && !text && args[i - 1].kind() != Value::Kind::kString) out += ' ';
    out += FormatValue(args[i]);
  }
  return out;
}

std::string Sprintln(std::span<const Value> args) {
  std::string out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0) out += ' ';
    out += FormatValue(args[i]);
  }
  return out + "\n";
}

std::string Sprintf(std::string_view format, std::span<const Value> args) {
  return Formatter(format, args).Run();
}

}  // namespace meerkat::alerting::templates
