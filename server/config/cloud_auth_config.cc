#include "server/config/cloud_auth_config.h"

#include <algorithm>
#include <array>

#include "base/quote.h"

namespace meerkat::config {
namespace {

using remote::AzureAdConfig;

bool IsAlphaNumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// 8-4-4-4-12 hexadecimal digits; in braces or after "urn:uuid:", or without the dashes, as
// upstream's reader takes them.
bool IsUuid(std::string_view text) {
  if (text.starts_with("urn:uuid:")) text.remove_prefix(9);
  if (text.size() == 38 && text.front() == '{') text = text.substr(1, 36);
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  if (text.size() == 32) return std::ranges::all_of(text, is_hex);
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// A client or tenant; `what` as the messages call its owner: "Azure OAuth".
void CheckClient(Fields& fields, const std::string& id, const std::string& what) {
  if (id.empty()) {
    return fields.Fail("client_id",
                       "must provide an " + what + " client_id in the Azure AD config");
  }
  if (!IsUuid(id)) fields.Fail("client_id", "the provided " + what + " client_id is invalid");
}

void CheckTenant(Fields& fields, const std::string& id, const std::string& what, bool needed) {
  if (id.empty()) {
    if (!needed) return;
    return fields.Fail("tenant_id",
                       "must provide an " + what + " tenant_id in the Azure AD config");
  }
  const bool valid =
      std::ranges::all_of(id, [](char c) { return IsAlphaNumeric(c) || c == '-' || c == '.'; });
  if (!valid) fields.Fail("tenant_id", "the provided " + what + " tenant_id is invalid");
}

bool IsScope(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return IsAlphaNumeric(c) ||
           std::string_view("_ \t\n\r\f:/.-").find(c) != std::string_view::npos;
  });
}

void OneIdentity(Fields& fields, const AzureAdConfig& config) {
  const std::array<std::pair<std::string_view, bool>, 5> ways = {{
      {"managed_identity", config.managed_identity.has_value()},
      {"workload_identity", config.workload_identity.has_value()},
      {"oauth", config.oauth.has_value()},
      {"sdk", config.sdk.has_value()},
      {"certificate", config.certificate.has_value()},
  }};
  std::string_view first;
  for (const auto& [key, given] : ways) {
    if (!given) continue;
    if (!first.empty()) {
      return fields.Fail(key, "cannot provide both " + std::string(first) + " and " +
                                  std::string(key) + " in the Azure AD config");
    }
    first = key;
  }
  if (first.empty()) {
    fields.Fail("",
                "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth "
                "or Azure SDK in the Azure AD config");
  }
}

}  // namespace

void SigV4Fields(Fields& fields, remote::SigV4Config& config) {
  fields.Field("region", config.region);
  fields.Field("access_key", config.access_key);
  fields.Field("secret_key", config.secret_key);
  fields.Field("profile", config.profile);
  fields.Field("role_arn", config.role_arn);
  fields.Field("external_id", config.external_id);
  fields.Field("use_fips_sts_endpoint", config.use_fips_sts_endpoint);
  fields.Field("service_name", config.service_name);
  if (config.access_key.empty() != config.secret_key.empty()) {
    fields.Fail(config.access_key.empty() ? "secret_key" : "access_key",
                "must provide a AWS SigV4 Access key and Secret Key if credentials are specified "
                "in the SigV4 config");
  }
}

void AzureAdFields(Fields& fields, AzureAdConfig& config) {
  fields.OptionalBlock<remote::AzureManagedIdentity>(
      "managed_identity", config.managed_identity, [](Fields& block, auto& identity) {
        block.Field("client_id", identity.client_id);
        // Without one it is the identity that the system assigned.
        if (!identity.client_id.empty()) {
          CheckClient(block, identity.client_id, "Azure Managed Identity");
        }
      });
  fields.OptionalBlock<remote::AzureWorkloadIdentity>(
      "workload_identity", config.workload_identity, [](Fields& block, auto& identity) {
        block.Field("client_id", identity.client_id);
        block.Field("tenant_id", identity.tenant_id);
        block.Field("token_file_path", identity.token_file_path);
        CheckClient(block, identity.client_id, "Azure Workload Identity");
        CheckTenant(block, identity.tenant_id, "Azure Workload Identity", true);
      });
  fields.OptionalBlock<remote::AzureOauth>("oauth", config.oauth, [](Fields& block, auto& oauth) {
    block.Field("client_id", oauth.client_id);
    block.Field("client_secret", oauth.client_secret);
    block.Field("tenant_id", oauth.tenant_id);
    CheckClient(block, oauth.client_id, "Azure OAuth");
    if (oauth.client_secret.empty()) {
      block.Fail("client_secret",
                 "must provide an Azure OAuth client_secret in the Azure AD config");
    }
    CheckTenant(block, oauth.tenant_id, "Azure OAuth", true);
  });
  fields.OptionalBlock<remote::AzureSdk>("sdk", config.sdk, [](Fields& block, auto& sdk) {
    block.Field("tenant_id", sdk.tenant_id);
    CheckTenant(block, sdk.tenant_id, "Azure SDK", false);
  });
  fields.OptionalBlock<remote::AzureCertificate>(
      "certificate", config.certificate, [](Fields& block, auto& certificate) {
        block.Field("client_id", certificate.client_id);
        block.Field("tenant_id", certificate.tenant_id);
        block.Path("certificate_path", certificate.certificate_path);
        block.Field("certificate_password", certificate.certificate_password);
        block.Field("send_certificate_chain", certificate.send_certificate_chain);
        CheckClient(block, certificate.client_id, "Azure Certificate");
        CheckTenant(block, certificate.tenant_id, "Azure Certificate", true);
      });
  if (fields.reading()) config.cloud.clear();
  fields.Field("cloud", config.cloud);
  if (config.cloud.empty()) config.cloud = "AzurePublic";
  fields.Field("scope", config.scope);

  constexpr std::string_view kClouds[] = {"AzureChina", "AzureGovernment", "AzurePublic"};
  if (std::ranges::find(kClouds, config.cloud) == std::end(kClouds)) {
    fields.Fail("cloud",
                "must provide a cloud in the Azure AD config: one of AzureChina, "
                "AzureGovernment and AzurePublic, not " +
                    Quote(config.cloud));
  }
  OneIdentity(fields, config);
  if (!IsScope(config.scope)) {
    fields.Fail("scope", "the provided scope contains invalid characters");
  }
}

void GoogleIamFields(Fields& fields, remote::GoogleIamConfig& config) {
  fields.Field("credentials_file", config.credentials_file);
}

}  // namespace meerkat::config
