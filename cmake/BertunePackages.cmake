# Packages of the program: `make deb` and `make dist` (docs/install.md).
set(share ${PROJECT_BINARY_DIR}/share)
add_custom_command(OUTPUT ${share}/man/man1/bertune.1.gz DEPENDS bertune_program cmake/MakeManuals.cmake
  COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:bertune_program> -DTO=${share}
  -P ${PROJECT_SOURCE_DIR}/cmake/MakeManuals.cmake)
add_custom_target(bertune_manuals ALL DEPENDS ${share}/man/man1/bertune.1.gz)
install(DIRECTORY ${share}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT program)
install(DIRECTORY examples/models/small-bert DESTINATION ${CMAKE_INSTALL_DATADIR}/bertune/models COMPONENT program)  # for the studio
install(FILES packaging/bertune-studio.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications COMPONENT program)

# What a Debian package has besides, in a component that `make install` leaves out.
configure_file(packaging/changelog.in changelog @ONLY)
add_custom_command(OUTPUT changelog.gz DEPENDS ${PROJECT_BINARY_DIR}/changelog
  COMMAND gzip --no-name --best --keep --force ${PROJECT_BINARY_DIR}/changelog)
add_custom_target(bertune_deb_files DEPENDS bertune_manuals changelog.gz)
install(FILES packaging/copyright ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/bertune
  COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES packaging/bertune.service DESTINATION /lib/systemd/system COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES packaging/bertune.default DESTINATION /etc/default RENAME bertune COMPONENT debian EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bertune)
set(CPACK_PACKAGE_CONTACT "Bertune maintainers <maintainers@bertune.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program debian)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libcurl4, libssl3, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "fine-tune BERT models, test them, and use them")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Bertune fine-tunes BERT models on your own data, tests them, and uses them, on
files or over HTTP. It reads and writes models as Hugging Face Transformers
does, and needs no Python.")
include(CPack)
