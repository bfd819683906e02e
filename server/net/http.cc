#include "server/net/http.h"

#include <algorithm>

#include "base/html_text.h"
#include "server/net/media_type.h"
#include "server/net/multipart.h"

namespace meerkat::net {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A header is ASCII, whatever the address was that it repeats.
std::string EscapeNonAscii(std::string_view location) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string escaped;
  escaped.reserve(location.size());
  for (const char c : location) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      escaped += c;
    } else {
      escaped.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return escaped;
}

}  // namespace

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Headers::Get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

bool Headers::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const auto& field) { return EqualsIgnoreCase(field.first, name); });
}

std::vector<std::string_view> Headers::All(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : fields_) {
    if (EqualsIgnoreCase(key, name)) values.push_back(value);
  }
  return values;
}

void Headers::Set(std::string_view name, std::string value) {
  Remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return EqualsIgnoreCase(field.first, name); });
}

std::string_view Request::PathValue(std::string_view name) const {
  for (const auto& [key, value] : path_values) {
    if (key == name) return value;
  }
  return {};
}

Params Request::PlainForm() const {
  if (method != "POST" && method != "PUT" && method != "PATCH") return query;
  const std::string_view header = headers.Get("Content-Type");
  if (header.empty()) return query;
  const MediaType media = MediaType::Parse(header);
  Params form = query;
  if (media.type == "application/x-www-form-urlencoded") {
    // One text, so that the first fault of either is the one reported: the body's.
    std::string both = body;
    if (!raw_query.empty()) both += "&" + raw_query;
    form = Params::Parse(both);
  }
  if (!media.error.empty()) form.set_error(media.error);
  return form;
}

Params Request::Form() const {
  Params form = PlainForm();
  const MediaType media = MediaType::Parse(headers.Get("Content-Type"));
  if (media.type != "multipart/form-data" || !media.error.empty()) return form;
  if (const auto fields = ParseMultipart(body, media.parameter("boundary"))) {
    for (const auto& [name, value] : fields->pairs()) form.Add(name, value);
  }
  return form;
}

bool PushStream::Push(std::string text) {
  std::function<void()> wake;
  {
    MutexLock lock(mu_);
    if (closed_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(text));
    wake.swap(wake_);
  }
  if (wake) wake();
  return true;
}

void PushStream::Close() {
  std::function<void()> wake;
  {
    MutexLock lock(mu_);
    closed_ = true;
    wake.swap(wake_);
  }
  if (wake) wake();
}

bool PushStream::closed() const {
  MutexLock lock(mu_);
  return closed_;
}

std::string PushStream::Take() {
  MutexLock lock(mu_);
  std::string all;
  for (const std::string& text : queue_) all += text;
  queue_.clear();
  return all;
}

void PushStream::OnNews(std::function<void()> wake) {
  {
    MutexLock lock(mu_);
    if (queue_.empty() && !closed_) {
      wake_ = std::move(wake);
      return;
    }
  }
  wake();
}

Response Response::Text(int status, std::string text, std::string_view content_type) {
  Response response;
  response.status = status;
  response.headers.Set("Content-Type", std::string(content_type));
  response.body = std::move(text);
  return response;
}

Response Response::Json(int status, std::string json) {
  return Text(status, std::move(json), "application/json");
}

Response Response::Failure(int status, std::string why) {
  why += '\n';
  Response response = Text(status, std::move(why));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  return response;
}

Response Response::Empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::Redirect(int status, std::string location) {
  Response response = Text(status, "", "text/html; charset=utf-8");
  response.body =
      "<a href=\"" + EscapeHtml(location) + "\">" + std::string(ReasonOf(status)) + "</a>.\n\n";
  response.headers.Set("Location", EscapeNonAscii(location));
  return response;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Requested Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Entity";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

}  // namespace meerkat::net
