#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "server/net/url.h"

// What a request and a response are to everybody but the connection: plain values.
namespace meerkat::net {

// Header fields in their order; names compare without case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  std::string_view Get(std::string_view name) const;  // the first; "" when absent
  bool Has(std::string_view name) const;
  std::vector<std::string_view> All(std::string_view name) const;
  void Set(std::string_view name, std::string value);  // replaces all of that name
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  void Remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

bool EqualsIgnoreCase(std::string_view a, std::string_view b);

struct Request {
  std::string method;     // as sent: GET, POST …
  std::string target;     // as sent: /a%20b?c=d
  std::string path;       // decoded, without query: "/a b"
  std::string raw_path;   // not decoded, without query
  std::string raw_query;  // after '?', not decoded
  Params query;           // of the URL alone
  Headers headers;
  std::string body;
  std::string remote_address;  // ip:port
  std::string user;            // who authenticated by basic auth; ""
  bool secure = false;         // came by TLS
  bool http_1_0 = false;
  // What the router found: {name} and {name...} of the pattern, decoded.
  std::vector<std::pair<std::string, std::string>> path_values;

  std::string_view PathValue(std::string_view name) const;
  // Values of an urlencoded body before those of the URL, those of a multipart body behind them, as
  // Go's Request.FormValue finds them. A bad escape or Content-Type is in error().
  Params Form() const;
  // The same without what a multipart body has: Request.ParseForm, which some endpoints stop at.
  Params PlainForm() const;
};

// A body made piece by piece: the connection pulls the next piece when the client has taken the one
// before, so memory stays bounded and a slow client holds no thread. Next runs on the pool of the
// route, one call at a time, not always on one thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Fills `chunk` (empty when called, its capacity is kept), true while there may be more. A chunk
  // of 32 to 128 kB is right. An error cuts the connection, so that the client cannot take the part
  // for the whole.
  virtual Result<bool> Next(std::string& chunk) = 0;
};

// A body others push into when there is news (server-sent events): costs no thread while it rests.
// Threads: any. Whoever pushes keeps a shared_ptr and lets go when closed() turns true.
class PushStream {
 public:
  explicit PushStream(std::size_t max_queued = 256) : max_queued_(max_queued) {}

  // False when the client is gone or too far behind; the text is then dropped.
  bool Push(std::string text) EXCLUDES(mu_);
  // Ends the body after what was pushed.
  void Close() EXCLUDES(mu_);
  bool closed() const EXCLUDES(mu_);

  // For the connection: all that is queued; `wake` runs once on the next Push or Close.
  std::string Take() EXCLUDES(mu_);
  void OnNews(std::function<void()> wake) EXCLUDES(mu_);

 private:
  const std::size_t max_queued_;  // pushes
  mutable Mutex mu_;
  std::vector<std::string> queue_ GUARDED_BY(mu_);
  std::function<void()> wake_ GUARDED_BY(mu_);
  bool closed_ GUARDED_BY(mu_) = false;
};

// Bytes that live as long as the program: embedded files.
struct StaticBytes {
  std::string_view bytes;
};

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, StaticBytes, std::unique_ptr<BodySource>, std::shared_ptr<PushStream>>
      body;
  // False for what is compressed already or must not be: the server then sends it as it is.
  bool compressible = true;

  static Response Text(int status, std::string text,
                       std::string_view content_type = "text/plain; charset=utf-8");
  static Response Json(int status, std::string json);
  // What went wrong, one line of plain text as Go's http.Error writes it: browsers are told not to
  // take it for anything else.
  static Response Failure(int status, std::string why);
  static Response Empty(int status);
  static Response Redirect(int status, std::string location);
};

// An endpoint: a plain function run on a pool. `stop` is requested when the client leaves or the
// server stops; long work should look at it.
using Handler = std::function<Response(const Request&, std::stop_token)>;

// The same on the io thread, before the request goes to a pool: for answers known to take less than
// the way there and back. It must neither wait nor compute for longer than a millisecond. Nothing:
// the handler is to be called, as if this had not been.
using PromptHandler = std::function<std::optional<Response>(const Request&)>;

// "Not Found" for 404; "" when unknown.
std::string_view ReasonOf(int status);

}  // namespace meerkat::net
