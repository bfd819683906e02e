#include "server/config/yaml_writer.h"

#include <algorithm>

#include "base/quote.h"
#include "base/utf8.h"
#include "server/config/yaml_scalar.h"

namespace meerkat::config {
namespace {

bool Contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

// Whether a plain `text` would be read back as something else than a string.
bool Resolves(std::string_view text) {
  static constexpr std::string_view kWords[] = {"",     "~",    "null", "Null", "NULL",
                                                ".nan", ".NaN", ".NAN", "<<"};
  if (std::ranges::find(kWords, text) != std::end(kWords)) return true;
  if (ScalarToBool(text) || ScalarToFloat(text) || ScalarToInt(text) || ScalarToUint(text)) {
    return true;
  }
  // A date: 2001-01-01.
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  return text.size() >= 8 && digit(0) && digit(1) && digit(2) && digit(3) && text[4] == '-';
}

bool PlainAllowed(std::string_view text, bool flow) {
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.front() == ' ' || text.back() == ' ') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool last = i + 1 == text.size();
    const bool space_after = last || text[i + 1] == ' ' || text[i + 1] == '\t';
    if (i == 0) {
      if (Contains("#,[]{}&*!|>'\"%@`", c)) return false;
      if ((c == '?' || c == ':') && (flow || space_after)) return false;
      if (c == '-' && space_after) return false;
    } else {
      if (flow && Contains(",?[]{}:", c)) return false;
      if (c == ':' && space_after) return false;
      if (c == '#' && (text[i - 1] == ' ' || text[i - 1] == '\t')) return false;
    }
  }
  return true;
}

bool Printable(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const char32_t rune = TakeRune(rest);
    if (rune == kInvalidRune || rune < 0x20 || rune == 0x7F || rune == 0x85 || rune == 0xFEFF) {
      return false;
    }
  }
  return true;
}

std::string SingleQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

std::string Encode(std::string_view text, bool flow) {
  if (Resolves(text) || !Printable(text)) return Quote(text);
  return PlainAllowed(text, flow) ? std::string(text) : SingleQuoted(text);
}

// Lines of a block scalar start with this mark; Print puts its indentation in.
constexpr char kBlockLine = '\x01';

std::string Literal(std::string_view text) {
  std::string out = text.ends_with("\n\n") ? "|+" : text.ends_with('\n') ? "|" : "|-";
  if (text.ends_with('\n')) text.remove_suffix(1);
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    out += '\n';
    if (!line.empty()) out.append(1, kBlockLine).append(line);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

void PrintScalar(std::string& out, std::string_view scalar, int indent) {
  for (const char c : scalar) {
    if (c == kBlockLine) {
      out.append(static_cast<std::size_t>(indent), ' ');
    } else {
      out += c;
    }
  }
  out += '\n';
}

// The cursor stands where the first token of `node` goes; further lines get `indent`.
void Print(std::string& out, const YamlOut& node, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  bool first = true;
  const auto new_line = [&] {
    if (!first) out += margin;
    first = false;
  };
  switch (node.kind) {
    case YamlOut::Kind::kScalar:
    case YamlOut::Kind::kFlowList:
      PrintScalar(out, node.scalar, indent);
      return;
    case YamlOut::Kind::kList:
      for (const YamlOut& item : node.values) {
        new_line();
        out += "- ";
        if (item.kind == YamlOut::Kind::kMap && item.empty()) {
          out += "{}\n";
        } else {
          Print(out, item, indent + 2);
        }
      }
      return;
    case YamlOut::Kind::kMap:
      for (std::size_t i = 0; i < node.values.size(); ++i) {
        const YamlOut& value = node.values[i];
        new_line();
        out.append(Encode(node.keys[i], false)).append(":");
        const bool list = value.kind == YamlOut::Kind::kList;
        const bool map = value.kind == YamlOut::Kind::kMap;
        if (list && value.empty()) {
          out += " []\n";
        } else if (map && value.empty()) {
          out += " {}\n";
        } else if (list || map) {
          const int inner = indent + (map ? 2 : 0);
          out.append("\n").append(static_cast<std::size_t>(inner), ' ');
          Print(out, value, inner);
        } else {
          out += ' ';
          Print(out, value, indent + 2);
        }
      }
      return;
  }
}

}  // namespace

YamlOut YamlOut::Text(std::string_view text) {
  const bool lines = text.find('\n') != std::string_view::npos;
  return Raw(lines && IsValidUtf8(text) && text.front() != ' ' ? Literal(text)
                                                               : Encode(text, false));
}

YamlOut YamlOut::Raw(std::string text) {
  return {.kind = Kind::kScalar, .scalar = std::move(text), .keys = {}, .values = {}};
}

YamlOut YamlOut::FlowList(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    out += Encode(text, true);
  }
  return {.kind = Kind::kFlowList, .scalar = out + "]", .keys = {}, .values = {}};
}

std::string YamlOut::Print() const {
  std::string out;
  if (kind == Kind::kMap && empty()) return "{}\n";
  config::Print(out, *this, 0);
  return out;
}

}  // namespace meerkat::config
