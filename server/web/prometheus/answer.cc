#include "server/web/prometheus/answer.h"

#include <utility>

#include "base/json_writer.h"
#include "base/quote.h"

namespace meerkat::web {
namespace {

constexpr std::size_t kNotesTold = 10;
constexpr std::size_t kPiece = 64 << 10;

struct TypeFacts {
  std::string_view name;
  int status;
};

TypeFacts FactsOf(ErrorType type) {
  switch (type) {
    case ErrorType::kBadData:
      return {"bad_data", 400};
    case ErrorType::kExecution:
      return {"execution", 422};
    case ErrorType::kCanceled:
      return {"canceled", 499};
    case ErrorType::kTimeout:
      return {"timeout", 503};
    case ErrorType::kInternal:
      return {"internal", 500};
    case ErrorType::kUnavailable:
      return {"unavailable", 500};
    case ErrorType::kNotFound:
      return {"not_found", 404};
    case ErrorType::kNotAcceptable:
      return {"not_acceptable", 406};
  }
  return {"internal", 500};
}

void AppendNotes(std::string& out, std::string_view key, std::string_view singular,
                 const std::vector<std::string>& notes) {
  if (notes.empty()) return;
  out += ",\"";
  out += key;
  out += "\":[";
  for (std::size_t i = 0; i < notes.size() && i < kNotesTold; ++i) {
    if (i > 0) out += ',';
    JsonWriter::AppendQuoted(out, notes[i]);
  }
  if (notes.size() > kNotesTold) {
    out += ',';
    JsonWriter::AppendQuoted(out, std::to_string(notes.size() - kNotesTold) + " more " +
                                      std::string(singular) + " annotations omitted");
  }
  out += ']';
}

class ListBody : public net::BodySource {
 public:
  ListBody(std::size_t count, std::function<void(std::string&, std::size_t)> write,
           std::string closing)
      : count_(count), write_(std::move(write)), closing_(std::move(closing)) {}

  Result<bool> Next(std::string& chunk) override {
    if (next_ == 0) chunk += "{\"status\":\"success\",\"data\":[";
    while (next_ < count_ && chunk.size() < kPiece) {
      if (next_ > 0) chunk += ',';
      write_(chunk, next_++);
    }
    if (next_ < count_) return true;
    chunk += ']';
    chunk += closing_;
    return false;
  }

 private:
  const std::size_t count_;
  const std::function<void(std::string&, std::size_t)> write_;
  const std::string closing_;
  std::size_t next_ = 0;
};

}  // namespace

net::Response Fail(ErrorType type, std::string_view message) {
  const TypeFacts facts = FactsOf(type);
  std::string body = "{\"status\":\"error\",\"errorType\":\"";
  body += facts.name;
  body += "\",\"error\":";
  JsonWriter::AppendQuoted(body, message);
  body += '}';
  return net::Response::Json(facts.status, std::move(body));
}

net::Response FailParameter(std::string_view name, std::string_view why) {
  return Fail(ErrorType::kBadData, "invalid parameter " + Quote(name) + ": " + std::string(why));
}

net::Response Fail(const Error& error) {
  switch (error.code()) {
    case Code::kInvalid:
      return Fail(ErrorType::kBadData, error.message());
    case Code::kNotFound:
      return Fail(ErrorType::kNotFound, error.message());
    case Code::kExecution:
      return Fail(ErrorType::kExecution, error.message());
    case Code::kCanceled:
      return Fail(ErrorType::kCanceled, error.message());
    case Code::kTimeout:
      return Fail(ErrorType::kTimeout, error.message());
    case Code::kUnavailable:
    case Code::kCorruption:
    case Code::kConflict:
    case Code::kInternal:
      break;
  }
  return Fail(ErrorType::kInternal, error.message());
}

std::optional<net::Response> RefuseForm(const net::Params& form) {
  if (!form.error().empty()) {
    return Fail(ErrorType::kBadData, "error parsing form values: " + form.error());
  }
  if (!form.Has("match[]")) return Fail(ErrorType::kBadData, "no match[] parameter provided");
  return std::nullopt;
}

std::string Closing(const Notes& notes) {
  std::string out;
  AppendNotes(out, "warnings", "warning", notes.warnings);
  AppendNotes(out, "infos", "info", notes.infos);
  out += '}';
  return out;
}

net::Response Succeed(std::string_view data, const Notes& notes) {
  std::string body = "{\"status\":\"success\",\"data\":";
  body += data;
  body += Closing(notes);
  return net::Response::Json(200, std::move(body));
}

net::Response SucceedWithList(std::size_t count,
                              std::function<void(std::string& out, std::size_t i)> write,
                              const Notes& notes) {
  net::Response response = net::Response::Json(200, "");
  response.body = std::make_unique<ListBody>(count, std::move(write), Closing(notes));
  return response;
}

void AppendLabels(std::string& out, const Labels& labels) {
  out += '{';
  bool first = true;
  for (const Label label : labels) {
    if (!first) out += ',';
    first = false;
    JsonWriter::AppendQuoted(out, label.name);
    out += ':';
    JsonWriter::AppendQuoted(out, label.value);
  }
  out += '}';
}

}  // namespace meerkat::web
