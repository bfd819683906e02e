#include "server/net/kept_part.h"

#include <sys/mman.h>

#include <cstring>

namespace meerkat::net {

Result<KeptPart> KeptPart::Copy(std::string_view bytes) {
  void* const pages =
      mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) return Error(Code::kUnavailable, "out of memory");
  std::memcpy(pages, bytes.data(), bytes.size());
  return KeptPart(pages, bytes.size());
}

KeptPart::~KeptPart() {
  if (begin_ != nullptr) munmap(begin_, size_);
}

}  // namespace meerkat::net
