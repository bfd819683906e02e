#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meerkat::net {

// A Content-Type or Content-Disposition header in its parts, read as Go's mime.ParseMediaType reads
// it; upstream's answers to malformed ones depend on that. (Continued parameters, RFC 2231, are
// kept under the names they came with.)
struct MediaType {
  std::string type;  // lower case, without blanks; also told when a parameter is wrong
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case
  std::string error;  // Go's words: "mime: invalid media parameter"; "" when all is well

  static MediaType Parse(std::string_view header);

  std::string_view parameter(std::string_view name) const;  // "" when absent
};

}  // namespace meerkat::net
