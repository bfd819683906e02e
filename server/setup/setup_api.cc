#include "server/setup/setup_api.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_writer.h"
#include "base/mutex.h"
#include "server/net/same_site.h"
#include "server/setup/alert_address.h"

namespace meerkat::setup {
namespace {

constexpr std::uint64_t kMaxBody = 64 << 10;
constexpr std::string_view kLoopback = "127.0.0.1:";
constexpr std::string_view kHead =
    "# Written by the Home page. Give --alertmanager.config.file to use a file of your own.\n";

net::Response Fail(int status, std::string_view type, std::string_view message) {
  std::string body;
  JsonWriter(body)
      .BeginObject()
      .Key("status")
      .String("error")
      .Key("errorType")
      .String(type)
      .Key("error")
      .String(message)
      .EndObject();
  return net::Response::Json(status, std::move(body));
}

net::Response Fail(const Error& error) {
  switch (error.code()) {
    case Code::kInvalid:
      return Fail(400, "bad_data", error.message());
    case Code::kNotFound:
      return Fail(404, "not_found", error.message());
    default:
      return Fail(500, "internal", error.message());
  }
}

template <typename Fill>
net::Response Succeed(Fill fill) {
  std::string body;
  JsonWriter json(body);
  json.BeginObject().Key("status").String("success").Key("data").BeginObject();
  fill(json);
  json.EndObject().EndObject();
  return net::Response::Json(200, std::move(body));
}

void WriteFound(JsonWriter& json, const FoundExporter& found) {
  json.BeginObject().Key("job").String(found.job).Key("title").String(found.title);
  json.Key("address").String(found.address);
  json.Key("samples").Int(static_cast<std::int64_t>(found.samples)).EndObject();
}

class SetupApi {
 public:
  SetupApi(ExporterSearch& search, WatchList& list, SetupDoors doors)
      : search_(search), list_(list), doors_(std::move(doors)) {}

  net::Response Search() {
    MutexLock lock(mu_);
    const std::set<std::string> scraped = doors_.scraped();
    const auto found = search_.Find();
    return Succeed([&](JsonWriter& json) {
      json.Key("watchable").Bool(doors_.reads_watch_list());
      json.Key("file").String(list_.file().string()).Key("found").BeginArray();
      for (const FoundExporter& one : found) {
        if (!scraped.contains(one.address)) WriteFound(json, one);
      }
      json.EndArray();
    });
  }

  net::Response Watch(const net::Request& request) {
    if (auto refused = NotWatchable()) return std::move(*refused);
    const auto port = PortOf(request.body);
    if (!port) return Fail(port.error());
    auto found = search_.Look(*port);
    if (!found)
      return Fail(404, "not_found", "no exporter answers on port " + std::to_string(*port));
    if (auto added = list_.Add({found->job, found->address}); !added) return Fail(added.error());
    return Succeed([&](JsonWriter& json) {
      json.Key("job").String(found->job).Key("address").String(found->address);
    });
  }

  net::Response Unwatch(const net::Request& request) {
    if (auto refused = NotWatchable()) return std::move(*refused);
    const auto port = PortOf(request.body);
    if (!port) return Fail(port.error());
    auto removed = list_.Remove(std::string(kLoopback) + std::to_string(*port));
    return removed ? Succeed([](JsonWriter&) {}) : Fail(removed.error());
  }

  net::Response Receiver() const {
    return Succeed([&](JsonWriter& json) {
      json.Key("writable").Bool(doors_.own_alert_file.empty());
      json.Key("file").String(doors_.own_alert_file);
    });
  }

  // Beside a file of the user's own nothing is written: the text comes back for them to take over.
  net::Response SetReceiver(const net::Request& request) {
    const auto address = ReadAlertAddress(request.body);
    if (!address) return Fail(address.error());
    const bool own = !doors_.own_alert_file.empty();
    if (!own) {
      MutexLock lock(mu_);
      const std::string text = std::string(kHead) + ComposeAlertmanagerFile(*address);
      if (auto taken = doors_.take_alert_file(text); !taken) return Fail(taken.error());
    }
    return Succeed([&](JsonWriter& json) {
      json.Key("saved").Bool(!own);
      // Beside the user's own file it is an example: a password is not told again.
      if (own) {
        AlertAddress shown = *address;
        if (!shown.password.empty()) shown.password = "…";
        json.Key("file").String(doors_.own_alert_file);
        json.Key("yaml").String(ComposeAlertmanagerFile(shown));
      }
    });
  }

 private:
  std::optional<net::Response> NotWatchable() const {
    if (doors_.reads_watch_list()) return std::nullopt;
    return Fail(409, "conflict",
                "the configuration file does not read " + list_.file().string() +
                    ": add a job with file_sd_configs for it");
  }

  static Result<std::uint16_t> PortOf(const std::string& body) {
    const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
    const Error wrong(Code::kInvalid,
                      R"(the body must be {"address":"127.0.0.1:PORT"}: only this machine)");
    if (!json.is_object() || !json.contains("address") || !json["address"].is_string())
      return wrong;
    const auto& address = json["address"].get_ref<const std::string&>();
    if (!address.starts_with(kLoopback)) return wrong;
    std::uint16_t port = 0;
    const char* end = address.data() + address.size();
    const auto read = std::from_chars(address.data() + kLoopback.size(), end, port);
    if (read.ec != std::errc() || read.ptr != end || port == 0) return wrong;
    return port;
  }

  ExporterSearch& search_;
  WatchList& list_;
  const SetupDoors doors_;
  Mutex mu_;  // one search, one change of the alert manager's file at a time
};

}  // namespace

void AddSetupRoutes(net::Router& router, const std::string& prefix, std::function<bool()> ready,
                    ExporterSearch& search, WatchList& list, SetupDoors doors) {
  const auto api = std::make_shared<SetupApi>(search, list, std::move(doors));
  const auto add = [&](std::string method, const char* path, auto call) {
    net::Route route;
    route.methods = {std::move(method)};
    route.pattern = prefix + "/api/v1/setup/" + path;
    route.lane = net::Lane::kQuery;  // it may take a second
    route.max_body_bytes = kMaxBody;
    route.handler = [ready, call](const net::Request& request, const std::stop_token&) {
      if (request.method != "GET" && net::IsCrossSite(request))
        return net::Response::Text(403, "Forbidden\n");
      return ready() ? call(request) : net::Response::Text(503, "Service Unavailable");
    };
    router.Add(std::move(route));
  };
  add("POST", "search", [api](const net::Request&) { return api->Search(); });
  add("POST", "watch", [api](const net::Request& r) { return api->Watch(r); });
  add("DELETE", "watch", [api](const net::Request& r) { return api->Unwatch(r); });
  add("GET", "receiver", [api](const net::Request&) { return api->Receiver(); });
  add("POST", "receiver", [api](const net::Request& r) { return api->SetReceiver(r); });
}

}  // namespace meerkat::setup
