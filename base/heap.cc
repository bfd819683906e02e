#include "base/heap.h"

#include <malloc.h>

namespace meerkat {

void ReturnFreedMemory() {
  mallopt(M_TRIM_THRESHOLD, 256 << 10);
  // Setting the one ends the growing of the other: at its start of 128 kB each larger buffer would
  // cost a mapping of its own.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

}  // namespace meerkat
