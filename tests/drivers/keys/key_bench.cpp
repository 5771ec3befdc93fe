#include "key_bench.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>

#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "drivers/keys/file/file_signing_key.hpp"
#include "drivers/keys/pkcs11/pkcs11_signing_key.hpp"
#include "drivers/keys/tpm/tpm_signing_key.hpp"

namespace portcullis::test {

namespace {

constexpr const char* soft_token = "/usr/lib/softhsm/libsofthsm2.so";

std::string missing_of(const std::vector<std::string>& programs, const std::string& package) {
    for (const std::string& program : programs)
        if (std::system(("command -v " + program + " >/dev/null").c_str()) != 0)  // NOLINT: fixed words
            return program + " is not installed (" + package + ")";
    return {};
}

sockaddr_in address_of(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

bool is_free(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = address_of(port);
    return ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool listens(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = address_of(port);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// swtpm wants two ports beside each other.
std::uint16_t two_free_ports() {
    for (int port = 20'000 + ::getpid() % 20'000; port < 65'000; port += 2)
        if (is_free(static_cast<std::uint16_t>(port)) && is_free(static_cast<std::uint16_t>(port + 1)))
            return static_cast<std::uint16_t>(port);
    FAIL("no free port");
    return 0;
}

template <class Key>
Result<std::unique_ptr<SigningKey>> widened(Result<std::unique_ptr<Key>> key) {
    if (!key) return fail(std::move(key.error()));
    return std::unique_ptr<SigningKey>(std::move(*key));
}

}  // namespace

std::filesystem::path KeyBench::certify(const std::string& name, const std::string& usage) const {
    const auto extensions = folder() / "extensions";
    std::ofstream(extensions) << "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                              << "extendedKeyUsage=" << usage << "\nsubjectKeyIdentifier=hash\n";
    auto certificate = folder() / (name + "-" + usage + ".crt");
    run({"openssl", "x509", "-new", "-subj", "/O=Portcullis/CN=" + name, "-force_pubkey", public_key(), "-CA",
         pki_.file("device-ca.crt"), "-CAkey", pki_.file("device-ca.key"), "-days", "5", "-extfile",
         extensions, "-out", certificate});
    return certificate;
}

TrustStore KeyBench::trust(const std::filesystem::path& certificate) const {
    auto store = TrustStore::create({.ca_chain = pki_.file("device-chain.pem"), .signers = certificate});
    REQUIRE(store);
    return std::move(*store);
}

FileBench::FileBench() {
    run({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", source()});
    run({"openssl", "pkey", "-in", source(), "-pubout", "-out", public_key()});
}

Result<std::unique_ptr<SigningKey>> FileBench::open(const std::filesystem::path& certificate) const {
    return widened(FileSigningKey::create(source(), certificate));
}

bool TokenBench::used_ = false;

std::string TokenBench::missing() {
    if (used_) return "the engine keeps the first token of a process; ctest runs each case in its own";
    if (!std::filesystem::exists(soft_token)) return "SoftHSM is not installed (softhsm2)";
    return missing_of({"softhsm2-util", "pkcs11-tool"}, "softhsm2, opensc");
}

TokenBench::TokenBench() {
    used_ = true;
    std::filesystem::create_directory(folder() / "tokens");
    const auto settings = folder() / "softhsm.conf";
    std::ofstream(settings) << "directories.tokendir = " << (folder() / "tokens").string()
                            << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", settings.c_str(), 1);
    for (const auto& [file, pin] : {std::pair("pin", "123456"), std::pair("wrong-pin", "654321")}) {
        std::ofstream(folder() / file) << pin << "\n";
        std::filesystem::permissions(folder() / file, std::filesystem::perms::owner_read);
    }
    run({"softhsm2-util", "--init-token", "--free", "--label", "lane", "--pin", "123456", "--so-pin",
         "000000"});
    run({"pkcs11-tool", "--module", soft_token, "--token-label", "lane", "--login", "--pin", "123456",
         "--keypairgen", "--key-type", "EC:prime256v1", "--label", "read", "--id", "01", "--usage-sign"});
    run({"pkcs11-tool", "--module", soft_token, "--token-label", "lane", "--read-object", "--type", "pubkey",
         "--label", "read", "--output-file", folder() / "public.der"});
    run({"openssl", "pkey", "-pubin", "-inform", "DER", "-in", folder() / "public.der", "-pubout", "-out",
         public_key()});
}

std::string TokenBench::uri(const std::string& token, const std::string& object,
                            const std::string& pin_file) const {
    return "pkcs11:token=" + token + ";object=" + object + "?module-path=" + soft_token +
           "&pin-source=file:" + (folder() / pin_file).string();
}

std::string TokenBench::place() const {
    return std::string("pkcs11:token=lane?module-path=") + soft_token +
           "&pin-source=file:" + (folder() / "pin").string();
}

void TokenBench::import(const std::filesystem::path& key, const std::string& label,
                        const std::string& id) const {
    const std::string tool = std::string("pkcs11-tool --module ") + soft_token +
                             " --token-label lane --login --pin 123456 --label " + label + " --id " + id +
                             " --usage-derive --write-object ";
    run({"sh", "-ec",
         "cd '" + folder().string() + "'\nopenssl pkey -in '" + key.string() +
             "' -outform DER -out import.der\nopenssl pkey -in '" + key.string() +
             "' -pubout -outform DER -out import.pub\n" + tool + "import.der --type privkey\n" + tool +
             "import.pub --type pubkey\nrm import.der\n"});
}

Result<std::unique_ptr<SigningKey>> TokenBench::open(const std::filesystem::path& certificate) const {
    return widened(Pkcs11SigningKey::create(source(), certificate));
}

void TokenBench::take_away() {
    std::filesystem::rename(folder() / "tokens", folder() / "pulled");
    std::filesystem::create_directory(folder() / "tokens");
}

std::string TpmBench::missing() {
    return missing_of({"swtpm", "tpm2_createprimary"}, "swtpm, tpm2-tools, tpm2-openssl");
}

TpmBench::TpmBench() : port_(two_free_ports()) {
    std::filesystem::create_directory(state_);
    power_up();
    make_key("noda|", "key", good_handle);
    std::filesystem::rename(folder() / "key.pem", public_key());
}

void TpmBench::power_up() {
    const std::string port = std::to_string(port_);
    swtpm_ = std::make_unique<Process>(
        std::vector<std::string>{"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + state_.string(),
                                 "--server", "type=tcp,disconnect,port=" + port, "--ctrl",
                                 "type=tcp,port=" + std::to_string(port_ + 1), "--flags",
                                 "not-need-init,startup-clear"},
        folder() / "swtpm.log");
    const auto next = static_cast<std::uint16_t>(port_ + 1);
    REQUIRE(wait_until([&] { return !swtpm_->running() || (listens(port_) && listens(next)); }));
    REQUIRE(swtpm_->running());
    ::setenv("TPM2OPENSSL_TCTI", ("swtpm:host=127.0.0.1,port=" + port).c_str(), 1);
    ::setenv("TPM2TOOLS_TCTI", ("swtpm:host=127.0.0.1,port=" + port).c_str(), 1);
}

void TpmBench::replace_chip() {
    lose_power();
    std::filesystem::rename(state_, folder() / "other-chip");
    std::filesystem::create_directory(state_);
    power_up();
}

std::string TpmBench::shell(const std::string& script) const {
    return "cd '" + folder().string() + "' && " + script;
}

void TpmBench::make_key(const std::string& attributes, const std::string& name,
                        const std::string& handle) const {
    // Transient objects are few and there is no resource manager here: each step cleans up.
    run({"sh", "-ec",
         shell("tpm2_createprimary -Q -C o -g sha256 -G ecc256 -c primary.ctx\n"
               "tpm2_create -Q -C primary.ctx -G ecc256 -u " +
               name + ".pub -r " + name + ".priv -a '" + attributes +
               "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'\n"
               "tpm2_flushcontext -t\n"
               "tpm2_load -Q -C primary.ctx -u " +
               name + ".pub -r " + name + ".priv -c " + name +
               ".ctx\n"
               "tpm2_evictcontrol -Q -C o -c " +
               name + ".ctx " + handle +
               "\n"
               "tpm2_flushcontext -t\n"
               "tpm2_readpublic -Q -c " +
               handle + " -f pem -o " + name + ".pem\n")});
}

std::filesystem::path TpmBench::make_weak_key() {
    make_key("", "weak", weak_handle);
    std::filesystem::rename(folder() / "weak.pem", public_key());
    return certify("gate-2");
}

std::string TpmBench::wrapped_key(const std::string& parent) const {
    run({"sh", "-ec",
         shell("tpm2_getcap handles-persistent | grep -q 0x81000001 ||\n"
               "tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000001\ntpm2_flushcontext -t\n"
               "'" PORTCULLIS_SOURCE_DIR "/board/host/systemd/keys/tss2-key' " +
               parent + " key.pub key.priv > wrapped.key\n")});
    return text_of("wrapped.key");
}

std::string TpmBench::key_of_the_provider() const {
    run({"openssl", "genpkey", "-provider", "tpm2", "-provider", "default", "-algorithm", "EC", "-pkeyopt",
         "group:P-256", "-out", folder() / "provider.key"});
    return text_of("provider.key");
}

std::string TpmBench::text_of(const std::string& file) const {
    const auto bytes = read_file(folder() / file, 8192);
    REQUIRE(bytes);
    return std::string(as_text(*bytes));
}

int TpmBench::load_wrapped_key() const {
    Process load({"sh", "-ec",
                  shell("tpm2_createprimary -Q -C o -g sha256 -G ecc256 -c new.ctx\n"
                        "tpm2_flushcontext -t\n"
                        "tpm2_load -Q -C new.ctx -u key.pub -r key.priv -c copied.ctx\n")},
                 folder() / "load.log");
    return load.wait().value_or(-1);
}

Result<std::unique_ptr<SigningKey>> TpmBench::open(const std::filesystem::path& certificate) const {
    return widened(TpmSigningKey::create(source(), certificate));
}

}  // namespace portcullis::test
