#include "server/setup/watch_list.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "server/setup/private_file.h"

namespace meerkat::setup {

Result<std::vector<Watched>> WatchList::Read() const {
  MutexLock lock(mu_);
  return ReadLocked();
}

Result<std::vector<Watched>> WatchList::ReadLocked() const {
  std::vector<Watched> all;
  std::ifstream in(file_);
  if (!in) return all;
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto groups = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Error odd(Code::kInvalid, file_.string() + " is no list of target groups");
  if (!groups.is_array()) return odd;
  for (const auto& group : groups) {
    if (!group.is_object() || !group.contains("targets") || !group["targets"].is_array())
      return odd;
    std::string job;
    if (group.contains("labels") && group["labels"].is_object())
      job = group["labels"].value("job", "");
    for (const auto& target : group["targets"]) {
      if (!target.is_string()) return odd;
      all.push_back({job, target.get<std::string>()});
    }
  }
  return all;
}

Result<> WatchList::Add(const Watched& target) {
  MutexLock lock(mu_);
  auto all = ReadLocked();
  if (!all) return std::move(all).error();
  std::erase_if(*all, [&](const Watched& w) { return w.address == target.address; });
  all->push_back(target);
  return Write(*all);
}

Result<> WatchList::Remove(const std::string& address) {
  MutexLock lock(mu_);
  auto all = ReadLocked();
  if (!all) return std::move(all).error();
  if (std::erase_if(*all, [&](const Watched& w) { return w.address == address; }) == 0)
    return Error(Code::kNotFound, address + " was not added here");
  return Write(*all);
}

Result<> WatchList::Write(const std::vector<Watched>& all) const {
  std::string text;
  JsonWriter json(text);
  json.BeginArray();
  for (const Watched& target : all) {
    json.BeginObject().Key("targets").BeginArray().String(target.address).EndArray();
    json.Key("labels").BeginObject().Key("job").String(target.job).EndObject().EndObject();
  }
  json.EndArray();
  return ReplaceFile(file_, text + "\n");
}

}  // namespace meerkat::setup
