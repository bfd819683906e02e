#include "server/net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <utility>
#include <vector>

#include "base/quote.h"

namespace meerkat::net {

namespace ssl = boost::asio::ssl;

namespace {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* p) const { Free(p); }
};
using Bio = std::unique_ptr<BIO, Freer<BIO, BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;

Bio Memory(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int Number(TlsVersion version) {
  switch (version) {
    case TlsVersion::kTls10:
      return TLS1_VERSION;
    case TlsVersion::kTls11:
      return TLS1_1_VERSION;
    case TlsVersion::kTls12:
      return TLS1_2_VERSION;
    case TlsVersion::kTls13:
      return TLS1_3_VERSION;
    case TlsVersion::kDefault:
      break;
  }
  return 0;
}

void LimitVersions(SSL_CTX* context, TlsVersion min, TlsVersion max) {
  const int lowest = min == TlsVersion::kDefault ? TLS1_2_VERSION : Number(min);
  // OpenSSL's default security level refuses what the user has asked for by name.
  if (lowest < TLS1_2_VERSION) SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, Number(max));
}

std::vector<Certificate> ParseCertificates(const std::string& pem) {
  std::vector<Certificate> chain;
  const Bio bio = Memory(pem);
  while (X509* one = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(one);
  }
  ERR_clear_error();
  return chain;
}

bool TrustAll(SSL_CTX* context, const std::string& pem) {
  const auto authorities = ParseCertificates(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Certificate& authority : authorities) X509_STORE_add_cert(store, authority.get());
  ERR_clear_error();
  return !authorities.empty();
}

// The pair of certificate chain and key. `where` names them in messages.
Result<> UseKeyPair(SSL_CTX* context, const std::string& cert, const std::string& key,
                    const std::string& where) {
  const auto fail = [&where](std::string_view why) {
    ERR_clear_error();
    return Error(Code::kInvalid, where + std::string(why));
  };
  auto chain = ParseCertificates(cert);
  if (chain.empty()) return fail("tls: failed to find any PEM data in certificate input");
  const Bio bio = Memory(key);
  const Key private_key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!private_key) return fail("tls: failed to find any PEM data in key input");
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) {
    return fail("tls: failed to parse certificate");
  }
  SSL_CTX_clear_chain_certs(context);
  for (std::size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, chain[i].get());
  }
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return fail("tls: private key does not match public key");
  }
  return {};
}

Result<std::string> TextOrFile(const std::string& text, const std::string& file) {
  if (file.empty()) return text;
  return ReadFile(file);
}

// Keeps the parts apart, so that no two configurations give one key.
void AppendPart(std::string& key, std::string_view part) {
  key += std::to_string(part.size());
  key += ':';
  key += part;
}

std::string CipherList(const std::vector<std::string>& names) {
  std::string list;
  for (std::string name : names) {
    if (name.ends_with("_POLY1305")) name += "_SHA256";
    const char* known = OPENSSL_cipher_name(name.c_str());
    if (known == nullptr || std::strcmp(known, "(NONE)") == 0) continue;
    if (!list.empty()) list += ':';
    list += known;
  }
  return list;
}

std::string GroupList(const std::vector<std::string>& curves) {
  std::string list;
  for (const std::string& curve : curves) {
    const std::string_view name = curve == "CurveP256"   ? "P-256"
                                  : curve == "CurveP384" ? "P-384"
                                  : curve == "CurveP521" ? "P-521"
                                  : curve == "X25519"    ? "X25519"
                                                         : "";
    if (name.empty()) continue;
    if (!list.empty()) list += ':';
    list += name;
  }
  return list;
}

std::vector<std::string> NamesOf(X509* certificate) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    const ASN1_STRING* text = nullptr;
    if (name->type == GEN_DNS) text = name->d.dNSName;
    if (name->type == GEN_EMAIL) text = name->d.rfc822Name;
    if (name->type == GEN_URI) text = name->d.uniformResourceIdentifier;
    if (text != nullptr) {
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                         static_cast<std::size_t>(ASN1_STRING_length(text)));
    } else if (name->type == GEN_IPADD) {
      char printed[INET6_ADDRSTRLEN] = {};
      const bool v4 = ASN1_STRING_length(name->d.iPAddress) == 4;
      inet_ntop(v4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress), printed,
                sizeof(printed));
      names.emplace_back(printed);
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

