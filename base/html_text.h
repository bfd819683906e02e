#pragma once

#include <string>
#include <string_view>

namespace meerkat {

// The entity that stands for `c` in HTML and XML text and attributes, empty when it stands for
// itself. The five and their spellings are those of Go's html.EscapeString, which upstream's pages
// and reports use.
constexpr std::string_view HtmlEntity(char c) {
  switch (c) {
    case '"':
      return "&#34;";
    case '\'':
      return "&#39;";
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    default:
      return {};
  }
}

// `text` as it may stand between tags or in a quoted attribute.
std::string EscapeHtml(std::string_view text);

}  // namespace meerkat
