#include "server/net/router.h"

#include <algorithm>
#include <cassert>
#include <set>

namespace meerkat::net {
namespace {

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool IsRest(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with("...}");
}
bool IsValue(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

// How well a pattern fits, segment by segment: literal 2, {name} 1, {name...} 0. Empty: not at all.
std::string Fit(const std::vector<std::string>& pattern,
                const std::vector<std::string_view>& path) {
  std::string score;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (IsRest(pattern[i])) return score + '0';
    if (i >= path.size()) return "";
    if (IsValue(pattern[i])) {
      if (path[i].empty() || path[i] == "." || path[i] == "..") return "";
      score += '1';
    } else {
      if (pattern[i] != path[i]) return "";
      score += '2';
    }
  }
  return pattern.size() == path.size() ? score + '3' : "";
}

const std::vector<std::string> kOptionsAlone = {"OPTIONS"};

// Without empty segments, "." and ".."; a slash at the end stays.
std::string Clean(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : Split(path)) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string clean;
  for (const std::string_view segment : kept) clean.append("/").append(segment);
  if (clean.empty() || path.ends_with('/')) clean += '/';
  return clean;
}

Handler MovedTo(int status, std::string_view path) {
  return [status, path = EscapePath(path)](const Request& request, std::stop_token) {
    Response response = Response::Redirect(
        status, request.raw_query.empty() ? path : path + "?" + request.raw_query);
    if (request.method != "GET" && request.method != "HEAD") {
      response.headers.Remove("Content-Type");
      response.body = std::string();
    }
    return response;
  };
}

bool Takes(const Route& route, std::string_view method) {
  if (route.methods.empty()) return true;
  return std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

Response NotFound(const Request&, std::stop_token) {
  return Response::Failure(404, "404 page not found");
}
Response MethodNotAllowed(const Request&, std::stop_token) {
  return Response::Failure(405, "Method Not Allowed");
}

}  // namespace

void Router::Add(Route route) {
  assert(route.pattern.starts_with('/'));
  Pattern pattern;
  for (const std::string_view segment : Split(route.pattern)) {
    pattern.segments.emplace_back(segment);
  }
  if (route.name.empty()) route.name = route.pattern;
  pattern.route = std::move(route);
  patterns_.push_back(std::move(pattern));
}

void Router::Get(std::string pattern, Handler handler, Lane lane) {
  Add({.methods = {"GET"},
       .pattern = std::move(pattern),
       .handler = std::move(handler),
       .lane = lane});
}

void Router::Post(std::string pattern, Handler handler, Lane lane) {
  Add({.methods = {"POST"},
       .pattern = std::move(pattern),
       .handler = std::move(handler),
       .lane = lane});
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  // The usual request names a literal pattern, and nothing fits better.
  if (path.find('{') == std::string_view::npos) {
    for (const Pattern& pattern : patterns_) {
      if (pattern.route.pattern != path || !Takes(pattern.route, method)) continue;
      match.route = &pattern.route;
      return match;
    }
  }
  const std::vector<std::string_view> segments = Split(path);
  const Pattern* best = nullptr;
  std::string best_fit;
  std::set<std::string_view> allowed;
  std::string allowed_fit;
  for (const Pattern& pattern : patterns_) {
    std::string fit = Fit(pattern.segments, segments);
    if (fit.empty()) continue;
    if (!Takes(pattern.route, method)) {
      // Answering OPTIONS alone does not make a path known.
      if (pattern.route.methods == kOptionsAlone) continue;
      if (fit < allowed_fit) continue;
      if (fit > allowed_fit) allowed.clear();
      allowed_fit = fit;
      allowed.insert(pattern.route.methods.begin(), pattern.route.methods.end());
      allowed.insert("OPTIONS");
    } else if (best == nullptr || fit > best_fit) {
      best = &pattern;
      best_fit = std::move(fit);
    }
  }
  // A page that takes everything must not hide that the exact path exists for other methods.
  if (best == nullptr || best_fit < allowed_fit) {
    if (allowed.empty()) {
      match.fallback = Elsewhere(method, path);
    } else {
      std::string methods;
      for (const std::string_view name : allowed) {
        methods += (methods.empty() ? "" : ", ") + std::string(name);
      }
      const Handler answer =
          method == "OPTIONS"
              ? Handler([](const Request&, std::stop_token) { return Response::Empty(200); })
              : Handler(MethodNotAllowed);
      match.fallback = [answer, methods](const Request& request, std::stop_token stop) {
        Response response = answer(request, std::move(stop));
        response.headers.Set("Allow", methods);
        return response;
      };
    }
    return match;
  }
  match.route = &best->route;
  for (std::size_t i = 0; i < best->segments.size(); ++i) {
    const std::string& name = best->segments[i];
    if (IsRest(name)) {
      std::string_view rest;
      if (i < segments.size()) {
        rest = path.substr(static_cast<std::size_t>(segments[i].data() - path.data()));
      }
      match.path_values.emplace_back(name.substr(1, name.size() - 5), rest);
      break;
    }
    if (IsValue(name)) {
      match.path_values.emplace_back(name.substr(1, name.size() - 2), segments[i]);
    }
  }
  return match;
}

// A path that nothing has may be another one written carelessly, as upstream's routers see it.
Handler Router::Elsewhere(std::string_view method, std::string_view path) const {
  constexpr int kMoved = 301, kMovedKeepMethod = 307;
  std::string clean = Clean(path);
  if (clean != path) return MovedTo(kMoved, clean);
  if (clean.size() > 1 && clean.ends_with('/')) {
    clean.pop_back();
    if (Find(method, clean).route != nullptr) {
      return MovedTo(method == "GET" ? kMoved : kMovedKeepMethod, clean);
    }
  }
  return NotFound;
}

}  // namespace meerkat::net
