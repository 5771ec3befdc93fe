# The house's one-way streets. Each target names all that it may depend on; any other edge stops the configure step.
# Keep in step with the section "Rooms" of README.md. tests/layering proves that a forbidden edge is refused,
# tests/layering/check_includes.cmake that no #include goes round the link graph.
set(PORTCULLIS_FOUNDATION base core)
set(PORTCULLIS_LOW base core ports config health wall)

set(PORTCULLIS_MAY_base "")
set(PORTCULLIS_MAY_core base)
set(PORTCULLIS_MAY_ports base core)
set(PORTCULLIS_MAY_config base core)
set(PORTCULLIS_MAY_health base core)
set(PORTCULLIS_MAY_wall base core)
set(PORTCULLIS_MAY_database base core ports)
set(PORTCULLIS_MAY_crossing base core)
set(PORTCULLIS_MAY_hotlist ${PORTCULLIS_LOW} record envelope encrypt database crossing)

set(PORTCULLIS_MAY_vision ${PORTCULLIS_LOW})
set(PORTCULLIS_MAY_passage ${PORTCULLIS_LOW})
set(PORTCULLIS_MAY_record ${PORTCULLIS_LOW})
set(PORTCULLIS_MAY_envelope ${PORTCULLIS_LOW} record)
set(PORTCULLIS_MAY_encrypt ${PORTCULLIS_LOW} envelope record)
set(PORTCULLIS_MAY_seal ${PORTCULLIS_LOW} envelope record encrypt)
set(PORTCULLIS_MAY_open ${PORTCULLIS_LOW} envelope record)
set(PORTCULLIS_MAY_provision ${PORTCULLIS_LOW} record envelope)
set(PORTCULLIS_MAY_wanted ${PORTCULLIS_LOW} record envelope)
set(PORTCULLIS_MAY_spool ${PORTCULLIS_LOW} database)
set(PORTCULLIS_MAY_inbox ${PORTCULLIS_LOW} record envelope spool)
set(PORTCULLIS_MAY_audit ${PORTCULLIS_LOW} record envelope database)
set(PORTCULLIS_MAY_index ${PORTCULLIS_LOW} envelope database)
set(PORTCULLIS_MAY_casefile ${PORTCULLIS_LOW} record envelope encrypt open audit index)

set(PORTCULLIS_MAY_pipeline ${PORTCULLIS_LOW} vision passage record envelope seal spool inbox provision wanted)
set(PORTCULLIS_MAY_uplink ${PORTCULLIS_LOW} record envelope spool inbox provision)
set(PORTCULLIS_MAY_collector_link ${PORTCULLIS_LOW} record)
set(PORTCULLIS_MAY_forward ${PORTCULLIS_LOW} envelope collector_link)
set(PORTCULLIS_MAY_ingest ${PORTCULLIS_LOW} record envelope collector_link database)
set(PORTCULLIS_MAY_api ${PORTCULLIS_LOW} record envelope collector_link ingest)
set(PORTCULLIS_MAY_api_server ${PORTCULLIS_LOW} envelope record api)
set(PORTCULLIS_MAY_opener ${PORTCULLIS_LOW} record envelope open collector_link audit index crossing hotlist encrypt)

# Drivers stand behind the ports and know nothing else of the house, save how certificates are loaded and judged, and what
# cameras have in common, and what makes keys in a TPM.
set(PORTCULLIS_MAY_driver base core ports envelope driver_camera_common driver_keys_tpm_maker)
# Programs are the composition roots: what each may NOT hold is the process wall.
set(PORTCULLIS_NEVER_portcullis-reader open uplink ingest opener collector_link audit index crossing hotlist driver_broker_paho casefile)
set(PORTCULLIS_NEVER_portcullis-uplink open audit index crossing hotlist casefile encrypt seal vision passage pipeline ingest opener driver_camera_common driver_keys_file
  driver_keys_pkcs11 driver_keys_tpm)
set(PORTCULLIS_NEVER_portcullis-collector open opener audit index crossing hotlist casefile encrypt seal vision passage pipeline spool uplink driver_camera_common)
set(PORTCULLIS_NEVER_portcullis-opener ingest uplink spool pipeline vision passage seal driver_broker_paho driver_camera_common)
# What it is shown it hands on: it opens nothing, seals nothing, keeps nothing.
set(PORTCULLIS_NEVER_portcullis-forwarder open encrypt seal audit index crossing hotlist casefile ingest opener database uplink spool inbox provision pipeline
  vision passage driver_broker_paho driver_camera_common driver_keys_file driver_keys_pkcs11 driver_keys_tpm driver_database_postgresql)
# It asks the opener and reads the store; it holds nothing that opens, seals, stores or reaches a broker.
set(PORTCULLIS_NEVER_portcullis-api open opener audit index crossing hotlist casefile encrypt seal vision passage pipeline spool uplink provision
  driver_broker_paho driver_camera_common driver_keys_file driver_keys_pkcs11 driver_keys_tpm)
set(PORTCULLIS_NEVER_portcullis)

function(portcullis_check_room room)
  foreach(dependency IN LISTS ARGN)
    if(NOT dependency IN_LIST PORTCULLIS_MAY_${room})
      message(FATAL_ERROR "layering: room '${room}' may not depend on '${dependency}' "
        "(allowed: ${PORTCULLIS_MAY_${room}}). Move the code to the room that may, or pass a value instead; "
        "the rules stand in cmake/Layering.cmake.")
    endif()
  endforeach()
endfunction()

# Walks the link graph of a program: what it reaches through others counts as well.
function(portcullis_reach out target)
  set(seen)
  set(todo ${target})
  while(todo)
    list(POP_FRONT todo next)
    if(next IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${next})
    get_target_property(edges portcullis_${next} PORTCULLIS_DEPENDS)
    if(edges)
      list(APPEND todo ${edges})
    endif()
  endwhile()
  set(${out} ${seen} PARENT_SCOPE)
endfunction()

function(portcullis_check_program program)
  foreach(dependency IN LISTS ARGN)
    portcullis_reach(reached ${dependency})
    foreach(room IN LISTS reached)
      if(room IN_LIST PORTCULLIS_NEVER_${program})
        message(FATAL_ERROR "layering: program '${program}' reaches '${room}' through '${dependency}', which the "
          "process wall forbids (see cmake/Layering.cmake).")
      endif()
    endforeach()
  endforeach()
endfunction()
