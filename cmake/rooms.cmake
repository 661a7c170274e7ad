# metavox_room(SOURCE...): the sources of a folder become part of the library. A file that launches functors, which is one
# that includes core/launch.hpp, is compiled as CUDA where CUDA is on, and as C++ where not.
function(metavox_room)
  foreach(name IN LISTS ARGN)
    set(file ${CMAKE_CURRENT_SOURCE_DIR}/${name})
    target_sources(metavox PRIVATE ${file})
    if(METAVOX_HAVE_CUDA)
      file(STRINGS ${file} launches REGEX "^#include \"core/launch.hpp\"")
      if(launches)
        set_source_files_properties(${file} TARGET_DIRECTORY metavox PROPERTIES LANGUAGE CUDA)
      endif()
    endif()
  endforeach()
endfunction()
