#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meerkat::alerting {

// The addr-specs of an address list: `Ops <ops@x>, "A, B" <c@d>`; nullopt: malformed.
std::optional<std::vector<std::string>> ParseAddressList(std::string_view text);

// A header's value in ASCII: as it is, or as RFC 2047 encoded words (UTF-8, Q). Line breaks, which
// would begin another header, become spaces.
std::string EncodeHeader(std::string_view value);

// Quoted-printable with CRLF lines of at most 76 characters (RFC 2045).
std::string QuotedPrintable(std::string_view text);

}  // namespace meerkat::alerting
