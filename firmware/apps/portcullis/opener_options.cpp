#include "apps/portcullis/opener_options.hpp"

#include <CLI/CLI.hpp>

namespace portcullis {

void add_opener_options(CLI::App& command, OpenerOptions& options) {
    // One value each time: a list without an end would swallow a FILE that stands behind it.
    command.add_option("--key", options.keys, "Recipient's private key (PEM, mode 0600); may be given again")
        ->required()
        ->allow_extra_args(false);
    command.add_option("--certificate", options.certificates, "Its certificate, one for each --key")
        ->required()
        ->allow_extra_args(false);
    command.add_option("--device-ca", options.trust.ca_chain, "The device CA and its root (PEM)")->required();
    command.add_option("--signers", options.trust.signers, "Folder of the known devices' certificates")
        ->required();
    command.add_option("--deny-list", options.deny_list, "Key ids that are not trusted, one a line");
    command.add_option("--revocations", options.revocations, "The device CA's revocation list (PEM)");
}

Result<EnvelopeOpener> create_opener(const OpenerOptions& options) {
    if (options.keys.size() != options.certificates.size())
        return fail(ErrorCode::configuration,
                    "{} keys and {} certificates; give one --certificate for each --key", options.keys.size(),
                    options.certificates.size());
    std::vector<RecipientFiles> files;
    for (std::size_t i = 0; i < options.keys.size(); ++i)
        files.push_back({options.keys[i], options.certificates[i]});
    TrustSettings trust = options.trust;
    if (!options.deny_list.empty()) trust.deny_list = options.deny_list;
    if (!options.revocations.empty()) trust.revocations = options.revocations;
    return EnvelopeOpener::create(files, TRY(TrustStore::create(trust)));
}

}  // namespace portcullis
