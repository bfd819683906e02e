#include "server/setup/watch_list.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "server/setup/private_file.h"

namespace meerkat::setup {
namespace {

using Json = nlohmann::ordered_json;

// An array of groups, each with its targets; empty when there is no file.
Result<Json> ReadGroups(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Json::array();
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Json groups = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Error odd(Code::kInvalid, file.string() + " is no list of target groups");
  if (!groups.is_array()) return odd;
  for (const Json& group : groups) {
    if (!group.is_object() || !group.contains("targets") || !group["targets"].is_array())
      return odd;
    for (const Json& target : group["targets"]) {
      if (!target.is_string()) return odd;
    }
  }
  return groups;
}

// Whether it was there. A group that has no target left goes too.
bool Take(Json& groups, const std::string& address) {
  bool found = false;
  Json kept = Json::array();
  for (Json& group : groups) {
    Json targets = Json::array();
    for (const Json& target : group["targets"]) {
      if (target != address) targets.push_back(target);
    }
    const bool had = targets.size() < group["targets"].size();
    found |= had;
    if (had && targets.empty()) continue;
    group["targets"] = std::move(targets);
    kept.push_back(std::move(group));
  }
  groups = std::move(kept);
  return found;
}

}  // namespace

Result<std::vector<Watched>> WatchList::Read() const {
  MutexLock lock(mu_);
  const auto groups = ReadGroups(file_);
  if (!groups) return groups.error();
  std::vector<Watched> all;
  for (const Json& group : *groups) {
    const auto labels = group.find("labels");
    const bool named = labels != group.end() && labels->is_object() && labels->contains("job") &&
                       (*labels)["job"].is_string();
    for (const Json& target : group["targets"])
      all.push_back({named ? (*labels)["job"].get<std::string>() : "", target.get<std::string>()});
  }
  return all;
}

Result<> WatchList::Add(const Watched& target) {
  MutexLock lock(mu_);
  auto groups = ReadGroups(file_);
  if (!groups) return std::move(groups).error();
  Take(*groups, target.address);
  Json group;
  group["targets"] = Json::array({target.address});
  group["labels"]["job"] = target.job;
  groups->push_back(std::move(group));
  return ReplaceFile(file_, groups->dump() + "\n");
}

Result<> WatchList::Remove(const std::string& address) {
  MutexLock lock(mu_);
  auto groups = ReadGroups(file_);
  if (!groups) return std::move(groups).error();
  if (!Take(*groups, address)) return Error(Code::kNotFound, address + " was not added here");
  return ReplaceFile(file_, groups->dump() + "\n");
}

}  // namespace meerkat::setup
