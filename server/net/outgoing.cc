#include "server/net/outgoing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

namespace meerkat::net {
namespace {

// Of an answer that is settled: large enough to be small when compressed. One piece may come on
// top.
constexpr std::size_t kKeptPart = 512 << 10;
constexpr std::size_t kManyParts = 512;
constexpr std::uint64_t kMaxKeptPart = 1 << 30;

bool HasNoBody(int status) {
  return status == 204 || status == 304 || (status >= 100 && status < 200);
}

// A header value must not end its line: whoever builds one from input is disarmed here.
void AppendField(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  head += "\r\n";
}

}  // namespace

void AppendChunk(std::string& out, std::string_view data) {
  if (data.empty()) return;  // an empty chunk would end the body
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16);
  out.append(size.data(), end.ptr);
  out += "\r\n";
  out += data;
  out += "\r\n";
}

std::string HttpDate(std::int64_t seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text;
  const int size = std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
      kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Result<bool> Outgoing::NextPart() {
  body.clear();
  if (source != nullptr) return Make(body);
  if (kept_.empty()) return false;
  const std::string_view part = kept_.back().bytes();
  if (encoder != nullptr) {
    body = part;
  } else {
    auto plain = Decompress(NameOf(Encoding::kZstd), part, kMaxKeptPart, std::move(body));
    if (!plain) return std::move(plain).error();
    body = std::move(*plain);
  }
  kept_.pop_back();
  return !kept_.empty();
}

Result<> Outgoing::Settle(BodyLease& lease) {
  std::uint64_t held = 0;
  std::string framed, part;
  // Now, as it would pin what lies below it on the heap when it grows among what makes the parts.
  kept_.reserve(kManyParts);
  while (source != nullptr) {
    framed.clear();
    auto more = Make(framed);
    if (!more) return std::move(more).error();
    part += framed;
    if (*more && part.size() < kKeptPart) continue;
    if (part.empty()) break;
    if (encoder == nullptr) part = Compress(Encoding::kZstd, part);
    held += part.size();
    if (!lease.Hold(held)) {
      return Error(Code::kUnavailable, "clients are too slow: no room for what they have to take");
    }
    auto kept = KeptPart::Copy(part);
    if (!kept) return std::move(kept).error();
    kept_.push_back(std::move(*kept));
    part.clear();
  }
  std::reverse(kept_.begin(), kept_.end());
  return {};
}

Result<bool> Outgoing::Make(std::string& framed) {
  piece_.clear();
  auto more = source->Next(piece_);
  if (!more) return std::move(more).error();
  if (encoder != nullptr) {
    std::string encoded;
    encoder->Add(piece_, !*more, encoded);
    piece_.swap(encoded);
  }
  if (chunked) {
    framed.reserve(piece_.size() + 24);
    AppendChunk(framed, piece_);
    if (!*more) framed += kLastChunk;
  } else {
    framed.swap(piece_);
  }
  if (!*more) source.reset();
  return more;
}

Outgoing Prepare(const Request& request, Response response, bool keep_alive, std::string date) {
  Outgoing out;
  out.close = !keep_alive;
  out.status = response.status;
  const bool is_head = request.method == "HEAD";
  const bool bare = HasNoBody(response.status);
  std::string length;

  Encoding encoding = Encoding::kIdentity;
  if (response.compressible && !bare && !response.headers.Has("Content-Encoding")) {
    response.headers.Add("Vary", "Accept-Encoding");
    if (!is_head) encoding = ChooseEncoding(request.headers.Get("Accept-Encoding"));
  }

  if (auto* source = std::get_if<std::unique_ptr<BodySource>>(&response.body)) {
    out.source = std::move(*source);
    if (is_head || bare) {
      out.source.reset();
    } else {
      // The first part now: a body that fits one part travels as a plain one.
      std::string first;
      auto more = out.source->Next(first);
      if (!more) {
        // Nothing is sent yet, so the failure can still be told.
        Response failure = Response::Failure(500, more.error().message());
        return Prepare(request, std::move(failure), keep_alive, std::move(date));
      }
      if (!*more) {
        out.source.reset();
        response.body = std::move(first);
      } else {
        out.chunked = !request.http_1_0;
        out.close = out.close || !out.chunked;
        if (encoding != Encoding::kIdentity) {
          out.encoder = Encoder::Make(encoding);
          std::string encoded;
          out.encoder->Add(first, false, encoded);
          first.swap(encoded);
        }
        if (out.chunked) {
          AppendChunk(out.body, first);
        } else {
          out.body = std::move(first);
        }
      }
    }
  } else if (auto* events = std::get_if<std::shared_ptr<PushStream>>(&response.body)) {
    encoding = Encoding::kIdentity;
    if (!is_head) {
      out.events = std::move(*events);
      out.chunked = !request.http_1_0;
      out.close = out.close || !out.chunked;
    }
  }
  if (auto* text = std::get_if<std::string>(&response.body)) {
    if (!bare && !text->empty() && encoding != Encoding::kIdentity) {
      *text = Compress(encoding, *text);
    } else {
      encoding = Encoding::kIdentity;
    }
    length = std::to_string(text->size());
    if (!is_head && !bare) out.body = std::move(*text);
  } else if (auto* bytes = std::get_if<StaticBytes>(&response.body)) {
    if (encoding != Encoding::kIdentity && !bytes->bytes.empty()) {
      out.body = Compress(encoding, bytes->bytes);
      length = std::to_string(out.body.size());
    } else {
      encoding = Encoding::kIdentity;
      length = std::to_string(bytes->bytes.size());
      if (!is_head && !bare) out.static_body = bytes->bytes;
    }
  }

  std::string& head = out.head;
  head.reserve(512);
  head += request.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += ReasonOf(response.status);
  head += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) AppendField(head, name, value);
  if (encoding != Encoding::kIdentity) AppendField(head, "Content-Encoding", NameOf(encoding));
  AppendField(head, "Date", date);
  if (out.chunked) {
    AppendField(head, "Transfer-Encoding", "chunked");
  } else if (!bare && !length.empty()) {
    AppendField(head, "Content-Length", length);
  }
  if (out.close) {
    AppendField(head, "Connection", "close");
  } else if (request.http_1_0) {
    AppendField(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return out;
}

}  // namespace meerkat::net
