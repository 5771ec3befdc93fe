#include "record/access_policy_codec.hpp"

#include "core/ids.hpp"
#include "record/canonical_list.hpp"
#include "record/payload.hpp"
#include "record/recipient_set_codec.hpp"

namespace portcullis {

namespace {

constexpr std::size_t day_bytes = 10;
constexpr std::size_t role_bytes = 16;
constexpr std::string_view beginning = R"({"v":1,"kind":"accesspolicy","fleet":)";
constexpr std::string_view beginning_with_gateways = R"({"v":2,"kind":"accesspolicy","fleet":)";

void write_words(CanonicalWriter& out, std::string_view field, const std::vector<std::string>& words) {
    write_list(out, words, [&](const std::string& word) { out.text(field, word, max_policy_word_bytes); });
}

void write_day(CanonicalWriter& out, std::string_view field, std::chrono::sys_days day) {
    const std::string text = to_string(day);
    if (!day_from_string(text)) out.reject(field, "must be a day from 1970 to 9999");
    out.literal("\"").literal(text).literal("\"");
}

void write_site(CanonicalWriter& out, const AccessSite& site) {
    out.literal(R"({"name":)").text("name", site.name, max_policy_word_bytes).literal(R"(,"devices":)");
    write_words(out, "devices", site.devices);
    out.literal("}");
}

void write_person(CanonicalWriter& out, const AccessPerson& person) {
    out.literal(R"({"account":)").text("account", person.account, max_policy_word_bytes);
    out.literal(R"(,"role":)").text("role", to_string(person.role), role_bytes).literal(R"(,"sites":)");
    write_words(out, "sites", person.sites);
    out.literal(R"(,"purposes":)");
    write_words(out, "purposes", person.purposes);
    out.literal(R"(,"until":)");
    write_day(out, "until", person.until);
    out.literal("}");
}

std::vector<std::string> read_words(CanonicalReader& in, std::string_view field, std::size_t most) {
    return read_list<std::string>(in, field, most, [&] { return in.text(field, max_policy_word_bytes); });
}

std::chrono::sys_days read_day(CanonicalReader& in, std::string_view field) {
    const auto day = day_from_string(in.text(field, day_bytes));
    if (!day) in.fault(field);
    return day.value_or(std::chrono::sys_days());
}

AccessSite read_site(CanonicalReader& in) {
    AccessSite site;
    in.literal(R"({"name":)");
    site.name = in.text("name", max_policy_word_bytes);
    in.literal(R"(,"devices":)");
    site.devices = read_words(in, "devices", max_policy_devices);
    in.literal("}");
    return site;
}

AccessPerson read_person(CanonicalReader& in) {
    AccessPerson person;
    in.literal(R"({"account":)");
    person.account = in.text("account", max_policy_word_bytes);
    in.literal(R"(,"role":)");
    const auto role = access_role_from_string(in.text("role", role_bytes));
    if (!role) in.fault("role");
    person.role = role.value_or(AccessRole::audits);
    in.literal(R"(,"sites":)");
    person.sites = read_words(in, "sites", max_policy_sites);
    in.literal(R"(,"purposes":)");
    person.purposes = read_words(in, "purposes", max_policy_purposes);
    in.literal(R"(,"until":)");
    person.until = read_day(in, "until");
    in.literal("}");
    return person;
}

}  // namespace

Result<std::string> encode_access_policy(const AccessPolicy& policy) {
    TRY(check_access_policy(policy));
    CanonicalWriter out(4096);
    out.literal(policy.gateways.empty() ? beginning : beginning_with_gateways);
    out.text("fleet", policy.fleet, max_name_bytes);
    out.literal(R"(,"version":)").integer("version", policy.version);
    out.literal(R"(,"t":)").time("t", policy.issued.time_since_epoch()).literal(R"(,"until":)");
    write_day(out, "until", policy.until);
    out.literal(R"(,"purposes":)");
    write_words(out, "purposes", policy.purposes);
    out.literal(R"(,"sites":)");
    write_list(out, policy.sites, [&out](const AccessSite& site) { write_site(out, site); });
    out.literal(R"(,"people":)");
    write_list(out, policy.people, [&out](const AccessPerson& person) { write_person(out, person); });
    if (!policy.gateways.empty()) {
        out.literal(R"(,"gateways":)");
        write_words(out, "gateways", policy.gateways);
    }
    out.literal("}");
    if (out.size() > max_policy_text_bytes)
        return fail(ErrorCode::invalid_argument,
                    "access policy: its text has {} bytes, at most {}; shorten names or split the fleet",
                    out.size(), max_policy_text_bytes);
    return std::move(out).finish();
}

Result<AccessPolicy> parse_access_policy(std::string_view json) {
    CanonicalReader in(json.substr(0, max_policy_text_bytes));
    AccessPolicy policy;
    const bool gateways = in.next_is(beginning_with_gateways);
    in.literal(gateways ? beginning_with_gateways : beginning);
    policy.fleet = in.text("fleet", max_name_bytes);
    in.literal(R"(,"version":)");
    policy.version = in.integer("version");
    in.literal(R"(,"t":)");
    policy.issued = UtcTime(in.time("t"));
    in.literal(R"(,"until":)");
    policy.until = read_day(in, "until");
    in.literal(R"(,"purposes":)");
    policy.purposes = read_words(in, "purposes", max_policy_purposes);
    in.literal(R"(,"sites":)");
    policy.sites = read_list<AccessSite>(in, "sites", max_policy_sites, [&in] { return read_site(in); });
    in.literal(R"(,"people":)");
    policy.people =
        read_list<AccessPerson>(in, "people", max_policy_people, [&in] { return read_person(in); });
    if (gateways) {
        in.literal(R"(,"gateways":)");
        policy.gateways = read_words(in, "gateways", max_policy_gateways);
    }
    TRY(with_context(in.literal("}").done(), "access policy"));
    return written_alike(std::move(policy), json, "access policy", &encode_access_policy);
}

}  // namespace portcullis
