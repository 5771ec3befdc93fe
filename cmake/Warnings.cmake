# One INTERFACE target carries every flag; rooms, drivers, programs and tests link it privately.
add_library(portcullis_flags INTERFACE)
add_library(portcullis::flags ALIAS portcullis_flags)
target_compile_features(portcullis_flags INTERFACE cxx_std_20)
# clang builds the fuzz targets only, and warns of other things.
target_compile_options(portcullis_flags INTERFACE
  -Wall -Wextra -Wconversion -Wold-style-cast -Wsuggest-override -Wshadow $<$<CXX_COMPILER_ID:GNU>:-Werror>
  -fstack-protector-strong -fno-omit-frame-pointer)
# Hardening costs under 1 % here and is checked by the process-wall test (RELRO, PIE).
target_link_options(portcullis_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PORTCULLIS_SANITIZE)
  target_compile_definitions(portcullis_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()

if(PORTCULLIS_SANITIZE)
  # GCC 12 reports false -Wmaybe-uninitialized in std headers once sanitizers change inlining.
  target_compile_options(portcullis_flags INTERFACE
    -fsanitize=${PORTCULLIS_SANITIZE} -fno-sanitize-recover=all -O1
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(portcullis_flags INTERFACE -fsanitize=${PORTCULLIS_SANITIZE})
endif()

if(PORTCULLIS_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PORTCULLIS_FUZZ needs clang's libFuzzer; use tests/fuzz/run, or the preset fuzz")
  endif()
  # Every room counts which edges an input takes; only the fuzz targets get libFuzzer's main.
  target_compile_options(portcullis_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(PORTCULLIS_COVERAGE)
  # atomic: the daemons' threads count the same lines
  target_compile_options(portcullis_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(portcullis_flags INTERFACE --coverage)
endif()
