#include "server/config/sd_file.h"

#include <map>

#include "server/config/prometheus_config.h"
#include "server/config/yaml_reader.h"

namespace meerkat::config {

Result<std::vector<discovery::TargetGroup>> ReadTargetFile(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text) return text.error();
  return ParseTargetFile(path, *text);
}

// JSON is YAML, and one strict reader with positions serves both.
Result<std::vector<discovery::TargetGroup>> ParseTargetFile(const std::string& path,
                                                            std::string_view text) {
  std::vector<discovery::TargetGroup> groups;
  const auto outcome = ReadYaml(path, text, [&](const YamlValue& top) {
    top.Each([&](const YamlValue& item) {
      if (item.is_null()) return item.Fail("nil target group item found");
      item.Block([&](YamlMap& map) {
        std::vector<std::string> targets;
        std::map<std::string, std::string> labels;
        map.Read("targets", targets);
        map.Read("labels", labels);
        discovery::TargetGroup group;
        for (const std::string& target : targets) {
          group.targets.push_back(Labels{{"__address__", target}});
        }
        labels["__meta_filepath"] = path;
        std::vector<Label> list;
        for (const auto& [name, value] : labels) {
          if (name.empty()) map.Fail("labels", "\"\" is not a valid label name");
          list.push_back({name, value});
        }
        group.labels = Labels::From(std::move(list));
        group.source = path + ":" + std::to_string(groups.size());
        groups.push_back(std::move(group));
      });
    });
  });
  if (!outcome) return outcome.error();
  return groups;
}

}  // namespace meerkat::config
