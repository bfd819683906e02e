# One interface target carries every compiler flag; nothing is set globally but the language level.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

find_program(CCACHE ccache)
if(CCACHE)
  # Several checkouts of the project share one cache: paths are made relative before hashing.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

set(MEERKAT_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, comma separated")

add_library(meerkat_flags INTERFACE)
target_include_directories(meerkat_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(meerkat_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Werror=return-type
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Wconversion -Wno-sign-conversion -Wno-implicit-int-float-conversion -Wno-deprecated-declarations>
  -fdata-sections -ffunction-sections -fno-math-errno)
# -ffp-contract=off: results must equal the reference to the last bit, so no fused multiply-add.
target_compile_options(meerkat_flags INTERFACE -ffp-contract=off)
if(MEERKAT_SANITIZE)
  target_compile_options(meerkat_flags INTERFACE -fsanitize=${MEERKAT_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=undefined)
  target_link_options(meerkat_flags INTERFACE -fsanitize=${MEERKAT_SANITIZE})
else()
  target_link_options(meerkat_flags INTERFACE -static-libgcc -static-libstdc++ -Wl,--gc-sections)
endif()
if(MEERKAT_FUZZ)
  target_compile_options(meerkat_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(MOLD mold)
if(MOLD)
  target_link_options(meerkat_flags INTERFACE -fuse-ld=mold)
endif()
