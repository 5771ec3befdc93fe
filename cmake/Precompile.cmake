# PORTCULLIS_PRECOMPILE: the standard library and fmt, in tests doctest too, are parsed once for each kind of target instead of once
# for each source. Off by default, for then every source must name what it includes, and compiler caches work; tests/run switches
# it on, since it builds from nothing. Optimised code is left out: GCC 12 warns falsely of std::string in it.
option(PORTCULLIS_PRECOMPILE "Parse the heavy headers once, for builds from nothing" OFF)

set(portcullis_heavy_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <condition_variable> <cstdint> <cstring> <filesystem> <fstream> <functional>
  <map> <memory> <mutex> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <variant> <vector>
  <fmt/format.h>)

# portcullis_precompile(<target> library|program|test)    targets of one kind are compiled with the same options
function(portcullis_precompile target kind)
  if(NOT PORTCULLIS_PRECOMPILE OR NOT (kind STREQUAL "test" OR PORTCULLIS_SANITIZE))
    return()
  endif()
  set(shared portcullis_headers_${kind})
  if(NOT TARGET ${shared})
    set(source "${PROJECT_BINARY_DIR}/${shared}.cpp")
    if(kind STREQUAL "program")
      file(CONFIGURE OUTPUT "${source}" CONTENT "int main() {}\n")
      add_executable(${shared} "${source}")
    else()
      file(CONFIGURE OUTPUT "${source}" CONTENT "")
      add_library(${shared} STATIC "${source}")
    endif()
    target_link_libraries(${shared} PRIVATE portcullis::flags fmt::fmt)
    target_precompile_headers(${shared} PRIVATE ${portcullis_heavy_headers})
    if(kind STREQUAL "program")
      set_target_properties(${shared} PROPERTIES PORTCULLIS_PROGRAM ON)
    elseif(kind STREQUAL "test")
      target_link_libraries(${shared} PRIVATE doctest::doctest)
      target_precompile_headers(${shared} PRIVATE <doctest/doctest.h>)
      portcullis_in_programs(${shared})
      set_target_properties(${shared} PROPERTIES PORTCULLIS_TEST ON)
    endif()
  endif()
  target_precompile_headers(${target} REUSE_FROM ${shared})
endfunction()
