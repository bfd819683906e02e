#pragma once

namespace meerkat {

// Makes glibc's allocator hand the end of each arena back to the system as soon as more than
// 256 kB of it are free; left alone it keeps up to 64 MB there, for each thread that ever held so
// much, and malloc_trim() does not reach it. For a program's main(), before there are threads.
void ReturnFreedMemory();

}  // namespace meerkat
