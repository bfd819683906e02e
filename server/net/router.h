#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/http.h"

namespace meerkat::net {

// Which pool runs a handler. Quick ones (health, status, pages) never queue behind queries.
enum class Lane : std::uint8_t { kQuick, kQuery, kIngest };

struct Route {
  std::vector<std::string> methods;  // empty: any. HEAD only where it is named, as upstream.
  std::string pattern;               // /api/v1/label/{name}/values, /static/{path...}
  Handler handler;
  Lane lane = Lane::kQuick;
  std::uint64_t max_body_bytes = 10 << 20;
  std::string name = {};  // the `handler` label of request metrics; "": the pattern
  PromptHandler prompt = {};
};

// Finds the route of a request by method and path. Patterns are literal segments, {name} for one
// segment and {name...} for the rest (which may be empty); literal wins over {name} wins over
// {name...}. Built once, then read by all threads.
class Router {
 public:
  void Add(Route route);
  void Get(std::string pattern, Handler handler, Lane lane = Lane::kQuick);
  void Post(std::string pattern, Handler handler, Lane lane = Lane::kQuick);

  struct Match {
    const Route* route = nullptr;  // null: `fallback` answers
    // "404 page not found", "Method Not Allowed", or a redirect to the path that was meant.
    Handler fallback;
    std::vector<std::pair<std::string, std::string>> path_values;
  };
  // `path` is decoded, as upstream's routers see it: an escaped slash separates like any other.
  Match Find(std::string_view method, std::string_view path) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;
    Route route;
  };
  Handler Elsewhere(std::string_view method, std::string_view path) const;

  std::vector<Pattern> patterns_;
};

}  // namespace meerkat::net
