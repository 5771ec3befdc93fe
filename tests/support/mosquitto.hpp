#pragma once
// A real mosquitto on a free loopback port, from the templates of board/host/mosquitto. Check installed()
// first and skip loudly without it:
//   if (!Mosquitto::installed()) { MESSAGE("SKIPPED: mosquitto is not installed"); return; }

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>

#include <memory>

#include "base/unique_fd.hpp"
#include "support/pki.hpp"

namespace portcullis::test {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

inline std::uint16_t free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(fd);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return ntohs(address.sin_port);
}

inline bool listens(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(port);
    return fd && ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

class Mosquitto {
  public:
    static std::string program() {
        for (const char* path : {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"})
            if (std::filesystem::exists(path)) return path;
        return {};
    }
    /// Who may do what is the business of a plugin that comes with the broker.
    static std::string access_plugin() {
        std::error_code problem;
        for (const auto& machine : std::filesystem::directory_iterator("/usr/lib", problem))
            if (const auto path = machine.path() / "mosquitto_dynamic_security.so";
                std::filesystem::exists(path))
                return path;
        return {};
    }
    static bool installed() { return !program().empty() && !access_plugin().empty(); }

    /// Writes its files into `folder`, admits every device of the PKI, and starts. certificate and key are
    /// those of the broker, PEM.
    Mosquitto(std::filesystem::path folder, const Pki& pki, const std::string& certificate = "broker/tls")
        : folder_(std::move(folder)), port_(free_port()), services_port_(free_port()) {
        std::filesystem::create_directories(folder_);
        std::filesystem::copy_file(pki.file("device-ca.crl"), folder_ / "devices.crl");
        admit_first(pki);
        const std::vector<std::pair<std::string, std::string>> values{
            {"@DIR@", folder_.string()},
            {"@ADDRESS@", "127.0.0.1"},
            {"@PORT@", std::to_string(port_)},
            {"@SERVICES_PORT@", std::to_string(services_port_)},
            {"@DYNSEC@", access_plugin()},
            {"@USER@", ::getpwuid(::geteuid())->pw_name},
            {"@CERT@", pki.file(certificate + ".crt").string()},
            {"@KEY@", pki.file(certificate + ".key").string()},
            {"@DEVICES_CA@", pki.file("device-anchor.pem").string()},
            {"@SERVICES_CA@", pki.file("service-anchor.pem").string()}};
        fill("mosquitto.conf", values);
        start();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Where devices connect.
    [[nodiscard]] std::string uri() const { return "mqtts://localhost:" + std::to_string(port_); }
    /// Where services connect.
    [[nodiscard]] std::string services_uri() const {
        return "mqtts://localhost:" + std::to_string(services_port_);
    }
    /// board/host/mosquitto/access with the admin's certificate: admit NAME, or revoke NAME.
    void change_access(const Pki& pki, const std::string& verb, const std::string& device) const {
        run_or_fail({"python3", access_script(), verb, device, "--port", std::to_string(services_port_),
                     "--ca", pki.file("service-chain.pem"), "--cert", pki.file("broker/admin.crt"), "--key",
                     pki.file("broker/admin.key")},
                    folder_ / "access.log");
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::string log() const { return text_of(folder_ / "log"); }

    /// Starts it again on the same port; waits until it listens.
    void start(std::vector<std::string> environment = {}) {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{program(), "-c", (folder_ / "mosquitto.conf").string()}, folder_ / "log",
            std::move(environment));
        const bool up = wait_until(
            [this] { return !process_->running() || (listens(port_) && listens(services_port_)); });
        INFO(log());
        REQUIRE(up);
        REQUIRE(process_->running());
    }
    /// In good order: it writes its persistence file.
    void stop() { process_->stop(); }
    void kill() { process_->kill(); }
    /// It keeps its connections and does nothing until thaw().
    void freeze() { process_->signal(SIGSTOP); }
    void thaw() { process_->signal(SIGCONT); }

  private:
    static std::string text_of(const std::filesystem::path& path) {
        std::ifstream in(path);
        std::ostringstream text;
        text << in.rdbuf();
        return text.str();
    }
    static std::string access_script() {
        return std::string(PORTCULLIS_SOURCE_DIR) + "/board/host/mosquitto/access";
    }
    void admit_first(const Pki& pki) const {
        std::vector<std::string> command{"python3", access_script(), "write", folder_ / "access.json"};
        for (const auto& device : std::filesystem::directory_iterator(pki.file("devices")))
            if (std::filesystem::exists(device.path() / "identity.crt"))
                command.push_back(device.path().filename().string());
        run_or_fail(command, folder_ / "access.log");
    }
    void fill(const std::string& name, const std::vector<std::pair<std::string, std::string>>& values) const {
        std::string text =
            text_of(std::string(PORTCULLIS_SOURCE_DIR) + "/board/host/mosquitto/" + name + ".in");
        REQUIRE_FALSE(text.empty());
        for (const auto& [placeholder, value] : values)
            for (std::size_t at = text.find(placeholder); at != std::string::npos;
                 at = text.find(placeholder))
                text.replace(at, placeholder.size(), value);
        std::ofstream(folder_ / name) << text;
    }

    std::filesystem::path folder_;
    std::uint16_t port_;
    std::uint16_t services_port_;
    std::unique_ptr<Process> process_;
};

}  // namespace portcullis::test
