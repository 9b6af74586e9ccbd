// Word to systemd, where it started the server (Type=notify): sd_notify(3) without its library.
#pragma once

#include <string_view>

namespace bertune::serve {

// "READY=1". Nothing where NOTIFY_SOCKET names no socket.
void notify(std::string_view state);
void notify_reloading();  // with the time that systemd wants

}  // namespace bertune::serve
