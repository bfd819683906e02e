#include "server/setup/alert_address.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_writer.h"

namespace meerkat::setup {
namespace {

// A JSON string is a YAML string too.
std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter::AppendQuoted(out, text);
  return out;
}

Result<> Need(const std::string& value, const char* what) {
  if (!value.empty()) return {};
  return Error(Code::kInvalid, std::string(what) + " is missing");
}

}  // namespace

Result<AlertAddress> ReadAlertAddress(std::string_view json) {
  const auto body = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return Error(Code::kInvalid, "the body must be a JSON object");
  const auto text = [&](const char* key) {
    const auto at = body.find(key);
    return at != body.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  AlertAddress address;
  address.kind = text("kind");
  address.to = text("to");
  address.url = text("url");
  address.from = text("from");
  address.smarthost = text("smarthost");
  address.username = text("username");
  address.password = text("password");
  if (const auto at = body.find("requireTls"); at != body.end() && at->is_boolean())
    address.require_tls = at->get<bool>();
  if (address.kind == "email") {
    if (auto has = Need(address.to, "the address (to)"); !has) return std::move(has).error();
    if (auto has = Need(address.smarthost, "the mail server (smarthost)"); !has)
      return std::move(has).error();
    if (address.smarthost.find(':') == std::string::npos)
      return Error(Code::kInvalid, "the mail server needs a port: " + address.smarthost + ":587");
    if (address.from.empty()) address.from = address.to.substr(0, address.to.find(','));
  } else if (address.kind == "slack" || address.kind == "webhook") {
    if (auto has = Need(address.url, "the URL"); !has) return std::move(has).error();
  } else {
    return Error(Code::kInvalid, "kind is email, slack or webhook");
  }
  return address;
}

std::string ComposeAlertmanagerFile(const AlertAddress& address) {
  std::string out = "route:\n  receiver: home\n  group_by: [alertname]\nreceivers:\n- name: home\n";
  const auto line = [&](const char* key, const std::string& value, const char* lead = "    ") {
    if (!value.empty()) out += std::string(lead) + key + ": " + value + "\n";
  };
  const auto text = [](const std::string& value) { return value.empty() ? value : Quoted(value); };
  if (address.kind == "email") {
    out += "  email_configs:\n";
    line("to", text(address.to), "  - ");
    line("from", text(address.from));
    line("smarthost", text(address.smarthost));
    line("auth_username", text(address.username));
    line("auth_password", text(address.password));
    line("require_tls", address.require_tls ? "true" : "false");
    line("send_resolved", "true");
  } else if (address.kind == "slack") {
    out += "  slack_configs:\n";
    line("api_url", text(address.url), "  - ");
    line("channel", text(address.to));
    line("send_resolved", "true");
  } else {
    out += "  webhook_configs:\n";
    line("url", text(address.url), "  - ");
  }
  return out;
}

}  // namespace meerkat::setup
