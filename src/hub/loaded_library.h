// A library that is loaded when it is first needed. What only a download uses would double the start of every
// command if it were linked: libcurl brings thirty libraries along (5 ms, twice, of the 43 of a first
// prediction).
#pragma once

namespace bertune::hub {

class LoadedLibrary {
 public:
  // `file`: "libcurl.so.4". Stays for the rest of the process. Throws HubError, naming the Debian `package`,
  // where there is none.
  LoadedLibrary(const char* file, const char* package);

  // `function` becomes that of this name.
  template <typename Function>
  void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name) const;

  const char* file_;
  const char* package_;
  void* handle_;
};

}  // namespace bertune::hub
