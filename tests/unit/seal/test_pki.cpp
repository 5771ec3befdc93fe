#include "unit/seal/test_pki.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <stdexcept>

namespace portcullis::test {

namespace {

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("test PKI: ") + what);
}

using FilePtr = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

FilePtr open_file(const std::filesystem::path& path, const char* mode) {
    FilePtr file(std::fopen(path.c_str(), mode));
    require(file != nullptr, "cannot open a file");
    return file;
}

void write_key(const std::filesystem::path& path, EVP_PKEY* key) {
    const FilePtr file = open_file(path, "w");
    require(PEM_write_PKCS8PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "write key");
    ::chmod(path.c_str(), 0600);
}

/// Of any curve: load_private_key takes P-256 only.
KeyPtr read_key(const std::filesystem::path& path) {
    const FilePtr file = open_file(path, "r");
    KeyPtr key(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
    require(key != nullptr, "read key");
    return key;
}

void write_certificate(const std::filesystem::path& path, X509* certificate, const char* mode = "w") {
    const FilePtr file = open_file(path, mode);
    require(PEM_write_X509(file.get(), certificate) == 1, "write certificate");
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

std::time_t seconds(UtcTime time) {
    return std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
}

X509Ptr begin_certificate(const std::string& name, EVP_PKEY* key, UtcTime from, UtcTime until) {
    static std::atomic<long> serial{1000};
    X509Ptr certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds(from));
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds(until));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    require(X509_set_pubkey(certificate.get(), key) == 1, "public key");
    return certificate;
}

void finish_certificate(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "sign");
}

}  // namespace

TestPki::TestPki(const std::string& root_curve) {
    std::filesystem::create_directory(signers());
    make_ca("root", "root", root_curve);
    make_ca("stranger-root", "stranger-root");
    for (const char* name : {"device-ca", "service-ca", "recipient-ca"})
        make_ca(name, "root");
    make_ca("stranger-ca", "stranger-root");
}

void TestPki::make_ca(const std::string& name, const std::string& issuer, const std::string& curve) const {
    const KeyPtr key(EVP_EC_gen(curve.c_str()));
    X509Ptr certificate = begin_certificate(name, key.get(), now - 100 * day, now + 1000 * day);
    const X509Ptr parent = name == issuer ? nullptr : must(load_certificate(folder() / (issuer + ".crt")));
    const KeyPtr parent_key = name == issuer ? nullptr : read_key(folder() / (issuer + ".key"));
    X509* by = parent ? parent.get() : certificate.get();
    add_extension(certificate.get(), by, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate.get(), by, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate.get(), by, NID_subject_key_identifier, "hash");
    finish_certificate(certificate.get(), by, parent_key ? parent_key.get() : key.get());
    write_key(folder() / (name + ".key"), key.get());
    write_certificate(folder() / (name + ".crt"), certificate.get());
    write_certificate(chain(name), certificate.get());
    if (parent) write_certificate(chain(name), parent.get(), "a");
}

KeyFiles TestPki::issue(const std::string& file, const std::string& name, const Request& request) const {
    const X509Ptr issuer = must(load_certificate(folder() / (request.ca + ".crt")));
    const KeyPtr issuer_key = must(load_private_key(folder() / (request.ca + ".key")));
    const KeyPtr key(EVP_EC_gen(request.curve.c_str()));
    const X509Ptr certificate = begin_certificate(name, key.get(), request.from, request.until);
    add_extension(certificate.get(), issuer.get(), NID_key_usage, "critical," + request.usage);
    if (!request.extended.empty())
        add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, request.extended);
    if (request.key_identifier)
        add_extension(certificate.get(), issuer.get(), NID_subject_key_identifier, "hash");
    finish_certificate(certificate.get(), issuer.get(), issuer_key.get());
    KeyFiles files{folder() / (file + ".key"), folder() / (file + ".crt")};
    write_key(files.key, key.get());
    write_certificate(files.certificate, certificate.get());
    return files;
}

KeyFiles TestPki::device(const std::string& name) const {
    KeyFiles files = issue(name, name);
    know(files, name);
    return files;
}

KeyFiles TestPki::recipient(const std::string& name) const {
    return issue(name, name, {.ca = "recipient-ca", .usage = "keyAgreement", .extended = ""});
}

void TestPki::know(const KeyFiles& files, const std::string& name) const {
    std::filesystem::copy_file(files.certificate, signers() / (name + ".crt"));
}

Road::Road() {
    key = must(FileSigningKey::create(device.key, device.certificate));
    sealer.emplace(sealer_with(*key, "gate-1"));
    opener.emplace(opener_with({reader, evidence}));
}

TrustStore Road::trust() const {
    return must(TrustStore::create({.ca_chain = pki.chain("device-ca"), .signers = pki.signers()}));
}

EnvelopeOpener Road::opener_with(const std::vector<KeyFiles>& keys) const {
    std::vector<RecipientFiles> files;
    for (const KeyFiles& pair : keys)
        files.push_back({pair.key, pair.certificate});
    return must(EnvelopeOpener::create(files, trust()));
}

Sealer Road::sealer_with(const SigningKey& signing_key, std::string device_name) const {
    SealerSettings settings;
    settings.device = std::move(device_name);
    settings.fleet = "test-fleet";
    settings.boot = "boot-1";
    settings.read_recipients = {reader.certificate};
    settings.plate_recipients = {evidence.certificate};
    settings.overview_recipients = {evidence.certificate, reader.certificate};
    return must(Sealer::create(std::move(settings), signing_key));
}

SealedRecord Road::seal(const CaptureRecord& record, const ChainHead& head) const {
    return must(sealer->seal(record, head, {}));
}

CaptureRecord sample_record() {
    CaptureRecord record;
    record.passage = {7,
                      "lane-1",
                      Direction::approaching,
                      BootTime(microseconds(1'000'000)),
                      BootTime(microseconds(1'900'000)),
                      12};
    for (const char letter : std::string("AB12CDE"))
        record.read.characters.push_back({letter, 0.987F, {{'8', 0.01F}, {'0', 0.002F}}});
    record.read.confidence = 0.9F;
    record.read.readings = 9;
    record.quad = {{{{10.5F, 20.25F}, {110, 22}, {109, 48}, {9, 46}}}};
    record.read.raw = "AB1ZCDE";
    record.read.jurisdiction = {"gb", 0.75F};
    record.captured = now;
    record.captured_since_boot = BootTime(microseconds(1'500'000));
    record.clock.quality = ClockQuality::ntp;
    record.firmware = "0.1.0";
    record.model = std::string(64, 'a');
    record.media.push_back({MediaRole::plate, Bytes(3000, std::byte{0xd8})});
    record.media.push_back({MediaRole::overview, Bytes(2048, std::byte{0xd9})});
    return record;
}

ChainHead first_head(std::string_view device) {
    ChainHead head;
    head.chain = must(chain_from_string("0123456789abcdef"));
    head.link = first_link(device, head.chain);
    return head;
}

}  // namespace portcullis::test
