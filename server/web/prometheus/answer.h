#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "server/net/http.h"

// How the API under /api/v1 answers: its envelope, its error types, lists that are streamed.
namespace meerkat::web {

enum class ErrorType : std::uint8_t {
  kBadData,
  kExecution,
  kCanceled,
  kTimeout,
  kInternal,
  kUnavailable,
  kNotFound,
  kNotAcceptable,
};

// {"status":"error","errorType":…,"error":…} with the status code of its type.
net::Response Fail(ErrorType type, std::string_view message);
// `invalid parameter "NAME": why`.
net::Response FailParameter(std::string_view name, std::string_view why);
// What a failed evaluation or storage call becomes.
net::Response Fail(const Error& error);

// What refuses a request that must name series: a form that cannot be read, or no match[] in it.
std::optional<net::Response> RefuseForm(const net::Params& form);

struct Notes {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};
inline constexpr std::string_view kTruncated = "results truncated due to limit";

// {"status":"success","data":…}; `data` is JSON already.
net::Response Succeed(std::string_view data, const Notes& notes = {});
// ,"warnings":[…],"infos":[…]} : what follows the data. At most ten of each are told, the rest is
// counted.
std::string Closing(const Notes& notes);

// A success whose data is a JSON array written item by item while it is sent: `write` appends item
// number i.
net::Response SucceedWithList(std::size_t count,
                              std::function<void(std::string& out, std::size_t i)> write,
                              const Notes& notes = {});

// {"name":"value",…}
void AppendLabels(std::string& out, const Labels& labels);

}  // namespace meerkat::web