// Where a connection keeps the names of the certificate it refused: after a failed handshake
// OpenSSL no longer tells the peer's certificate.
int RefusedNamesIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* names, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(names);
      });
  return index;
}

int NoteRefusedNames(int good, X509_STORE_CTX* chain) {
  const int verdict = X509_STORE_CTX_get_error(chain);
  if (good == 1 ||
      (verdict != X509_V_ERR_HOSTNAME_MISMATCH && verdict != X509_V_ERR_IP_ADDRESS_MISMATCH)) {
    return good;
  }
  SSL* tls =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto names = std::make_unique<std::string>();
  for (const std::string& name : NamesOf(X509_STORE_CTX_get_current_cert(chain))) {
    *names += (names->empty() ? "" : ", ") + name;
  }
  delete static_cast<std::string*>(SSL_get_ex_data(tls, RefusedNamesIndex()));
  SSL_set_ex_data(tls, RefusedNamesIndex(), names.release());
  return good;
}

bool IsAddress(const std::string& host) {
  unsigned char room[16];
  return inet_pton(AF_INET, host.c_str(), room) == 1 ||
         inet_pton(AF_INET6, host.c_str(), room) == 1;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text;
  if (in) text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  if (!in || in.bad()) {
    std::string why = std::strerror(errno == 0 ? EIO : errno);
    why[0] = static_cast<char>(why[0] | 0x20);
    return Error(Code::kUnavailable, "open " + path + ": " + why);
  }
  return text;
}

Result<std::string> Read(const SecretSource& source) {
  if (source.file.empty()) return source.value.Reveal();
  auto text = ReadFile(source.file);
  if (text) {
    while (!text->empty() && std::strchr(" \t\r\n\v\f", text->back()) != nullptr) text->pop_back();
  }
  return text;
}

Result<TlsContext> ClientTls::Current() {
  auto ca = TextOrFile(config_.ca, config_.ca_file);
  if (!ca) return std::move(ca).error().Within("unable to read CA cert");
  auto cert = TextOrFile(config_.cert, config_.cert_file);
  if (!cert) return std::move(cert).error().Within("unable to read specified client cert");
  auto key = config_.key.file.empty() ? Result<std::string>(config_.key.value.Reveal())
                                      : ReadFile(config_.key.file);
  if (!key) return std::move(key).error().Within("unable to read specified client key");
  std::string from;
  AppendPart(from, *ca);
  AppendPart(from, *cert);
  AppendPart(from, *key);
  if (context_ != nullptr && from == made_from_) return context_;

  auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* context = made->native_handle();
  LimitVersions(context, config_.min_version, config_.max_version);
  if (!ca->empty()) {
    if (!TrustAll(context, *ca)) {
      return Error(Code::kInvalid, "unable to use specified CA cert " +
                                       (config_.ca_file.empty() ? "inline" : config_.ca_file));
    }
  } else if (!config_.insecure_skip_verify) {
    SSL_CTX_set_default_verify_paths(context);
    ERR_clear_error();
  }
  if (!cert->empty()) {
    auto used = UseKeyPair(context, *cert, *key,
                           "unable to use specified client cert (" + config_.cert_file +
                               ") & key (" + config_.key.file + "): ");
    if (!used) return std::move(used).error();
  }
  SSL_CTX_set_verify(context, config_.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     nullptr);
  context_ = std::move(made);
  made_from_ = std::move(from);
  return context_;
}

