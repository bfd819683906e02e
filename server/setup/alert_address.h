#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace meerkat::setup {

// Where alerts go, as the form on the Home page has it.
struct AlertAddress {
  std::string kind;  // email, slack, webhook
  std::string to;    // the address; a channel for slack (may be empty)
  std::string url;   // of slack and webhook
  // Of e-mail alone.
  std::string from;
  std::string smarthost;  // host:port
  std::string username, password;
  bool require_tls = true;
};

// The body of a request. kInvalid names the field that is missing or wrong.
Result<AlertAddress> ReadAlertAddress(std::string_view json);

// An alertmanager.yml with this one receiver, which hears of every alert and of its end. The text
// is checked by whoever loads it.
std::string ComposeAlertmanagerFile(const AlertAddress& address);

}  // namespace meerkat::setup
