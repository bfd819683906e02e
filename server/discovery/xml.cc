#include "server/discovery/xml.h"

#include <charconv>

#include "base/utf8.h"

namespace meerkat::discovery {
namespace {

constexpr int kMaxDepth = 64;

std::string Resolve(std::string_view text) {
  static constexpr std::pair<std::string_view, char> kEntities[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  while (!text.empty()) {
    const std::size_t start = text.find('&');
    out += text.substr(0, start);
    if (start == std::string_view::npos) break;
    const std::size_t end = text.find(';', start);
    if (end == std::string_view::npos) break;
    std::string_view entity = text.substr(start + 1, end - start - 1);
    text.remove_prefix(end + 1);
    if (entity.starts_with('#')) {
      const bool hex = entity.starts_with("#x");
      entity.remove_prefix(hex ? 2 : 1);
      std::uint32_t rune = 0;
      std::from_chars(entity.data(), entity.data() + entity.size(), rune, hex ? 16 : 10);
      if (rune > 0 && rune < 0x110000) AppendRune(out, rune);
      continue;
    }
    for (const auto& [name, character] : kEntities) {
      if (name == entity) out += character;
    }
  }
  return out;
}

// Reads the content of `node` up to its closing tag.
void ReadContent(std::string_view& rest, XmlNode& node, int depth) {
  std::string_view text;
  while (!rest.empty()) {
    const std::size_t open = rest.find('<');
    if (node.children.empty() && text.empty()) text = rest.substr(0, open);
    if (open == std::string_view::npos) return;
    rest.remove_prefix(open + 1);
    const std::size_t close = rest.find('>');
    if (close == std::string_view::npos) return;
    const std::string_view tag = rest.substr(0, close);
    rest.remove_prefix(close + 1);
    if (tag.starts_with('?') || tag.starts_with('!')) continue;
    if (tag.starts_with('/')) break;
    if (depth >= kMaxDepth) {
      rest = {};
      return;
    }
    XmlNode& child = node.children.emplace_back();
    child.name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    if (!tag.ends_with('/')) ReadContent(rest, child, depth + 1);
  }
  if (node.children.empty()) node.text = Resolve(text);
}

}  // namespace

const XmlNode& XmlNode::operator[](std::string_view child) const {
  static const XmlNode* const kNone = new XmlNode();
  for (const XmlNode& node : children) {
    if (node.name == child) return node;
  }
  return *kNone;
}

XmlNode ParseXml(std::string_view text) {
  XmlNode document;
  ReadContent(text, document, 0);
  return document.children.empty() ? XmlNode() : std::move(document.children.back());
}

}  // namespace meerkat::discovery
