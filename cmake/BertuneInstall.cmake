# What `make install` puts under PREFIX: the program, and the library for `find_package(bertune)`.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/bertune)
install(TARGETS bertune_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS bertune EXPORT bertuneTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/bertune DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT bertuneTargets NAMESPACE bertune:: DESTINATION ${package_directory})
# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(bertuneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/bertuneConfig.cmake.in bertuneConfig.cmake INSTALL_DESTINATION ${package_directory}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
install(FILES ${PROJECT_BINARY_DIR}/bertuneConfig.cmake ${PROJECT_BINARY_DIR}/bertuneConfigVersion.cmake
  DESTINATION ${package_directory})
