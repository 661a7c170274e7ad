# metavox_room(SOURCE...): the sources of a folder become part of the library. A file that launches functors, which is one
# that includes core/launch.hpp, is compiled as CUDA where CUDA is on, and as C++ where not. Behind the word ONCE stand those
# whose work is not worth more of the compiler's: what is read, checked and told.
set(METAVOX_RUNS_ONCE $<$<AND:$<CONFIG:Release>,$<COMPILE_LANGUAGE:CXX>>:-O1>)
function(metavox_room)
  cmake_parse_arguments(PARSE_ARGV 0 room "" "" ONCE)
  foreach(name IN LISTS room_UNPARSED_ARGUMENTS room_ONCE)
    set(file ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    target_sources(metavox PRIVATE ${file})
    if(METAVOX_HAVE_CUDA)
      file(STRINGS ${file} launches REGEX "^#include \"core/launch.hpp\"")
      if(launches)
        set_source_files_properties(${file} TARGET_DIRECTORY metavox PROPERTIES LANGUAGE CUDA)
      endif()
    endif()
  endforeach()
  list(TRANSFORM room_ONCE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_source_files_properties(${room_ONCE} TARGET_DIRECTORY metavox PROPERTIES COMPILE_OPTIONS "${METAVOX_RUNS_ONCE}")
endfunction()
