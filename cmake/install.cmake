# What `cmake --install` puts where, and how it is taken away again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(metavox_package ${CMAKE_INSTALL_LIBDIR}/cmake/metavox)

install(TARGETS metavox_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY configs viz DESTINATION ${CMAKE_INSTALL_DATADIR}/metavox
        FILES_MATCHING PATTERN "*.yaml" PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY examples DESTINATION ${CMAKE_INSTALL_DATADIR}/metavox)
install(FILES docs/metavox.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES completions/metavox.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME metavox)

# The library, for find_package(metavox): its one header, and the packages that a static library needs once more when
# another program is linked.
install(FILES include/metavox/metavox.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/metavox)
install(TARGETS metavox EXPORT metavox-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT metavox-targets NAMESPACE metavox:: DESTINATION ${metavox_package})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/metavox-config.cmake.in metavox-config.cmake
                              INSTALL_DESTINATION ${metavox_package})
write_basic_package_version_file(metavox-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/metavox-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/metavox-config-version.cmake
        DESTINATION ${metavox_package})

# cmake --build BUILD --target uninstall: removes what the last installation from this build folder wrote.
add_custom_target(uninstall COMMAND ${CMAKE_COMMAND} -DMANIFEST=${CMAKE_CURRENT_BINARY_DIR}/install_manifest.txt
                                    -P ${CMAKE_CURRENT_LIST_DIR}/uninstall.cmake VERBATIM)
