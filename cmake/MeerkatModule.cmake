# meerkat_module(NAME SOURCES a.cc … LINKS left_neighbour … PRIVATE third_party …)
# One static library per module. LINKS are the modules to its left, PRIVATE its third-party libraries.
function(meerkat_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC meerkat_flags ${ARG_LINKS} PRIVATE ${ARG_PRIVATE})
endfunction()

# meerkat_test(NAME SOURCES a_test.cc … LINKS module …): one executable per module, run as one ctest.
function(meerkat_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} dep_gtest)
  target_compile_options(${name} PRIVATE -Wno-conversion)
  target_compile_definitions(${name} PRIVATE MEERKAT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
endfunction()

# meerkat_fuzz(NAME SOURCE file LINKS module …): a libFuzzer target; tests replay its corpus.
function(meerkat_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE" "LINKS" ${ARGN})
  if(MEERKAT_FUZZ)
    add_executable(${name} ${ARG_SOURCE})
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} -fsanitize=fuzzer)
  endif()
endfunction()
