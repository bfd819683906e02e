#include "server/net/smtp_client.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "server/net/base64.h"
#include "server/net/exchange.h"
#include "server/net/http.h"
#include "server/net/resolver.h"
#include "server/net/stream.h"
#include "server/net/tls.h"

namespace meerkat::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxLine = 8192;
constexpr std::size_t kMaxReplyLines = 200;

struct Reply {
  int code = 0;
  std::string text;  // lines joined by '\n', without codes
  std::string ToString() const { return std::to_string(code) + " " + text; }
};

// CRLF everywhere and dots doubled at line starts, ended by a lonely dot.
std::string Stuff(std::string_view message) {
  std::string out;
  out.reserve(message.size() + message.size() / 32 + 8);
  bool at_start = true;
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    if (c == '\r' && i + 1 < message.size() && message[i + 1] == '\n') continue;
    if (c == '\n') {
      out += "\r\n";
      at_start = true;
      continue;
    }
    if (at_start && c == '.') out += '.';
    out += c;
    at_start = false;
  }
  if (!at_start) out += "\r\n";
  out += ".\r\n";
  return out;
}

std::string HmacMd5Hex(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

class Session {
 public:
  Session(IoThread& io, ThreadPool& blocking, SmtpRequest request)
      : io_(io),
        blocking_(blocking),
        request_(std::move(request)),
        deadline_(std::chrono::steady_clock::now() + request_.timeout) {}

  Awaitable<Result<>> Run() {
    auto connected = co_await Connect();
    if (!connected) co_return connected;
    auto said = co_await Talk();
    // Politeness; what it brings does not matter any more.
    if (said) {
      auto bye = co_await Command("QUIT");
      (void)bye;
    }
    stream_->Close();
    co_return said;
  }

 private:
  // A reply other than expected: 4xx may pass, 5xx will not.
  static Error Refused(std::string_view doing, const Reply& reply) {
    return Error(reply.code >= 500 ? Code::kInvalid : Code::kUnavailable,
                 std::string(doing) + ": " + reply.ToString());
  }

  std::chrono::milliseconds Left() const {
    return std::max(
        std::chrono::milliseconds(0),
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now()));
  }

  Awaitable<Result<>> Connect() {
    const int port = std::atoi(request_.port.c_str());
    Resolver resolver(blocking_);
    auto addresses = co_await resolver.Resolve(request_.host, static_cast<std::uint16_t>(port));
    if (!addresses) {
      co_return std::move(addresses).error().Within("establish connection to server: dial tcp");
    }
    auto tls_config = request_.tls;
    if (tls_config.server_name.empty()) tls_config.server_name = request_.host;
    server_name_ = tls_config.server_name;
    auto work = [tls_config] { return ClientTls(tls_config).Current(); };
    auto context = co_await Offload(blocking_, std::move(work));
    if (!context) co_return std::move(context).error().Within("parse TLS configuration");
    tls_ = std::move(*context);

    std::string why;
    for (const Address& address : *addresses) {
      auto candidate = Stream::Plain(Socket(io_.context()));
      candidate->ExpireAfter(Left());
      const auto protocol = address.endpoint.protocol();
      error_code error;
      candidate->socket().open(protocol, error);
      if (!error) {
        auto [failed] = co_await candidate->socket().async_connect(
            address.endpoint, asio::as_tuple(asio::use_awaitable));
        error = failed;
      }
      if (!error) {
        stream_ = std::move(candidate);
        break;
      }
      if (why.empty()) {
        why = "dial tcp " + address.text +
              (candidate->timed_out() ? ": i/o timeout" : ": connect: " + ErrnoText(error));
      }
    }
    if (stream_ == nullptr) {
      co_return Error(Code::kUnavailable, "establish connection to server: " + why);
    }
    if (request_.implicit_tls.value_or(request_.port == "465")) {
      auto secured = co_await Secure();
      if (!secured) {
        co_return std::move(secured).error().Within("establish TLS connection to server");
      }
    }
    co_return Result<>();
  }

  Awaitable<Result<>> Secure() {
    auto secure = Stream::Tls(std::move(stream_->socket()), tls_);
    stream_ = std::move(secure);
    stream_->ExpireAfter(Left());
    ExpectServer(stream_->native_tls(), server_name_, request_.tls.insecure_skip_verify);
    const error_code failed = co_await stream_->HandshakeAsClient(server_name_);
    if (failed) {
      if (stream_->timed_out()) co_return Error(Code::kUnavailable, "i/o timeout");
      co_return Error(Code::kUnavailable, HandshakeFailure(stream_->native_tls(), server_name_,
                                                           "tls: " + failed.message()));
    }
    buffered_.clear();  // nothing said before the handshake counts
    co_return Result<>();
  }

  Awaitable<Result<>> Talk() {
    auto greeting = co_await ReadReply();
    if (!greeting) co_return std::move(greeting).error().Within("create SMTP client");
    if (greeting->code != 220) co_return Refused("create SMTP client", *greeting);
    auto hello = co_await Hello();
    if (!hello) co_return hello;
    if (request_.require_tls && !stream_->secure()) {
      if (!Offers("STARTTLS")) {
        co_return Error(Code::kInvalid, "'require_tls' is true (default) but \"" + request_.host +
                                            ":" + request_.port +
                                            "\" does not advertise the STARTTLS extension");
      }
      auto ready = co_await Command("STARTTLS");
      if (!ready) co_return std::move(ready).error().Within("send STARTTLS command");
      if (ready->code != 220) co_return Refused("send STARTTLS command", *ready);
      auto secured = co_await Secure();
      if (!secured) co_return std::move(secured).error().Within("send STARTTLS command");
      auto again = co_await Hello();
      if (!again) co_return again;
    }
    if (!request_.auth_username.empty()) {
      auto authenticated = co_await Authenticate();
      if (!authenticated) co_return authenticated;
    }
    std::string mail = "MAIL FROM:<" + request_.from + ">";
    if (Offers("8BITMIME")) mail += " BODY=8BITMIME";
    auto from = co_await Command(std::move(mail));
    if (!from) co_return std::move(from).error().Within("send MAIL command");
    if (from->code != 250) co_return Refused("send MAIL command", *from);
    for (const std::string& address : request_.to) {
      auto to = co_await Command("RCPT TO:<" + address + ">");
      if (!to) co_return std::move(to).error().Within("send RCPT command");
      if (to->code / 10 != 25) co_return Refused("send RCPT command", *to);
    }
    auto data = co_await Command("DATA");
    if (!data) co_return std::move(data).error().Within("send DATA command");
    if (data->code != 354) co_return Refused("send DATA command", *data);
    const std::string body = Stuff(request_.message);
    auto delivered = co_await Send(body);
    if (!delivered) co_return std::move(delivered).error().Within("delivery failure");
    if (delivered->code != 250) co_return Refused("delivery failure", *delivered);
    co_return Result<>();
  }

  Awaitable<Result<>> Hello() {
    const std::string name = request_.hello.empty() ? "localhost" : request_.hello;
    auto reply = co_await Command("EHLO " + name);
    if (!reply) co_return std::move(reply).error().Within("send EHLO command");
    if (reply->code == 250) {
      extensions_ = reply->text + "\n";
      co_return Result<>();
    }
    extensions_.clear();
    auto plain = co_await Command("HELO " + name);
    if (!plain) co_return std::move(plain).error().Within("send EHLO command");
    if (plain->code != 250) co_return Refused("send EHLO command", *plain);
    co_return Result<>();
  }

  // The line of an EHLO extension, without its keyword; null when it is not offered.
  const std::string* Find(std::string_view keyword) {
    std::string_view rest = extensions_;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end + 1);
      const auto space = line.find_first_of(" =");
      if (EqualsIgnoreCase(line.substr(0, space), keyword)) {
        parameters_ = space == std::string_view::npos ? "" : std::string(line.substr(space + 1));
        return &parameters_;
      }
    }
    return nullptr;
  }
  bool Offers(std::string_view keyword) { return Find(keyword) != nullptr; }

  Awaitable<Result<>> Authenticate() {
    const std::string* offered = Find("AUTH");
    if (offered == nullptr) co_return Result<>();  // as upstream: go on without
    auto request = request_;
    auto work = [request]() -> Result<std::pair<std::string, std::string>> {
      auto password = Read(request.auth_password);
      if (!password) return std::move(password).error();
      auto secret = Read(request.auth_secret);
      if (!secret) return std::move(secret).error();
      return std::make_pair(std::move(*password), std::move(*secret));
    };
    const std::string mechanisms = " " + *offered + " ";
    auto secrets = co_await Offload(blocking_, std::move(work));
    if (!secrets) co_return std::move(secrets).error().Within("find auth mechanism");
    const auto& [password, secret] = *secrets;
    const std::string& user = request_.auth_username;
    const auto has = [&mechanisms](std::string_view name) {
      return mechanisms.find(" " + std::string(name) + " ") != std::string::npos;
    };
    if (has("CRAM-MD5") && !secret.empty()) {
      auto challenge = co_await Command("AUTH CRAM-MD5");
      if (!challenge) co_return std::move(challenge).error().Within("*smtp.cramMD5Auth auth");
      if (challenge->code != 334) co_return Refused("*smtp.cramMD5Auth auth", *challenge);
      const std::string nonce = Base64Decode(challenge->text).value_or("");
      co_return co_await Finish(Base64Encode(user + " " + HmacMd5Hex(secret, nonce)),
                                "*smtp.cramMD5Auth auth");
    }
    if (has("PLAIN") && !password.empty()) {
      if (!stream_->secure() && request_.host != "localhost" && request_.host != "127.0.0.1" &&
          request_.host != "::1") {
        co_return Error(Code::kInvalid, "*smtp.plainAuth auth: unencrypted connection");
      }
      const std::string token = request_.auth_identity + '\0' + user + '\0' + password;
      co_return co_await Finish("AUTH PLAIN " + Base64Encode(token), "*smtp.plainAuth auth");
    }
    if (has("LOGIN") && !password.empty()) {
      auto name = co_await Command("AUTH LOGIN");
      if (!name) co_return std::move(name).error().Within("*email.loginAuth auth");
      if (name->code != 334) co_return Refused("*email.loginAuth auth", *name);
      auto next = co_await Command(Base64Encode(user));
      if (!next) co_return std::move(next).error().Within("*email.loginAuth auth");
      if (next->code != 334) co_return Refused("*email.loginAuth auth", *next);
      co_return co_await Finish(Base64Encode(password), "*email.loginAuth auth");
    }
    std::string why;
    if (has("CRAM-MD5")) why += "missing secret for CRAM-MD5 auth mechanism; ";
    if (has("PLAIN")) why += "missing password for PLAIN auth mechanism; ";
    if (has("LOGIN")) why += "missing password for LOGIN auth mechanism; ";
    if (why.empty()) {
      why = "unknown auth mechanism: " + mechanisms.substr(1, mechanisms.size() - 2);
    } else {
      why.resize(why.size() - 2);
    }
    co_return Error(Code::kInvalid, "find auth mechanism: " + why);
  }

  Awaitable<Result<>> Finish(std::string line, std::string what) {
    auto reply = co_await Command(std::move(line));
    if (!reply) co_return std::move(reply).error().Within(what);
    if (reply->code != 235) co_return Refused(what, *reply);
    co_return Result<>();
  }

  Awaitable<Result<Reply>> Command(std::string line) {
    // One command is one line, whatever an address contains.
    std::erase_if(line, [](char c) { return c == '\r' || c == '\n'; });
    line += "\r\n";
    auto reply = co_await Send(line);
    co_return reply;
  }

  Awaitable<Result<Reply>> Send(std::string_view bytes) {
    stream_->ExpireAfter(Left());
    const IoCount sent = co_await stream_->Write(bytes, "", Millis(0));
    if (sent.error) co_return Failure("write", sent.error);
    auto reply = co_await ReadReply();
    co_return reply;
  }

  Awaitable<Result<Reply>> ReadReply() {
    Reply reply;
    for (std::size_t lines = 0; lines < kMaxReplyLines; ++lines) {
      std::size_t end = 0;
      while ((end = buffered_.find('\n')) == std::string::npos) {
        if (buffered_.size() > kMaxLine) {
          co_return Error(Code::kUnavailable, "SMTP reply line too long");
        }
        char room[4096];
        stream_->ExpireAfter(Left());
        const std::span<char> into(room, sizeof(room));
        const IoCount got = co_await stream_->ReadSome(into);
        if (got.error) co_return Failure("read", got.error);
        buffered_.append(room, got.bytes);
      }
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      if (line.size() < 3 || line.find_first_not_of("0123456789") < 3) {
        co_return Error(Code::kUnavailable, "short response: " + line);
      }
      reply.code = std::atoi(line.substr(0, 3).c_str());
      if (!reply.text.empty()) reply.text += '\n';
      if (line.size() > 4) reply.text += line.substr(4);
      if (line.size() == 3 || line[3] != '-') co_return reply;
    }
    co_return Error(Code::kUnavailable, "SMTP reply too long");
  }

  Error Failure(std::string_view operation, const error_code& error) {
    Error plain = NetworkError(*stream_, operation, error);
    if (plain.code() != Code::kTimeout) return plain;
    return Error(Code::kUnavailable, "i/o timeout");
  }

  IoThread& io_;
  ThreadPool& blocking_;
  const SmtpRequest request_;
  const std::chrono::steady_clock::time_point deadline_;
  std::unique_ptr<Stream> stream_;
  TlsContext tls_;
  std::string server_name_;
  std::string buffered_;
  std::string extensions_;
  std::string parameters_;
};

}  // namespace

Awaitable<Result<>> SendMail(IoThread& io, ThreadPool& blocking, SmtpRequest request) {
  Session session(io, blocking, std::move(request));
  auto result = co_await session.Run();
  co_return result;
}

}  // namespace meerkat::net
