# One INTERFACE target carries every flag; rooms, drivers, programs and tests link it privately.
add_library(portcullis_flags INTERFACE)
add_library(portcullis::flags ALIAS portcullis_flags)
target_compile_features(portcullis_flags INTERFACE cxx_std_20)
# clang builds the fuzz targets only, and warns of other things.
target_compile_options(portcullis_flags INTERFACE
  -Wall -Wextra -Wconversion -Wold-style-cast -Wsuggest-override -Wshadow $<$<CXX_COMPILER_ID:GNU>:-Werror>
  -fstack-protector-strong -fno-omit-frame-pointer)
# The process-wall test finds each of these in the programs.
target_link_options(portcullis_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
# What is shipped (rooms, drivers, programs; the root's CMakeLists.txt says where that ends) is hardened further.
define_property(TARGET PROPERTY PORTCULLIS_SHIPPED INITIALIZE_FROM_VARIABLE PORTCULLIS_SHIPPED)
set(portcullis_shipped "$<BOOL:$<TARGET_PROPERTY:PORTCULLIS_SHIPPED>>")
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT PORTCULLIS_SANITIZE)
  target_compile_definitions(portcullis_flags INTERFACE "$<${portcullis_shipped}:_FORTIFY_SOURCE=3>")
  target_compile_options(portcullis_flags INTERFACE
    "$<${portcullis_shipped}:-fstack-clash-protection;-ftrivial-auto-var-init=zero>")
  # The tests' own code need not be fast: compiling it is a third of a build. Benches and fixtures are a little.
  target_compile_options(portcullis_flags INTERFACE
    "$<$<NOT:${portcullis_shipped}>:$<IF:$<BOOL:$<TARGET_PROPERTY:PORTCULLIS_TEST>>,-O0,-O1>>")
  # Control-flow integrity as far as GCC gives it: indirect branches end at marked places only.
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(portcullis_flags INTERFACE "$<${portcullis_shipped}:-fcf-protection=full>")
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    target_compile_options(portcullis_flags INTERFACE "$<${portcullis_shipped}:-mbranch-protection=standard>")
  endif()
endif()
# Programs do not tell where they were built: the same source gives the same bytes in any folder.
target_compile_options(portcullis_flags INTERFACE "$<${portcullis_shipped}:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()

if(PORTCULLIS_SANITIZE)
  # Only rooms and drivers do work that takes time; optimising the programs' option parsing takes a minute of such a build.
  # -g1: traces need lines only, and full debug information takes a fifth of such a build.
  # GCC 12 reports false -Wmaybe-uninitialized in std headers once sanitizers change inlining.
  target_compile_options(portcullis_flags INTERFACE
    -fsanitize=${PORTCULLIS_SANITIZE} -fno-sanitize-recover=all -g1
    "$<IF:$<AND:${portcullis_shipped},$<NOT:$<BOOL:$<TARGET_PROPERTY:PORTCULLIS_PROGRAM>>>>,-O1,-O0>"
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(portcullis_flags INTERFACE -fsanitize=${PORTCULLIS_SANITIZE})
  # In the tests' own code addresses are checked, undefined behaviour in what is shipped: half of a test's object, two minutes.
  if(PORTCULLIS_SANITIZE MATCHES undefined)
    target_compile_options(portcullis_flags INTERFACE "$<$<NOT:${portcullis_shipped}>:-fno-sanitize=undefined>")
  endif()
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
