#pragma once

#include <string>
#include <string_view>
#include <vector>

// As much of XML as the answers of cloud APIs need: elements and text, attributes skipped.
namespace meerkat::discovery {

struct XmlNode {
  std::string name;
  std::string text;  // entities resolved
  std::vector<XmlNode> children;

  // The first child of that name; a shared empty node when there is none.
  const XmlNode& operator[](std::string_view child) const;
};

// The root element. Malformed or too deep documents give what was read so far.
XmlNode ParseXml(std::string_view text);

}  // namespace meerkat::discovery
