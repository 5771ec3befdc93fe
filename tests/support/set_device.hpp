#pragma once
// A device that lives by recipient sets.

#include "support/fake_clock.hpp"
#include "unit/seal/test_sets.hpp"

namespace portcullis::test {

struct SetDevice {
    SetDesk desk{400 * day};
    KeyFiles signer = desk.pki.device("gate-1");
    std::unique_ptr<FileSigningKey> key = must(FileSigningKey::create(signer.key, signer.certificate));
    FakeClock clock{now};
    Sealer sealer = make_sealer();
    std::filesystem::path kept = desk.pki.folder() / "recipients.set";
    DeviceRecipients recipients = must(DeviceRecipients::create(desk.rules(), kept, clock));

  private:
    Sealer make_sealer() const {
        SealerSettings settings;
        settings.device = "gate-1";
        settings.fleet = "test-fleet";
        settings.boot = "boot-1";
        settings.recipients_by_set = true;
        return must(Sealer::create(std::move(settings), *key));
    }
};

}  // namespace portcullis::test
