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
};

// Finds the route of a request by method and path. Patterns are literal segments, {name} for one
// segment and {name...} for the rest (which may be empty); literal wins over {name} wins over
// {name...}. Built once, then read by all threads.
class Router {
 public:
  void Add(Route route);
  void Get(std::string pattern, Handler handler, Lane lane = Lane::kQuick);
  void Post(std::string pattern, Handler handler, Lane lane = Lane::kQuick);

  // Runs for a path that no route has, and for one whose routes take other methods (405). Without
  // them: "404 page not found\n" and "Method Not Allowed\n", as Go's.
  void set_not_found(Handler handler) { not_found_ = std::move(handler); }
  void set_method_not_allowed(Handler handler) { method_not_allowed_ = std::move(handler); }

  struct Match {
    const Route* route = nullptr;  // null: `fallback` answers
    Handler fallback;
    std::vector<std::pair<std::string, std::string>> path_values;
  };
  // `raw_path` is not decoded: an escaped slash (%2F) stays within its segment.
  Match Find(std::string_view method, std::string_view raw_path) const;

 private:
  struct Pattern {
    std::vector<std::string> segments;
    Route route;
  };
  std::vector<Pattern> patterns_;
  Handler not_found_;
  Handler method_not_allowed_;
};

}  // namespace meerkat::net
