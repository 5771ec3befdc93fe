#!/usr/bin/env python3
"""Our own shape keeps the schema that stands beside it. What it says is compared with these files by webhook_test.cpp.

usage: schema_test.py SOURCE_DIR
Needs python3-jsonschema.
"""
import copy
import json
import pathlib
import sys
import unittest

import jsonschema

SOURCE = pathlib.Path()


class Schema(unittest.TestCase):
    def setUp(self):
        self.schema = json.loads((SOURCE / "firmware" / "forward" / "webhook.schema.json").read_text(encoding="utf-8"))
        files = sorted((SOURCE / "tests" / "data" / "forward").glob("portcullis-*.json"))
        self.told = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        self.assertEqual(len(self.told), 3)

    def test_the_schema_is_one_and_what_is_told_keeps_it(self):
        jsonschema.Draft7Validator.check_schema(self.schema)
        for told in self.told:
            jsonschema.validate(told, self.schema)

    def test_each_field_is_asked_for_and_known(self):
        """Whatever is left out is missed; and a field that we say and the schema does not know would be none of its list."""
        for told in self.told:
            self.assertEqual(set(told), set(self.schema["properties"]))
            for part in ("verdict", "plate", "jurisdiction"):
                self.assertEqual(set(told[part]), set(self.schema["properties"][part]["properties"]))
                for field in told[part]:
                    less = copy.deepcopy(told)
                    del less[part][field]
                    with self.subTest(field=f"{part}.{field}"), self.assertRaises(jsonschema.ValidationError):
                        jsonschema.validate(less, self.schema)
            for field in told:
                less = {key: value for key, value in told.items() if key != field}
                with self.subTest(field=field), self.assertRaises(jsonschema.ValidationError):
                    jsonschema.validate(less, self.schema)


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv.pop(1))
    unittest.main(verbosity=2)