// Takes the one protocol we speak from what a client offers. RFC 7301: none in common is a refusal.
static int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                          const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kSpoken[] = "\x08http/1.1";
  unsigned char* match = nullptr;
  const int found = SSL_select_next_proto(&match, chosen_size, kSpoken, sizeof(kSpoken) - 1,
                                          offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

Result<TlsContext> ServerTls::Current(const WebTlsConfig& config) {
  auto cert = TextOrFile(config.cert, config.cert_file);
  if (!cert) {
    return std::move(cert).error().Within("failed to read cert_file (" + config.cert_file + ")");
  }
  auto key = config.key.file.empty() ? Result<std::string>(config.key.value.Reveal())
                                     : ReadFile(config.key.file);
  if (!key) {
    return std::move(key).error().Within("failed to read key_file (" + config.key.file + ")");
  }
  auto ca = TextOrFile(config.client_ca, config.client_ca_file);
  if (!ca) return std::move(ca).error();
  std::string from;
  for (const std::string& part : {*cert, *key, *ca}) AppendPart(from, part);
  for (const auto* list :
       {&config.client_allowed_sans, &config.cipher_suites, &config.curve_preferences}) {
    AppendPart(from, std::to_string(list->size()));
    for (const std::string& name : *list) AppendPart(from, name);
  }
  for (const int number :
       {static_cast<int>(config.client_auth), static_cast<int>(config.min_version),
        static_cast<int>(config.max_version), config.prefer_server_cipher_suites ? 1 : 0}) {
    AppendPart(from, std::to_string(number));
  }
  if (context_ != nullptr && from == made_from_) return context_;

  auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* context = made->native_handle();
  LimitVersions(context, config.min_version, config.max_version);
  auto used = UseKeyPair(context, *cert, *key, "failed to load X509KeyPair: ");
  if (!used) return std::move(used).error();
  if (config.prefer_server_cipher_suites) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  if (const std::string ciphers = CipherList(config.cipher_suites); !ciphers.empty()) {
    SSL_CTX_set_cipher_list(context, ciphers.c_str());
  }
  if (const std::string groups = GroupList(config.curve_preferences); !groups.empty()) {
    SSL_CTX_set1_groups_list(context, groups.c_str());
  }
  if (!ca->empty() && !TrustAll(context, *ca)) {
    return Error(Code::kInvalid, "unable to use specified client CA " + config.client_ca_file);
  }
  int verify = SSL_VERIFY_NONE;
  switch (config.client_auth) {
    case ClientAuth::kNone:
      break;
    case ClientAuth::kRequest:
    case ClientAuth::kVerifyIfGiven:
      verify = SSL_VERIFY_PEER;
      break;
    case ClientAuth::kRequireAny:
    case ClientAuth::kRequireAndVerify:
      verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
      break;
  }
  SSL_CTX_set_verify(context, verify, nullptr);
  const bool judge = config.client_auth == ClientAuth::kVerifyIfGiven ||
                     config.client_auth == ClientAuth::kRequireAndVerify;
  if (verify != SSL_VERIFY_NONE && (!judge || !config.client_allowed_sans.empty())) {
    made->set_verify_callback(
        [judge, allowed = config.client_allowed_sans](bool good, ssl::verify_context& chain) {
          if (!judge) return true;
          X509_STORE_CTX* store = chain.native_handle();
          if (!good || allowed.empty() || X509_STORE_CTX_get_error_depth(store) != 0) return good;
          for (const std::string& name : NamesOf(X509_STORE_CTX_get_current_cert(store))) {
            for (const std::string& wanted : allowed) {
              if (name == wanted) return true;
            }
          }
          X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // tells "bad certificate"
          return false;
        });
  }
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  // Without a name for where they come from, sessions of clients with certificates are refused.
  static constexpr std::string_view kSessions = "meerkat";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessions.data()),
                                 static_cast<unsigned>(kSessions.size()));
  context_ = std::move(made);
  made_from_ = std::move(from);
  return context_;
}

Result<> CheckWebTls(const WebTlsConfig& config) {
  ServerTls tls;
  auto context = tls.Current(config);
  if (!context) return std::move(context).error();
  return {};
}

void ExpectServer(void* handle, const std::string& host, bool insecure_skip_verify) {
  if (insecure_skip_verify) return;
  SSL_set_verify(static_cast<SSL*>(handle), SSL_VERIFY_PEER, NoteRefusedNames);
  X509_VERIFY_PARAM* expected = SSL_get0_param(static_cast<SSL*>(handle));
  if (IsAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(expected, host.c_str(), host.size());
  }
}

std::string HandshakeFailure(void* handle, const std::string& host, const std::string& fallback) {
  SSL* tls = static_cast<SSL*>(handle);
  const long verdict = SSL_get_verify_result(tls);
  if (verdict == X509_V_OK) return fallback;
  std::string why;
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const auto* names = static_cast<std::string*>(SSL_get_ex_data(tls, RefusedNamesIndex()));
      const std::string valid_for = names == nullptr ? "" : *names;
      why = valid_for.empty()
                ? "certificate is not valid for any names, but wanted to match " + host
                : "certificate is valid for " + valid_for + ", not " + host;
      break;
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      why = "certificate has expired or is not yet valid";
      break;
    default:
      why = "certificate signed by unknown authority";
      break;
  }
  return "tls: failed to verify certificate: x509: " + why;
}

}  // namespace meerkat::net
