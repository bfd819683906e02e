#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "alerting/message.h"
#include "server/net/http_client.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::notify {

// Delivers the alert manager's messages over HTTP and SMTP, with one client for each http_config of
// a configuration; a reload makes a new Transport. Threads: any. Messages under way outlive it.
class Transport : public alerting::Transport {
 public:
  // `blocking` reads files and resolves names, `answers` runs the callbacks (which wait for the
  // alert manager's lock). All three outlive every message.
  Transport(net::IoThread& io, net::ThreadPool& blocking, net::ThreadPool& answers,
            const std::vector<net::HttpClientConfig>& clients);

  void Send(alerting::Message message,
            std::function<void(Result<alerting::HttpResponse>)> done) override;

 private:
  struct Client {
    std::shared_ptr<net::HttpClient> http;
    net::TlsConfig tls;  // for e-mail
  };

  net::IoThread& io_;
  net::ThreadPool& blocking_;
  net::ThreadPool& answers_;
  std::vector<Client> clients_;
};

// The content of a file without surrounding white space: the alert manager's SecretReader.
Result<std::string> ReadSecretFile(const std::string& path);

}  // namespace meerkat::notify
