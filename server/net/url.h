#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meerkat::net {

// Parameters of a query string or form: names may repeat, order is kept.
class Params {
 public:
  // name=value&name=value, '+' and %XX decoded. Pairs with a bad escape or a ';' are left out and
  // the first such fault is kept in error(), in Go's words: `invalid URL escape "%zz"`.
  static Params Parse(std::string_view query);

  // The first value, "" when absent.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::vector<std::string> All(std::string_view name) const;
  void Add(std::string name, std::string value) {
    pairs_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every value of `name`.
  void Set(std::string_view name, std::string value);
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  const std::string& error() const { return error_; }
  void set_error(std::string error) { error_ = std::move(error); }

  // Escaped, names sorted, values of one name in their order: Go's url.Values.Encode.
  std::string Encode() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::string error_;
};

// %XX decoded; nullopt for a bad escape. `plus_is_space`: as in query strings.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space = false);
// Go's url.QueryEscape: letters, digits and -_.~ stand, a space is '+'.
std::string QueryEscape(std::string_view text);
// Go's url.PathEscape of one path segment: also $ & + = : @ stand.
std::string PathEscape(std::string_view text);
// A whole path as Go's URL.String writes it: also / ; and , stand.
std::string EscapePath(std::string_view path);

// An absolute http, https or unix-socket URL in its parts. IPv6 hosts are without brackets.
struct Url {
  std::string scheme;    // "http" or "https", lower case; others are kept for the caller to judge
  std::string userinfo;  // decoded "user:password", "" when absent
  bool has_password = false;
  std::string host;
  std::string port;      // as written, "" when absent
  std::string path;      // escaped, as it goes on the wire; "" when absent
  std::string query;     // escaped, without '?'
  std::string fragment;  // without '#'

  // Errors are Go's: `parse "…": …`.
  static Result<Url> Parse(std::string_view text);

  // host[:port] as written, brackets around IPv6: for Host headers.
  std::string authority() const;
  std::uint16_t effective_port() const;  // 80 or 443 when none is written
  std::string target() const;            // path?query for the request line
  std::string ToString() const;          // the password as it is
  std::string Redacted() const;          // the password as xxxxx, as Go prints URLs in errors
  // This URL's view of a Location header or link.
  Result<Url> Resolve(std::string_view reference) const;
};

}  // namespace meerkat::net
