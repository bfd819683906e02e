#include "server/discovery/kubernetes_watch.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace meerkat::discovery {

Result<KubernetesPage> ParseKubernetesPage(std::string_view body) {
  Json list = Json::parse(body, nullptr, false);
  if (!list.is_object()) return Error(Code::kInvalid, "the answer is not valid JSON");
  KubernetesPage page;
  const Json& metadata = Member(list, "metadata");
  page.version = Text(metadata, "resourceVersion");
  page.next = Text(metadata, "continue");
  if (page.version.empty() && page.next.empty()) {
    return Error(Code::kInvalid, "the answer is no list: it has no resourceVersion");
  }
  const auto items = list.find("items");
  if (items == list.end() || !items->is_array()) return page;
  for (Json& item : *items) {
    if (Text(Member(item, "metadata"), "name").empty()) continue;
    std::string key = KubernetesKey(item);
    TrimKubernetesObject(item);
    page.objects[std::move(key)] = std::make_shared<const Json>(std::move(item));
  }
  return page;
}

void KubernetesFeed::TakeList(KubernetesStore objects, std::string version) {
  objects_ = std::move(objects);
  version_ = std::move(version);
  listed_ = true;
}

void KubernetesFeed::TakePiece(std::string_view piece, const std::function<void(Event)>& on_event) {
  // A single object is at most a few megabytes; a line beyond is no event.
  constexpr std::size_t kLongest = 16 << 20;
  while (!piece.empty() && !version_.empty()) {
    const std::size_t end = piece.find('\n');
    partial_ += piece.substr(0, end);
    if (end == std::string_view::npos) {
      if (partial_.size() > kLongest) ListAgain();
      return;
    }
    piece.remove_prefix(end + 1);
    if (!partial_.empty()) TakeLine(partial_, on_event);
    partial_.clear();
  }
}

void KubernetesFeed::TakeLine(std::string_view line, const std::function<void(Event)>& on_event) {
  Json event = Json::parse(line, nullptr, false);
  const std::string type = Text(event, "type");
  const Json& metadata = Member(Member(event, "object"), "metadata");
  const std::string version = Text(metadata, "resourceVersion");
  if (type == "BOOKMARK" && !version.empty()) {
    version_ = version;
    return;
  }
  const bool change = type == "ADDED" || type == "MODIFIED" || type == "DELETED";
  // An ERROR says most often that the version is too old. An event passed over would be missing
  // until the object changes again, so what cannot be understood is listed again, too.
  if (!change || version.empty() || Text(metadata, "name").empty()) return ListAgain();
  version_ = version;
  Json& object = event["object"];
  const std::string key = KubernetesKey(object);
  if (type == "DELETED") {
    objects_.erase(key);
    return on_event(Event::kDelete);
  }
  TrimKubernetesObject(object);
  objects_[key] = std::make_shared<const Json>(std::move(object));
  on_event(type == "ADDED" ? Event::kAdd : Event::kUpdate);
}

}  // namespace meerkat::discovery
