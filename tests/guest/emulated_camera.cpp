// A USB camera without hardware, for a QEMU guest:
//
//   emulated_camera SOCKET    listens; QEMU connects with -chardev socket,path=SOCKET -device usb-redir
//
// On its input it takes a word a line: plug, unplug, stall, go, break (the next picture ends in its middle),
// show FILE (a picture in yuyv, 320 x 240 px, in the place of the test's own). On its output it tells each
// control that the guest sets: "control exposure 5".
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "guest/usbredir_link.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

UniqueFd connected(const char* path) {
    const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const auto* const generic = static_cast<const sockaddr*>(static_cast<const void*>(&address));
    if (::bind(listener.get(), generic, sizeof address) != 0 || ::listen(listener.get(), 1) != 0) {
        std::perror(path);
        return {};
    }
    std::puts("listening");
    UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return socket;
}

constexpr std::string_view show = "show ";

UsbBytes picture_in(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    UsbBytes bytes{std::istreambuf_iterator<char>(stream), {}};
    if (bytes.size() == std::size_t{2} * camera_width * camera_height) return bytes;
    std::fprintf(stderr, "%s is no yuyv picture of %u x %u px\n", file.c_str(), camera_width, camera_height);
    std::exit(1);
}

void obey(const std::string& word, UsbredirLink& link, UsbCamera& camera) {
    if (word.starts_with(show)) camera.show(picture_in(word.substr(show.size())));
    if (word == "plug") link.plug();
    if (word == "unplug") link.unplug();
    if (word == "stall") link.stall(true);
    if (word == "go") link.stall(false);
    if (word == "break") camera.break_next_picture();
    std::printf("done %s\n", word.c_str());
}

/// False at the end of the input.
bool take_words(std::string& rest, UsbredirLink& link, UsbCamera& camera) {
    std::array<char, 256> buffer{};
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got <= 0) return false;
    rest.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        obey(rest.substr(0, end), link, camera);
        rest.erase(0, end + 1);
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    UsbCamera camera([](const std::string& what) { std::printf("control %s\n", what.c_str()); });
    UniqueFd socket = connected(argv[1]);
    if (!socket) return 1;
    UsbredirLink link(std::move(socket), camera);
    std::string rest;
    while (!link.closed()) {
        const auto events = static_cast<short>(POLLIN | (link.wants_to_write() ? POLLOUT : 0));
        std::array<pollfd, 2> wanted{{{link.fd(), events, 0}, {STDIN_FILENO, POLLIN, 0}}};
        ::poll(wanted.data(), wanted.size(), static_cast<int>(link.time_to_next().count()));
        if (wanted[1].revents != 0 && !take_words(rest, link, camera)) break;
        link.work();
    }
    return 0;
}
