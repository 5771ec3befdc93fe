#pragma once
// Who signs hotlists, and whom they are sealed to.

#include <doctest/doctest.h>

#include "hotlist/hotlist_gate.hpp"
#include "support/hotlists.hpp"
#include "unit/seal/test_sets.hpp"

namespace portcullis::test {

struct ListDesk {
    SetDesk desk{100 * day};

    [[nodiscard]] HotlistRules rules() const {
        return {desk.pki.folder() / "root.crt", desk.policy.certificate, "test-fleet"};
    }
    [[nodiscard]] HotlistGate gate() const { return must(HotlistGate::create(rules())); }
    [[nodiscard]] Bytes sign_with(const KeyFiles& signer, const Hotlist& list,
                                  const std::vector<KeyFiles>& readers) const {
        std::vector<X509Ptr> certificates;
        for (const KeyFiles& reader : readers)
            certificates.push_back(must(load_certificate(reader.certificate)));
        return must(sign_hotlist(SetDesk::AnyKey(signer), list, certificates));
    }
    [[nodiscard]] Bytes sign(const Hotlist& list, const std::vector<KeyFiles>& readers) const {
        return sign_with(desk.policy, list, readers);
    }
};

}  // namespace portcullis::test
