#pragma once
// A device that lives by recipient sets, and an uplink that writes into its inbox.

#include "inbox/inbox_writer.hpp"
#include "pipeline/recipient_intake.hpp"
#include "support/set_device.hpp"

namespace portcullis::test {

struct InboxDevice : SetDevice {
    std::filesystem::path folder = desk.pki.folder() / "inbox";
    InboxWriter uplink = must(InboxWriter::create(folder));
    Inbox inbox{folder};
    RecipientIntake intake{inbox, recipients, sealer, clock};
};

}  // namespace portcullis::test
