#pragma once
// The throw-away PKI of board/host/make-pki, and certificates that are wrong on purpose.

#include <filesystem>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace portcullis::test {

/// Runs a command to its end and requires success.
inline void run_or_fail(std::vector<std::string> command, const std::filesystem::path& log) {
    Process process(std::move(command), log);
    const auto code = process.wait(std::chrono::seconds(60));
    INFO(process.output());
    REQUIRE(code == 0);
}

class Pki {
  public:
    /// Makes the keys of these devices in `folder` (see make-pki --help for what stands where).
    explicit Pki(std::filesystem::path folder, const std::vector<std::string>& devices = {"gate-1"})
        : folder_(std::move(folder)) {
        std::vector<std::string> command{std::string(PORTCULLIS_SOURCE_DIR) + "/board/host/make-pki",
                                         folder_.string()};
        for (const std::string& device : devices) {
            command.push_back("--device");
            command.push_back(device);
        }
        run_or_fail(command, folder_.parent_path() / "make-pki.log");
    }

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }

    /// A second certificate for the key file.key, signed by ca, that was valid from 10 to 5 days ago.
    void make_expired(const std::string& file, const std::string& ca, const std::string& out) const {
        const auto log = folder_ / "expired.log";
        const std::string csr = (folder_ / (out + ".csr")).string();
        run_or_fail(
            {"openssl", "req", "-new", "-key", this->file(file + ".key"), "-subj", "/CN=gate-1", "-out", csr},
            log);
        // `openssl x509` dates from now and takes no other begin; `openssl ca` does.
        const auto work = folder_ / (out + ".ca");
        std::filesystem::create_directory(work);
        std::ofstream(work / "index.txt");
        std::ofstream(work / "serial") << "0100\n";
        std::ofstream(work / "conf")
            << "[ca]\ndefault_ca=c\n[c]\ndatabase=" << (work / "index.txt").string()
            << "\nserial=" << (work / "serial").string() << "\nnew_certs_dir=" << work.string()
            << "\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n"
               "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n";
        run_or_fail({"openssl", "ca", "-batch", "-config", work / "conf", "-cert", this->file(ca + ".crt"),
                     "-keyfile", this->file(ca + ".key"), "-startdate", "20200101000000Z", "-enddate",
                     "20200601000000Z", "-notext", "-in", csr, "-out", this->file(out)},
                    log);
    }

  private:
    std::filesystem::path folder_;
};

}  // namespace portcullis::test
