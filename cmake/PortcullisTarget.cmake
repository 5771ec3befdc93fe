# portcullis_room(<room> SOURCES <file>... [DEPENDS <room>...] [LINKS <target>...] [PRIVATE_LINKS <target>...])
#   A static library portcullis_<room>, alias portcullis::<room>; DEPENDS names rooms and is checked by Layering.cmake;
#   LINKS are third-party targets that the room's headers need, PRIVATE_LINKS those that only its sources need.
# portcullis_driver(<name> ...)    the same for drivers/; the target is portcullis::driver_<name>.
# portcullis_program(<name> COMPONENT <c> SOURCES ... DEPENDS ... [LINKS ...])   an installed program.
# portcullis_test(<name> SOURCES ... DEPENDS ... [LINKS ...] [TIMEOUT <s>] [LABELS <l>...])   a doctest program, one ctest entry a case.
# portcullis_test_over_postgresql(<name> [ARGUMENT...])   the same program once more, one entry, with the collector's store in a PostgreSQL
#   server; arguments choose its cases.

function(portcullis_library name room_kind)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;LINKS;PRIVATE_LINKS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "target '${name}': unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  portcullis_check_room(${room_kind} ${arg_DEPENDS})
  add_library(portcullis_${name} STATIC ${arg_SOURCES})
  add_library(portcullis::${name} ALIAS portcullis_${name})
  set_target_properties(portcullis_${name} PROPERTIES PORTCULLIS_DEPENDS "${arg_DEPENDS}")
  target_include_directories(portcullis_${name} PUBLIC "${PROJECT_SOURCE_DIR}/firmware" "${PROJECT_SOURCE_DIR}")
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(portcullis_${name}
    PUBLIC ${arg_DEPENDS} ${arg_LINKS} PRIVATE portcullis::flags ${arg_PRIVATE_LINKS})
  portcullis_precompile(portcullis_${name} library)
endfunction()

function(portcullis_room name)
  portcullis_library(${name} ${name} ${ARGN})
endfunction()

function(portcullis_driver name)
  portcullis_library(driver_${name} driver ${ARGN})
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

function(portcullis_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPENDS;LINKS;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(PORTCULLIS_SANITIZE STREQUAL "thread")
    math(EXPR arg_TIMEOUT "4 * ${arg_TIMEOUT}")  # ThreadSanitizer runs ten times as long
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  set_target_properties(test_${name} PROPERTIES PORTCULLIS_TEST ON)  # Warnings.cmake
  list(TRANSFORM arg_DEPENDS PREPEND portcullis::)
  target_link_libraries(test_${name} PRIVATE portcullis::flags portcullis_test_main ${arg_DEPENDS} ${arg_LINKS})
  target_include_directories(test_${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  portcullis_precompile(test_${name} test)
  target_compile_definitions(test_${name} PRIVATE
    PORTCULLIS_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PORTCULLIS_BIN_DIR="${PROJECT_BINARY_DIR}/bin")
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
