# What `make install` puts under PREFIX: the program, the library for C, and the one for `find_package(bertune)`, static or shared.
# The other form of the library is a component of its own, `static` or `shared`, for whoever has built it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/bertune)
if(BERTUNE_SHARED)
  set(static_only EXCLUDE_FROM_ALL)
else()
  set(shared_only EXCLUDE_FROM_ALL)
endif()
install(TARGETS bertune_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
install(TARGETS bertune_c LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT shared)
if(TARGET bertune_mpi)
  install(TARGETS bertune_mpi LIBRARY DESTINATION lib/bertune COMPONENT mpi)  # packages do without MPI
endif()
if(TARGET bertune_parquet)
  install(TARGETS bertune_parquet LIBRARY DESTINATION lib/bertune COMPONENT parquet)  # and without Arrow
endif()
install(TARGETS bertune EXPORT bertuneStatic
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT static ${static_only})
install(EXPORT bertuneStatic NAMESPACE bertune:: DESTINATION ${package_directory} COMPONENT static ${static_only})
install(TARGETS bertune_shared EXPORT bertuneShared
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT shared ${shared_only})
install(EXPORT bertuneShared NAMESPACE bertune:: DESTINATION ${package_directory} COMPONENT shared ${shared_only})
install(DIRECTORY include/bertune DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE prefix_from_here)
configure_file(cmake/bertune_c.pc.in bertune_c.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/bertune_c.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Before 1.0 a new minor version may change the interface.
write_basic_package_version_file(bertuneConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/bertuneConfig.cmake.in bertuneConfig.cmake INSTALL_DESTINATION ${package_directory}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
install(FILES ${PROJECT_BINARY_DIR}/bertuneConfig.cmake ${PROJECT_BINARY_DIR}/bertuneConfigVersion.cmake
  DESTINATION ${package_directory})
