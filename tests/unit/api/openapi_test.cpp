// The API's description says what the router does: a field or path that one has and the other has not is
// found here.
#include "api/openapi.hpp"

#include <set>

#include "api/questions.hpp"
#include "unit/api/api_bench.hpp"

using namespace portcullis;
using namespace portcullis::test;

namespace {

using Names = std::set<std::string>;

const Json& description() {
    static const Json json = Json::parse(openapi_text);
    return json;
}

/// A schema, or the one that it refers to.
const Json& schema_of(const Json& schema) {
    if (!schema.contains("$ref")) return schema;
    const std::string name = schema["$ref"];
    constexpr std::string_view folder = "#/components/schemas/";
    REQUIRE(name.starts_with(folder));
    return description()["components"]["schemas"].at(name.substr(folder.size()));
}

Names keys_of(const Json& object) {
    Names names;
    for (const auto& [key, value] : object.items())
        names.insert(key);
    return names;
}

bool is_of(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_unsigned();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
}

/// Fields, types and words of a value are those of its schema, at each depth.
void check_fits(const Json& value, const Json& given, const std::string& where) {
    const Json& schema = schema_of(given);
    CAPTURE(where);
    const Json types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
    CHECK(std::ranges::any_of(types, [&](const Json& type) { return is_of(value, type); }));
    if (schema.contains("enum")) CHECK(std::ranges::find(schema["enum"], value) != schema["enum"].end());
    if (value.is_array())
        for (const Json& one : value)
            check_fits(one, schema.at("items"), where + "[]");
    if (!value.is_object() || !schema.contains("properties")) return;
    CHECK(schema.at("additionalProperties") == false);
    CHECK(keys_of(value) == keys_of(schema["properties"]));
    for (const auto& [key, one] : value.items())
        if (schema["properties"].contains(key)) check_fits(one, schema["properties"][key], where + "." + key);
}

const Json& answer_schema(const std::string& path, const char* method) {
    return description()["paths"]
        .at(path)
        .at(method)
        .at("responses")
        .at("200")
        .at("content")
        .at("application/json")
        .at("schema");
}

template <class Fields>
Names names_of(const Fields& fields) {
    return {fields.begin(), fields.end()};
}

}  // namespace

TEST_CASE("the description names the router's paths and methods, and no other") {
    Names described;
    for (const auto& [path, methods] : description()["paths"].items())
        for (const auto& [method, operation] : methods.items()) {
            described.insert(method + " " + path);
            CHECK(operation["responses"].contains("403"));
        }
    Names routed;
    for (const ApiRoute& route : api_routes())
        routed.insert((route.method == "GET" ? "get " : "post ") + std::string(route.path));
    CHECK(described == routed);
    CHECK(description()["openapi"] == "3.1.0");
    ApiBench bench;
    CHECK(bench.get("/v1/openapi.json", "carol").body == openapi_text);
}

TEST_CASE("the description names the fields that a question takes, and those that it needs") {
    const auto body = [](const char* path) -> const Json& {
        return schema_of(
            description()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]);
    };
    CHECK(keys_of(body("/v1/searches")["properties"]) == names_of(search_fields));
    CHECK(body("/v1/searches")["required"].get<Names>() == names_of(search_needs));
    CHECK(keys_of(body("/v1/crossings")["properties"]) == names_of(crossing_fields));
    CHECK(body("/v1/crossings")["required"].get<Names>() == names_of(crossing_needs));
    // The lists are the parser's: each of them is asked for, and what it needs is missed.
    ApiBench bench;
    for (const char* field : search_fields) {
        Json request = search_body();
        request[field] = Json::object();
        CHECK(is_problem(bench.post("/v1/searches", request), 400, fmt::format("\"{}\"", field)));
    }
    for (const char* field : crossing_fields) {
        Json request = crossings_body();
        request[field] = Json::object();
        CHECK(is_problem(bench.post("/v1/crossings", request), 400, fmt::format("\"{}\"", field)));
    }
}

TEST_CASE("each answer has the fields that the description says, of the types that it says") {
    ApiBench bench;
    for (const char* account : {"alice", "carol"})
        for (const char* path : {"/v1/me", "/v1/devices", "/v1/incidents"})
            check_fits(Json::parse(bench.get(path, account).body), answer_schema(path, "get"), path);
    SearchAnswer found;
    found.found.push_back({"gate-1", {}, 7, api_now, "AB12CDE", "1", Direction::unknown});
    found.holes.push_back({api_now, api_now});
    bench.answer = to_packet(found);
    check_fits(Json::parse(bench.post("/v1/searches", search_body()).body),
               answer_schema("/v1/searches", "post"), "search");
    CrossingAnswer crossed;
    const ToldPassage passage{"gate-1", {}, "in", 1, api_now};
    crossed.crossings.push_back({passage, passage, 0});
    crossed.entries.push_back({passage, "edge"});
    crossed.exits.push_back({passage, "alone"});
    crossed.holes.push_back({api_now, api_now});
    bench.answer = to_packet(crossed);
    check_fits(Json::parse(bench.post("/v1/crossings", crossings_body()).body),
               answer_schema("/v1/crossings", "post"), "crossings");
    const Json problem = {{"$ref", "#/components/schemas/Problem"}};
    check_fits(Json::parse(bench.get("/nothing").body), problem, "problem");
}
