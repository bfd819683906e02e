#include "server/push/push_door.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "base/duration.h"
#include "base/name_scheme.h"
#include "base/quote.h"
#include "server/net/compression.h"
#include "server/push/body_reader.h"
#include "server/push/group_json.h"

namespace meerkat::push {
namespace {

constexpr std::string_view kMetrics = "/metrics";
constexpr std::string_view kBase64 = "@base64";
constexpr std::string_view kAllow = "DELETE, OPTIONS, POST, PUT";
constexpr std::uint64_t kMaxBody = 128 << 20;  // decoded

net::Response Plain(int status, std::string text) {
  net::Response response = net::Response::Text(status, std::move(text) + "\n");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  return response;
}

// The URL's alphabet without padding, as Go's RawURLEncoding; padding at the end is left out first.
Result<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  const auto fault = [](std::size_t at) {
    return Error(Code::kInvalid, "illegal base64 data at input byte " + std::to_string(at));
  };
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const std::size_t digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) return fault(i);
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    have += 6;
    if (have >= 8) {
      have -= 8;
      out += static_cast<char>((bits >> static_cast<unsigned>(have)) & 0xFFU);
    }
  }
  if (text.size() % 4 == 1) return fault(text.size() - 1);
  return out;
}

Error Invalid(std::string message) {
  return {Code::kInvalid, std::move(message)};
}

// The path without empty segments, if it has any; still escaped, as a Location must be.
std::optional<std::string> Cleaned(std::string_view path) {
  if (path.find("//") == std::string_view::npos) return std::nullopt;
  std::string clean;
  for (const char c : path) {
    if (c != '/' || !clean.ends_with('/')) clean += c;
  }
  return clean;
}

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

}  // namespace

Result<GroupLabels> LabelsOfPath(std::string_view path) {
  const bool encoded = path.starts_with("/job@base64/");
  path.remove_prefix(encoded ? 12 : 5);
  const std::size_t slash = std::min(path.find('/'), path.size());
  std::string job(path.substr(0, slash));
  path.remove_prefix(slash);
  if (encoded) {
    auto decoded = DecodeBase64(job);
    if (!decoded) {
      return Invalid("invalid base64 encoding in job name \"\": " + decoded.error().message());
    }
    job = *std::move(decoded);
  }
  GroupLabels labels;
  if (path.size() > 1) {
    std::vector<std::string_view> parts;
    for (std::string_view rest = path; !rest.empty();) {
      rest.remove_prefix(1);
      const std::size_t end = std::min(rest.find('/'), rest.size());
      parts.push_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    if (parts.size() % 2 != 0) {
      return Invalid("odd number of components in label string " + Quote(path));
    }
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      const bool base64 = parts[i].ends_with(kBase64);
      const std::string name(parts[i].substr(0, parts[i].size() - (base64 ? kBase64.size() : 0)));
      if (!IsValidLabelName(NameScheme::kLegacy, name) || name.starts_with("__")) {
        return Invalid("improper label name " + Quote(name));
      }
      std::string value(parts[i + 1]);
      if (base64) {
        auto decoded = DecodeBase64(value);
        if (!decoded) {
          return Invalid("invalid base64 encoding for label " + name + "=" + Quote(value) + ": " +
                         decoded.error().message());
        }
        value = *std::move(decoded);
      }
      labels[name] = std::move(value);
    }
  }
  if (job.empty()) return Invalid("job name is required");
  labels["job"] = std::move(job);
  return labels;
}

net::Response PushDoor::Handle(const net::Request& request, std::string_view prefix) {
  std::string_view path = request.path;
  path.remove_prefix(std::min(prefix.size() + kMetrics.size(), path.size()));
  const bool is_job = (path.starts_with("/job/") && path.size() > 5) ||
                      (path.starts_with("/job@base64/") && path.size() > 12);
  if (!is_job) return Plain(404, "404 page not found");
  const bool change =
      request.method == "PUT" || request.method == "POST" || request.method == "DELETE";
  if (!change) {
    net::Response response =
        request.method == "OPTIONS" ? net::Response::Empty(200) : Plain(405, "Method Not Allowed");
    response.headers.Set("Allow", std::string(kAllow));
    return response;
  }
  if (auto clean = Cleaned(request.raw_path)) {
    net::Response moved = net::Response::Empty(301);
    moved.headers.Set("Location", *std::move(clean));
    return moved;
  }
  const auto started = std::chrono::steady_clock::now();
  auto labels = LabelsOfPath(path);
  net::Response response;
  if (!labels) {
    response = Plain(400, labels.error().message());
  } else if (request.method == "DELETE") {
    const auto deleted = groups_.Delete(*labels);
    response = deleted ? net::Response::Empty(202) : Plain(500, deleted.error().message());
  } else {
    response = Push(request, *std::move(labels));
  }
  const Labels method{{"method", Lower(request.method)}};
  registry_
      .counter("meerkat_push_requests_total", "Requests to the push receiver.",
               Labels{{"code", std::to_string(response.status)}, {"method", method.Get("method")}})
      .Add();
  registry_
      .summary("meerkat_push_duration_seconds", "Time to take a push, journal included.", method)
      .Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  return response;
}

net::Response PushDoor::Push(const net::Request& request, GroupLabels labels) {
  PushGroups::Write write;
  write.labels = std::move(labels);
  write.replace = request.method == "PUT";
  if (request.query.Has("ttl")) {
    auto time_to_live = ParseDuration(request.query.Get("ttl"));
    if (!time_to_live) {
      return Plain(400, "invalid parameter \"ttl\": " + time_to_live.error().message());
    }
    write.time_to_live = *time_to_live;
  }
  auto body = net::Decompress(request.headers.Get("Content-Encoding"), request.body, kMaxBody);
  if (!body) return Plain(400, body.error().message());
  auto families = ReadBody(*body, request.headers.Get("Content-Type"));
  if (!families) return Plain(400, families.error().message());
  write.families = *std::move(families);
  const auto pushed = groups_.Push(std::move(write));
  if (pushed) return net::Response::Empty(groups_.checks() ? 200 : 202);
  if (pushed.error().code() != Code::kInvalid) return Plain(500, pushed.error().message());
  // As upstream: nobody waits for the outcome when nothing is checked.
  if (!groups_.checks()) return net::Response::Empty(202);
  return Plain(400, "pushed metrics are invalid or inconsistent with existing metrics: " +
                        pushed.error().message());
}

net::Response PushDoor::List() {
  return net::Response::Json(200,
                             R"({"status":"success","data":)" + GroupsJson(groups_.List()) + "}");
}

net::Response PushDoor::Wipe() {
  const auto wiped = groups_.DeleteAll();
  return wiped ? net::Response::Empty(202) : Plain(500, wiped.error().message());
}

}  // namespace meerkat::push
