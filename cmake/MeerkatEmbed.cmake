# meerkat_embed(TARGET NAME FILE): puts FILE into TARGET as the bytes between the symbols
# meerkat_embedded_NAME and meerkat_embedded_NAME_end.
function(meerkat_embed target name file)
  get_filename_component(path "${file}" ABSOLUTE)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${name}.S")
  file(CONFIGURE OUTPUT "${source}" CONTENT [=[
.section .rodata
.global meerkat_embedded_@name@
.global meerkat_embedded_@name@_end
meerkat_embedded_@name@:
.incbin "@path@"
meerkat_embedded_@name@_end:
.byte 0
.section .note.GNU-stack,"",%progbits
]=] @ONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${path}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
