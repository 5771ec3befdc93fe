#include "apps/portcullis/provision_command.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "apps/portcullis/exit_code.hpp"
#include "base/file.hpp"
#include "provision/device_keys.hpp"
#include "provision/fingerprint.hpp"
#include "provision/issuer.hpp"
#include "provision/registrar.hpp"

namespace portcullis {

namespace {

struct ProvisionOptions {
    std::filesystem::path folder;
    std::filesystem::path file;
    std::filesystem::path chain;
    std::filesystem::path ca;
    std::filesystem::path ca_key;
    std::filesystem::path vouchers;
    std::filesystem::path out;
    std::filesystem::path identities;
    std::filesystem::path deny_list;
    std::string device;
    std::string words;
    DeviceKey use = DeviceKey::identity;
    bool renewal = false;
    int days = 0;
};

Result<void> request(const ProvisionOptions& options) {
    const DeviceKeys keys(options.folder);
    const UtcTime now = SystemClock().utc();
    const MadeRequest made = options.renewal ? TRY(keys.make_renewal(options.use, options.device, now))
                                             : TRY(keys.make_request(options.use, options.device, now));
                                             std::cout << fmt::format("request: {}\nfingerprint: {}\n",
                                                                      made.file.string(), made.fingerprint);
                                             return {};
}

Result<X509Ptr> answer(const ProvisionOptions& options, const Issuer& issuer) {
    const RequestFile file = TRY(load_request(options.file));
    const UtcTime now = SystemClock().utc();
    const auto life = [&](DeviceKey key) {
        return options.days > 0 ? std::chrono::days(options.days) : life_of(key);
    };
    if (file.vouched.empty()) {
        if (options.device.empty() || options.words.empty())
            return fail(
                ErrorCode::configuration,
                "this request has only its own signature: give --device, and as --fingerprint the words "
                "that the device showed");
        return issuer.enrol(file.csr, options.device, options.words, now, life(DeviceKey::identity));
    }
    if (options.vouchers.empty() || options.chain.empty())
        return fail(
            ErrorCode::configuration,
            "this request is signed by another key of the device: give --vouchers (that key's certificate, "
            "or a folder of them) and --chain (the device CA and its root)");
    const DeviceKey wanted = options.renewal ? options.use : DeviceKey::read;
    const auto vouched_by = options.renewal ? use_of(wanted) : CertificateUse::identify;
    const TrustStore vouchers =
        TRY(TrustStore::create({.ca_chain = options.chain, .signers = options.vouchers, .use = vouched_by}));
    X509Ptr issued = TRY(issuer.renew(file.vouched, vouchers, wanted, now, life(wanted)));
    if (!options.device.empty() && common_name(issued.get()) != options.device)
        return fail(ErrorCode::refused, "request: it asks for '{}', approved is '{}'",
                    common_name(issued.get()), options.device);
    return issued;
}

Result<void> sign(const ProvisionOptions& options) {
    const Issuer issuer = TRY(Issuer::create(options.ca, options.ca_key));
    const X509Ptr issued = TRY(answer(options, issuer));
    const std::string pem = TRY(certificate_to_pem(issued.get()));
    TRY(write_file_atomically(options.out, as_bytes(pem)));
    std::cout << fmt::format("certificate: {}\nname: {}\nkey id: {}\nuntil: {}\n", options.out.string(),
                             common_name(issued.get()), key_id(issued.get()),
                             to_iso8601(not_after(issued.get())));
    return {};
}

Result<void> install(const ProvisionOptions& options) {
    const DeviceKeys keys(options.folder);
    const DeviceKey which = TRY(keys.install(options.file, options.chain, options.device));
    std::cout << fmt::format("installed: {}\n", keys.certificate(which).string());
    return {};
}

Result<KeyPtr> key_of(const std::filesystem::path& file) {
    const RequestFile request = TRY(load_request(file));
    if (request.vouched.empty()) {
        CheckedCsr csr = TRY(check_csr(request.csr));
        return std::move(csr.key);
    }
    return fail(
        ErrorCode::configuration,
        "request {}: signed by another key of the device, which vouches for it: no words are compared",
        file.string());
}

Result<void> show_fingerprint(const ProvisionOptions& options) {
    const KeyPtr key = TRY(key_of(options.file));
    std::cout << TRY(fingerprint(key.get()))
    << "\n";
    return {};
}

Result<void> answer_all(const ProvisionOptions& options) {
    const Issuer issuer = TRY(Issuer::create(options.ca, options.ca_key));
    RegistrarSettings settings;
    settings.folder = options.folder;
    settings.ca_chain = options.chain;
    settings.signers = options.vouchers;
    settings.identities = options.identities;
    if (!options.deny_list.empty()) settings.deny_list = options.deny_list;
    std::size_t refused = 0;
    for (const RegistrarOutcome& outcome : TRY(answer_renewals(settings, issuer, SystemClock().utc()))) {
        std::cout << fmt::format("{}: {}\n", outcome.file,
                                 outcome.reason.empty() ? "answered" : outcome.reason);
        refused += outcome.reason.empty() ? 0 : 1;
    }
    if (refused > 0) return fail(ErrorCode::refused, "{} requests are not answered", refused);
    return {};
}

void add_use(CLI::App& command, ProvisionOptions& options) {
    command
        .add_option_function<std::string>(
            "--use",
            [&options](const std::string& use) {
                options.use = use == "read" ? DeviceKey::read : DeviceKey::identity;
            },
            "identity (TLS, of the uplink; the default) or read (signs reads)")
        ->check(CLI::IsMember({"identity", "read"}));
}

CLI::App* add_request(CLI::App& command, ProvisionOptions& options) {
    CLI::App* one =
        command.add_subcommand("request", "On the device: make a key and the request for its certificate");
    one->add_option("DIR", options.folder, "The device's own folder of keys (mode 0700)")->required();
    one->add_option("--device", options.device, "The device's name")->required();
    add_use(*one, options);
    one->add_flag("--renewal", options.renewal,
                  "The next key, asked for by the one in use, which stays until `install`");
    return one;
}

CLI::App* add_sign(CLI::App& command, ProvisionOptions& options) {
    CLI::App* one =
        command.add_subcommand("sign", "At the device CA: check a request and issue the certificate");
    one->add_option("REQUEST", options.file, "What `request` wrote, or a renewal from the registrar's folder")
        ->required();
    one->add_option("--ca", options.ca, "The device CA's certificate (PEM)")->required();
    one->add_option("--ca-key", options.ca_key, "Its key (PEM, mode 0600)")->required();
    one->add_option("--out", options.out, "Where the certificate is written")->required();
    one->add_option("--device", options.device, "The name that is approved");
    one->add_option("--fingerprint", options.words, "Identity: the six words that the device showed");
    one->add_option("--vouchers", options.vouchers,
                    "Read key: the certificate of the key that signed the request, or a folder of them");
    one->add_option("--chain", options.chain, "With --vouchers: the device CA and its root (PEM)");
    one->add_flag("--renewal", options.renewal,
                  "The key in use signed (of --use, which --vouchers then hold), not the identity key");
    add_use(*one, options);
    one->add_option("--days", options.days, "How long it holds (else 365 for identities, 30 for read keys)")
        ->check(CLI::Range(1, 3650));
    return one;
}

CLI::App* add_answer(CLI::App& command, ProvisionOptions& options) {
    CLI::App* one = command.add_subcommand(
        "answer",
        "At the device CA, by hand or by a timer: answer the renewals that the collector handed over");
    one->add_option("DIR", options.folder, "The registrar's folder ([registrar] of collector.toml)")
        ->required();
    one->add_option("--ca", options.ca, "The device CA's certificate (PEM)")->required();
    one->add_option("--ca-key", options.ca_key, "Its key (PEM, mode 0600)")->required();
    one->add_option("--chain", options.chain, "The device CA and its root (PEM)")->required();
    one->add_option("--signers", options.vouchers,
                    "Folder of the read keys' certificates, which vouch for the next; new ones are added")
        ->required();
    one->add_option("--identities", options.identities,
                    "The identities' likewise; without it only read keys are renewed");
    one->add_option("--deny-list", options.deny_list, "Key ids and names that get nothing");
    return one;
}

CLI::App* add_install(CLI::App& command, ProvisionOptions& options) {
    CLI::App* one =
        command.add_subcommand("install", "On the device: take the certificate in, if it is for our key");
    one->add_option("DIR", options.folder, "The device's own folder of keys")->required();
    one->add_option("CERTIFICATE", options.file, "What `sign` wrote")->required();
    one->add_option("--chain", options.chain, "The device CA and its root (PEM)")->required();
    one->add_option("--device", options.device, "The device's name")->required();
    return one;
}

CLI::App* add_fingerprint(CLI::App& command, ProvisionOptions& options) {
    CLI::App* one = command.add_subcommand("fingerprint", "Show the six words of a request's key");
    one->add_option("REQUEST", options.file, "What `request` wrote")->required();
    return one;
}

}  // namespace

std::function<int()> add_provision_command(CLI::App& app) {
    const auto options = std::make_shared<ProvisionOptions>();
    CLI::App* command =
        app.add_subcommand("provision", "Give a device its keys: made on it, certified by the CA");
    command->require_subcommand(1);
    command->footer(
        "The private key never leaves the device, and there is no shared secret: the technician reads six "
        "words at "
        "the\ndevice, the CA compares them. The read key's request is signed by the identity key.\n"
        "Exit code: 0 done, 1 refused or failed, 2 wrong usage or configuration.\n\n"
        "  portcullis provision request /etc/portcullis/keys --device gate-7\n"
        "  portcullis provision sign identity.csr --device gate-7 --fingerprint \"lusab babad ...\" \\\n"
        "      --ca device-ca.crt --ca-key device-ca.key --out gate-7.crt\n"
        "  portcullis provision install /etc/portcullis/keys gate-7.crt --chain device-chain.pem --device "
        "gate-7\n"
        "  portcullis provision request /etc/portcullis/keys --device gate-7 --use read\n"
        "  portcullis provision sign read.csr --vouchers gate-7.crt --chain device-chain.pem \\\n"
        "      --ca device-ca.crt --ca-key device-ca.key --out gate-7-read.crt");
    using Step = Result<void> (*)(const ProvisionOptions&);
    const std::vector<std::pair<CLI::App*, Step>> steps = {
        {add_request(*command, *options), &request},
        {add_sign(*command, *options), &sign},
        {add_answer(*command, *options), &answer_all},
        {add_install(*command, *options), &install},
        {add_fingerprint(*command, *options), &show_fingerprint}};
    return [options, steps] {
        for (const auto& [one, step] : steps)
            if (one->parsed()) return exit_code("provision", step(*options));
        return 2;
    };
}

}  // namespace portcullis
