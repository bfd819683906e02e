#include "server/dashboards/grafana_provisioning.h"

#include <gtest/gtest.h>

#include <fstream>

namespace meerkat::server {
namespace {

TEST(GrafanaProvisioning, ReadsProvidersAsGrafanaWritesThem) {
  const auto folders = ReadDashboardProviders("p.yml", R"(
apiVersion: 1
providers:
  - name: default
    orgId: 1
    folder: Services
    type: file
    disableDeletion: false
    updateIntervalSeconds: 30
    options:
      path: /var/lib/grafana/dashboards
  - name: tree
    options: {path: tree, foldersFromFilesStructure: true}
)",
                                              "/etc/x");
  ASSERT_TRUE(folders.ok()) << folders.error().message();
  ASSERT_EQ(folders->size(), 2U);
  EXPECT_EQ((*folders)[0].path, "/var/lib/grafana/dashboards");
  EXPECT_EQ((*folders)[0].folder, "Services");
  EXPECT_EQ((*folders)[0].update_interval, std::chrono::seconds(30));
  EXPECT_FALSE((*folders)[0].folders_from_files_structure);
  EXPECT_EQ((*folders)[1].path, "/etc/x/tree");
  EXPECT_TRUE((*folders)[1].folders_from_files_structure);
}

TEST(GrafanaProvisioning, NamesThePlaceOfWhatItRefuses) {
  const auto none = ReadDashboardProviders("p.yml", "providers:\n  - name: x\n", "/");
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message().find("p.yml:2"), std::string::npos) << none.error().message();
  EXPECT_FALSE(
      ReadDashboardProviders("p.yml", "providers:\n  - {type: git, options: {path: x}}\n", "/")
          .ok());
  EXPECT_FALSE(DashboardFoldersAt("/no/such/folder").ok());
}

TEST(GrafanaProvisioning, AFolderBringsTheProvidersOfItsYamlFiles) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "provisioned";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "p.yaml") << "providers: [{folder: F, options: {path: more}}]\n";
  const auto folders = DashboardFoldersAt(folder);
  ASSERT_TRUE(folders.ok()) << folders.error().message();
  ASSERT_EQ(folders->size(), 2U);
  EXPECT_EQ((*folders)[0].path, folder);
  EXPECT_EQ((*folders)[1].path, folder / "more");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace meerkat::server
