# portcullis_room(<room> SOURCES <file>... [DEPENDS <room>...] [LINKS <target>...] [PRIVATE_LINKS <target>...])
#   A static library portcullis_<room>, alias portcullis::<room>; DEPENDS names rooms and is checked by Layering.cmake;
#   LINKS are third-party targets that the room's headers need, PRIVATE_LINKS those that only its sources need.
# portcullis_driver(<name> ...)    the same for drivers/; the target is portcullis::driver_<name>.
# portcullis_program(<name> COMPONENT <c> SOURCES ... DEPENDS ... [LINKS ...])   an installed program.
# portcullis_program_part(<name> ...)   a static library, portcullis::<name>, of a program's own sources, so that its tests link what is shipped.
# portcullis_fixture(<name> SOURCES ... [DEPENDS ...] [LINKS ...])   what several test programs share, compiled once: fixture_<name> for their
#   LINKS. All its objects are linked, those too that stand in for calls of the system. PLAIN: for programs that are no doctest programs.
# portcullis_test(<name> SOURCES ... DEPENDS ... [LINKS ...] [TIMEOUT <s>] [LABELS <l>...])   a doctest program, one ctest entry a case.
# portcullis_test_over_postgresql(<name> [ARGUMENT...])   the same program once more, one entry, with the collector's store in a PostgreSQL
#   server; arguments choose its cases.

function(portcullis_static_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "target '${name}': unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  add_library(portcullis_${name} STATIC ${arg_SOURCES})
  add_library(portcullis::${name} ALIAS portcullis_${name})
  set_target_properties(portcullis_${name} PROPERTIES PORTCULLIS_DEPENDS "${arg_DEPENDS}")
  target_include_directories(portcullis_${name} PUBLIC "${PROJECT_SOURCE_DIR}/firmware" "${PROJECT_SOURCE_DIR}")
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(portcullis_${name}
    PUBLIC ${arg_DEPENDS} ${arg_LINKS} PRIVATE portcullis::flags ${arg_PRIVATE_LINKS})
endfunction()

function(portcullis_library name room_kind)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS" ${ARGN})
  portcullis_check_room(${room_kind} ${arg_DEPENDS})
  portcullis_static_library(${name} ${ARGN})
  portcullis_precompile(portcullis_${name} library)
endfunction()

function(portcullis_room name)
  portcullis_library(${name} ${name} ${ARGN})
endfunction()

function(portcullis_driver name)
  portcullis_library(driver_${name} driver ${ARGN})
endfunction()

# Compiled as programs are, not as a library that could become a shared one.
function(portcullis_in_programs target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIE)
endfunction()

function(portcullis_program_part name)
  portcullis_static_library(${name} ${ARGN})
  target_compile_definitions(portcullis_${name} PRIVATE PORTCULLIS_VERSION="${PROJECT_VERSION}")
  set_target_properties(portcullis_${name} PROPERTIES PORTCULLIS_PROGRAM ON)
  portcullis_in_programs(portcullis_${name})
  portcullis_precompile(portcullis_${name} program)
endfunction()

function(portcullis_program name)
  cmake_parse_arguments(arg "" "COMPONENT" "SOURCES;DEPENDS;LINKS" ${ARGN})
  portcullis_check_program(${name} ${arg_DEPENDS})
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(${name} PRIVATE portcullis::flags ${arg_DEPENDS} ${arg_LINKS})
  target_compile_definitions(${name} PRIVATE PORTCULLIS_VERSION="${PROJECT_VERSION}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin" PORTCULLIS_PROGRAM ON)
  portcullis_precompile(${name} program)
  install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT ${arg_COMPONENT})
endfunction()

# What test programs and fixtures have in common.
function(portcullis_for_tests target)
  set_target_properties(${target} PROPERTIES PORTCULLIS_TEST ON)  # Warnings.cmake
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  portcullis_precompile(${target} test)
  target_compile_definitions(${target} PRIVATE
    PORTCULLIS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PORTCULLIS_BIN_DIR="${PROJECT_BINARY_DIR}/bin")
endfunction()

function(portcullis_fixture name)
  cmake_parse_arguments(arg "PLAIN" "" "SOURCES;DEPENDS;LINKS" ${ARGN})
  add_library(fixture_${name} OBJECT ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(fixture_${name} PRIVATE portcullis::flags doctest::doctest ${arg_DEPENDS} ${arg_LINKS})
  portcullis_in_programs(fixture_${name})
  portcullis_for_tests(fixture_${name})
  if(arg_PLAIN)
    set_target_properties(fixture_${name} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

function(portcullis_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LINKS;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(PORTCULLIS_SANITIZE STREQUAL "thread")
    math(EXPR arg_TIMEOUT "4 * ${arg_TIMEOUT}")  # ThreadSanitizer runs ten times as long
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(test_${name} PRIVATE portcullis::flags portcullis_test_main ${arg_DEPENDS} ${arg_LINKS})
  portcullis_for_tests(test_${name})
  set(properties)
  if(arg_LABELS)
    set(properties LABELS ${arg_LABELS})
  endif()
  if(arg_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT ${arg_ENVIRONMENT})
  endif()
  # One ctest entry a case: its name is the behaviour. A case that prints "SKIPPED:" is shown as skipped, never as passed.
  doctest_discover_tests(test_${name} TEST_PREFIX "${name}:"
    PROPERTIES TIMEOUT ${arg_TIMEOUT} SKIP_REGULAR_EXPRESSION "SKIPPED:" ${properties})
endfunction()

function(portcullis_test_over_postgresql name)
  add_test(NAME "${name}:the same over PostgreSQL" COMMAND test_${name} ${ARGN})
  set_tests_properties("${name}:the same over PostgreSQL" PROPERTIES
    ENVIRONMENT PORTCULLIS_STORE=postgresql TIMEOUT 600 SKIP_REGULAR_EXPRESSION "SKIPPED:")
endfunction()
