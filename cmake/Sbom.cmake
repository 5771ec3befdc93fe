# At the end of each `cmake --install` the bill of materials of what it installed is written beside it:
# share/doc/portcullis/portcullis-<component>.spdx.json (SPDX 2.3); without --component: portcullis-all.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
install(CODE "
  set(component \"\${CMAKE_INSTALL_COMPONENT}\")
  if(NOT component OR component STREQUAL \"Unspecified\")
    set(component all)
  endif()
  set(root \"\$ENV{DESTDIR}\")
  list(TRANSFORM CMAKE_INSTALL_MANIFEST_FILES PREPEND \"\${root}\" OUTPUT_VARIABLE files)
  set(bill \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/doc/portcullis/portcullis-\${component}.spdx.json\")
  execute_process(COMMAND \"${Python3_EXECUTABLE}\" \"${CMAKE_CURRENT_LIST_DIR}/sbom.py\" --component \${component}
    --version ${PROJECT_VERSION} --prefix \"\${root}\${CMAKE_INSTALL_PREFIX}\" --output \"\${root}\${bill}\" \${files}
    COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${bill}\")
" ALL_COMPONENTS)
