#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>

#include "server/net/io.h"

// What connections of server and clients are made of; private to server/net.
namespace meerkat::net {

using Socket = boost::asio::generic::stream_protocol::socket;  // TCP or Unix

struct IoCount {
  boost::system::error_code error;
  std::size_t bytes = 0;
};

// A byte stream with a deadline, plain or TLS. IO thread only.
class Stream {
 public:
  static std::unique_ptr<Stream> Plain(Socket socket);
  // The handshake is still to be done. `context` stays alive as long as the stream.
  static std::unique_ptr<Stream> Tls(Socket socket,
                                     std::shared_ptr<boost::asio::ssl::context> context);
  virtual ~Stream();

  // error eof: the peer ended. At most one read and one write at a time.
  virtual Awaitable<IoCount> ReadSome(std::span<char> into) = 0;
  // Writes both to the end. `patience` counts anew whenever the peer took something.
  virtual Awaitable<IoCount> Write(std::string_view first, std::string_view second,
                                   std::chrono::milliseconds patience) = 0;
  // TLS only: server side, or client side for `host` (SNI; checked by the context's settings).
  virtual Awaitable<boost::system::error_code> HandshakeAsServer() = 0;
  virtual Awaitable<boost::system::error_code> HandshakeAsClient(std::string host) = 0;
  // TLS: sends the goodbye, within `patience`; curl and OpenSSL take its lack for a cut.
  virtual Awaitable<void> SayGoodbye(std::chrono::milliseconds patience) = 0;
  void Close();
  // As Close, but the peer cannot take what it got for the whole: TCP is reset, TLS not ended.
  void Abort();
  virtual bool secure() const = 0;
  // The SSL* beneath, null when plain.
  virtual void* native_tls() { return nullptr; }

  // What is pending at that time ends with operation_aborted, and timed_out() tells why. A deadline
  // may be moved as often as one likes: the timer beneath is armed only when it has to be.
  void ExpireAfter(std::chrono::milliseconds duration);
  void NeverExpire();
  bool timed_out() const;

  Socket& socket() { return socket_; }
  // Kept as long as the stream: who holds others wants to know how long it lives.
  void set_token(std::shared_ptr<const void> token) { token_ = std::move(token); }
  const std::shared_ptr<const void>& token() const { return token_; }
  // The peer closed its side, or all of it is gone, whatever else is still unread.
  bool PeerLeft();

 protected:
  explicit Stream(Socket socket);

  Socket socket_;

 private:
  struct Deadline;
  std::shared_ptr<Deadline> deadline_;
  std::shared_ptr<const void> token_;
};

}  // namespace meerkat::net
