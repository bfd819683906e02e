#include "server/dashboards/grafana_provisioning.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "server/config/yaml_reader.h"

namespace meerkat::server {
namespace {

namespace fs = std::filesystem;
using config::ReadYamlMap;
using config::YamlMap;
using config::YamlOptions;
using config::YamlValue;

bool IsYaml(const fs::path& path) {
  return path.extension() == ".yml" || path.extension() == ".yaml";
}

void ReadProvider(YamlMap& map, const fs::path& directory, std::vector<DashboardFolder>& folders) {
  DashboardFolder folder;
  folder.folders_from_files_structure = false;
  map.Read("folder", folder.folder);
  std::int64_t seconds = 10;
  map.Read("updateIntervalSeconds", seconds);
  folder.update_interval = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 1, 86'400));
  std::string type = "file";
  map.Read("type", type);
  if (type != "file")
    return map.Fail("type", "only providers of type file are supported, got \"" + type + "\"");
  std::string path;
  map.Block("options", [&](YamlMap& options) {
    options.Read("path", path);
    options.Read("foldersFromFilesStructure", folder.folders_from_files_structure);
  });
  if (path.empty()) return map.Fail("options", "the provider has no options.path");
  folder.path = fs::path(path).is_absolute() ? fs::path(path) : directory / path;
  folders.push_back(std::move(folder));
}

Result<std::vector<DashboardFolder>> ReadProviderFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error(Code::kInvalid, path.string() + ": cannot be read");
  return ReadDashboardProviders(path.string(), text.str(), path.parent_path());
}

}  // namespace

Result<std::vector<DashboardFolder>> ReadDashboardProviders(std::string_view file,
                                                            std::string_view text,
                                                            const fs::path& directory) {
  std::vector<DashboardFolder> folders;
  YamlOptions options;
  options.ignore_unknown_keys = true;
  const auto outcome = ReadYamlMap(
      file, text,
      [&](YamlMap& top) {
        top.Each("providers", [&](const YamlValue& item) {
          item.Block([&](YamlMap& provider) { ReadProvider(provider, directory, folders); });
        });
      },
      options);
  if (!outcome) return outcome.error();
  return folders;
}

Result<std::vector<DashboardFolder>> DashboardFoldersAt(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error) && IsYaml(path)) return ReadProviderFile(path);
  if (!fs::is_directory(path, error)) {
    return Error(Code::kInvalid,
                 path.string() + ": not a folder of dashboards and not a provisioning file");
  }
  std::vector<DashboardFolder> folders = {DashboardFolder{.path = path, .folder = {}}};
  std::vector<fs::path> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (IsYaml(at->path())) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    auto more = ReadProviderFile(file);
    if (!more) return more;
    std::move(more->begin(), more->end(), std::back_inserter(folders));
  }
  return folders;
}

}  // namespace meerkat::server
