#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/result.h"
#include "server/net/io.h"
#include "server/net/resolver.h"
#include "server/net/stream.h"

// Addresses to a connection; private to server/net.
namespace meerkat::net {

// Connects to the first address that answers within `budget`. Addresses of one family are tried
// one after the other, each with a fair part of the time; the other family starts 300 ms later, or
// as soon as the first has failed, and whoever is through first wins (RFC 8305), so that a family
// without a road costs next to nothing. Errors are those of the first address, as Go's: `dial tcp
// 127.0.0.1:1: connect: connection refused`.
Awaitable<Result<std::unique_ptr<Stream>>> Dial(IoThread& io, std::vector<Address> addresses,
                                                std::chrono::milliseconds budget);

}  // namespace meerkat::net
