import Testing

/// One schema with values that fit and values that do not.
struct KeywordCase: Sendable, CustomTestStringConvertible {
    let schema: String
    let valid: [String]
    let invalid: [String]

    init(_ schema: String, valid: [String], invalid: [String]) {
        self.schema = schema
        self.valid = valid
        self.invalid = invalid
    }

    var testDescription: String { schema }
}

@Suite("Keywords of JSON Schema")
struct KeywordTests {
    @Test("What fits and what does not", arguments: values + strings + containers + combinations)
    func table(example: KeywordCase) throws {
        for instance in example.valid {
            #expect(try messages(example.schema, instance) == [], "valid: \(instance)")
        }
        for instance in example.invalid {
            #expect(try !messages(example.schema, instance).isEmpty, "invalid: \(instance)")
        }
    }

    static let values = [
        KeywordCase("true", valid: ["1", "a", "{}"], invalid: []),
        KeywordCase("false", valid: [], invalid: ["1", "a", "{}", "~"]),
        KeywordCase("{}", valid: ["1", "[]"], invalid: []),
        KeywordCase(
            "{type: integer}", valid: ["1", "1.0", "-3", "0x1F", "1e3"], invalid: ["1.5", "'1'", "~", "true", "a"]),
        KeywordCase("{type: number}", valid: ["1", "1.5", ".5"], invalid: ["'1'", "a", "[]", "true"]),
        KeywordCase("{type: string}", valid: ["a", "'1'", "yes", "''", "!!str 1"], invalid: ["1", "true", "~", "{}"]),
        KeywordCase("{type: boolean}", valid: ["true", "False"], invalid: ["yes", "0", "'true'"]),
        KeywordCase("{type: 'null'}", valid: ["~", "null"], invalid: ["0", "''", "[]"]),
        KeywordCase("{type: array}", valid: ["[]", "[1]"], invalid: ["{}", "a"]),
        KeywordCase("{type: object}", valid: ["{}", "{a: 1}"], invalid: ["[]", "a"]),
        KeywordCase("{type: [integer, string]}", valid: ["1", "a"], invalid: ["1.5", "~"]),
        KeywordCase(
            "{enum: [1, a, ~, [1, 2.0], {a: 1, b: 2}]}", valid: ["1.0", "a", "~", "[1.0, 2]", "{b: 2, a: 1.0}"],
            invalid: ["2", "'1'", "A", "[1]", "[2, 1]", "{a: 1}", "true", "0"]),
        KeywordCase("{enum: [0]}", valid: ["0", "0.0", "-0.0"], invalid: ["false", "''", "[]", "[0]"]),
        KeywordCase("{enum: [[0]]}", valid: ["[0]"], invalid: ["[false]", "0"]),
        KeywordCase("{const: {a: [1]}}", valid: ["{a: [1]}"], invalid: ["{a: 1}", "{a: [1], b: 1}"]),
        KeywordCase(
            "{const: 9007199254740992}", valid: ["9007199254740992", "9007199254740992.0"],
            invalid: ["9007199254740991", "9007199254740993"]),
        KeywordCase("{const: \"\\u00e9\"}", valid: ["\"\\u00e9\""], invalid: ["\"e\\u0301\""]),
        KeywordCase("{minimum: 1.1}", valid: ["2.6", "1.1", "x"], invalid: ["0.6", "-1"]),
        KeywordCase("{minimum: -2}", valid: ["-2", "-2.0", "0"], invalid: ["-2.0001", "-3"]),
        KeywordCase("{maximum: 3}", valid: ["3", "3.0", "x"], invalid: ["3.5", "4"]),
        KeywordCase("{exclusiveMinimum: 1.1}", valid: ["1.2"], invalid: ["1.1", "0"]),
        KeywordCase("{exclusiveMaximum: 3}", valid: ["2.9"], invalid: ["3", "3.0", "9"]),
        KeywordCase(
            "{maximum: 9223372036854775806}", valid: ["9223372036854775806"],
            invalid: ["9223372036854775807", "9223372036854775808"]),
        KeywordCase("{multipleOf: 2}", valid: ["10", "x", "0", "-4", "4.0"], invalid: ["7", "2.5"]),
        KeywordCase("{multipleOf: 1.5}", valid: ["0", "4.5"], invalid: ["35"]),
        KeywordCase("{multipleOf: 0.0001}", valid: ["0.0075", "12391239123"], invalid: ["0.00751"]),
        KeywordCase("{multipleOf: 0.1}", valid: ["0.3", "1.1", "-0.7"], invalid: ["0.35"]),
        KeywordCase("{multipleOf: 0.123456789}", valid: ["0.246913578"], invalid: ["1e300"]),
        KeywordCase("{multipleOf: 1e-8}", valid: ["12391239123"], invalid: []),
    ]

    static let strings = [
        KeywordCase("{minLength: 2}", valid: ["foo", "fo", "100"], invalid: ["f", "\"\\U0001F4A9\"", "''"]),
        KeywordCase(
            "{maxLength: 2}", valid: ["f", "fo", "\"\\U0001F4A9\\U0001F4A9\""], invalid: ["foo", "\"e\\u0301e\""]),
        KeywordCase("{pattern: '^a*$'}", valid: ["aaa", "''", "12", "~", "{}"], invalid: ["abc", "\"a\\n\""]),
        KeywordCase("{pattern: 'a+'}", valid: ["xxaayy"], invalid: ["xyz"]),
        KeywordCase("{pattern: '^\\d+$'}", valid: ["'12'"], invalid: ["\"\\u0663\"", "1a"]),
        KeywordCase("{pattern: '^\\p{Lu}\\w{1,3}$'}", valid: ["Abc", "\"\\u00c9a\""], invalid: ["abc", "Abcde"]),
        KeywordCase("{pattern: '^.$'}", valid: ["\"\\U0001F4A9\"", "a"], invalid: ["\"e\\u0301\"", "\"\\n\""]),
        KeywordCase("{pattern: '^(a|b(?:c|d)?)*x?$'}", valid: ["abcbdx", "''", "x"], invalid: ["cx", "xx"]),
        KeywordCase("{pattern: '^[^a-c\\d-]+$'}", valid: ["xyz"], invalid: ["xaz", "x-z", "x1"]),
        KeywordCase("{pattern: '\\bfoo\\b'}", valid: ["a foo b"], invalid: ["afoo"]),
        KeywordCase("{pattern: '^\\u00e9\\x41\\u{1F4A9}\\cJ$'}", valid: ["\"\\u00e9A\\U0001F4A9\\n\""], invalid: ["e"]),
        KeywordCase(
            "{pattern: '^(a+)+$'}", valid: [String(repeating: "a", count: 5000)],
            invalid: [String(repeating: "a", count: 5000) + "b"]),
        KeywordCase("{pattern: '^a{2,3}$'}", valid: ["aa", "aaa"], invalid: ["a", "aaaa"]),
        KeywordCase("{pattern: '^a{2,}?{$'}", valid: ["'aa{'"], invalid: ["'a{'"]),
        KeywordCase(
            "{format: date}", valid: ["2024-02-29", "12", "1963-06-19"],
            invalid: ["2023-02-29", "2024-1-01", "2024-13-01", "\"2024-01-01 \""]),
        KeywordCase(
            "{format: date-time}",
            valid: ["1963-06-19T08:30:06.283185Z", "1990-12-31T15:59:60-08:00", "1963-06-19t08:30:06z"],
            invalid: [
                "1990-02-31T15:59:59Z", "1990-12-31T15:59:61Z", "2013-350T01:01:01", "1963-06-19T08:30:06",
                "1998-12-31T22:59:60Z", "1990-12-31 15:59:59Z",
            ]),
        KeywordCase(
            "{format: time}", valid: ["'08:30:06Z'", "'23:59:60Z'", "'08:30:06.1+05:30'"],
            invalid: ["'08:30:06'", "'24:00:00Z'", "'22:59:60Z'", "'08:30:06.Z'"]),
        KeywordCase(
            "{format: duration}", valid: ["P4DT12H30M5S", "P4Y", "PT0S", "P1M", "PT36H", "P2W", "P1Y2M"],
            invalid: ["PT1D", "P", "P1YT", "PT", "P2D1Y", "P1D2H", "P2S", "P1", "P1Y2W", "4D", "P1YT1S1H", "P1Y2D"]),
        KeywordCase(
            "{format: email}",
            valid: [
                "joe.bloggs@example.com", "te~st@example.com", "'\"joe bloggs\"@example.com'", "'joe@[127.0.0.1]'",
            ],
            invalid: [
                "'2962'", ".test@example.com", "test.@example.com", "te..st@example.com", "joe@",
                "joe@invalid=domain.com",
            ]),
        KeywordCase(
            "{format: hostname}", valid: ["www.example.com", "a", "xn--4gbwdl.xn--wgbh1c", "host-1"],
            invalid: ["-bad", "bad-", "a_b", "''", "a..b", "a.", "\"\\u00e9\""]),
        KeywordCase(
            "{format: ipv4}", valid: ["192.168.0.1", "0.0.0.0"],
            invalid: ["256.1.1.1", "127.0.0", "127.0.0.0.1", "087.10.0.1", "'0x7f000001'", "\"192.168.1.0/24\""]),
        KeywordCase(
            "{format: ipv6}",
            valid: [
                "'::1'", "'::'", "'1::'", "'2001:db8::7'", "'::ffff:192.168.0.1'", "'1:2:3:4:5:6:7:8'",
                "'1:2::192.168.0.1'",
            ],
            invalid: [
                "'12345::'", "':2:3:4:5:6:7:8'", "'1:2:3:4:5:6:7'", "'1::2::3'", "'1:2:3:4:5:6:7:8:9'", "'::1%eth0'",
                "'1:2:3:4:5:6:7::8x'", "'127.0.0.1'", "'::fffg'",
            ]),
        KeywordCase(
            "{format: uri}",
            valid: [
                "http://foo.bar/?baz=qux#quux", "'urn:oasis:names:x'", "'mailto:a@b.c'",
                "'ldap://[2001:db8::7]/c=GB?one'", "'tel:+1-816'",
            ],
            invalid: [
                "//foo.bar/?baz", "/abc", "abc", "'http:// shouldfail.com'", "'bar,baz:foo'",
                "'http://example.com:80a/'", "'https://[::x]/'", "'http://a/<b>'", "'http://a/%zz'",
            ]),
        KeywordCase(
            "{format: uri-reference}", valid: ["/abc", "//foo.bar", "abc", "'#frag'", "http://a/b"],
            invalid: ["'\\\\a'", "'#a b'", "'1:b'"]),
        KeywordCase(
            "{format: uuid}", valid: ["2EB8AA08-aa98-11ea-b4aa-73b441d16380"],
            invalid: [
                "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa98-11ea-b4aa73b441d16380----",
                "2gb8aa08-aa98-11ea-b4aa-73b441d16380",
            ]),
        KeywordCase(
            "{format: regex}", valid: ["'([abc])+\\s+$'"],
            invalid: ["'^(abc]'", "'a{2,1}'", "'\\a'", "'[b-a]'", "'*a'"]),
        KeywordCase("{format: json-pointer}", valid: ["''", "/", "/a~0b/~1"], invalid: ["/a~", "/a~2", "a", "'#'"]),
        KeywordCase("{format: absolute-path}", valid: ["/", "/srv/x"], invalid: ["srv", "./x", "''", "\"/a\\0b\""]),
    ]

    static let containers = [
        KeywordCase("{items: {type: integer}}", valid: ["[]", "[1, 2]", "{a: x}"], invalid: ["[1, x]"]),
        KeywordCase(
            "{prefixItems: [{type: integer}, {type: string}], items: false}", valid: ["[]", "[1]", "[1, a]"],
            invalid: ["[a]", "[1, 2]", "[1, a, x]"]),
        KeywordCase("{contains: {minimum: 5}}", valid: ["[3, 5]", "x"], invalid: ["[]", "[3, 4]"]),
        KeywordCase(
            "{contains: {const: 1}, minContains: 2, maxContains: 3}", valid: ["[1, 1]", "[1, 2, 1, 1]"],
            invalid: ["[1]", "[1, 1, 1, 1]"]),
        KeywordCase("{contains: {const: 1}, minContains: 0}", valid: ["[]", "[2]"], invalid: []),
        KeywordCase("{minContains: 2}", valid: ["[]"], invalid: []),
        KeywordCase("{minItems: 1, maxItems: 2}", valid: ["[1]", "[1, 2]", "x"], invalid: ["[]", "[1, 2, 3]"]),
        KeywordCase(
            "{uniqueItems: true}",
            valid: ["[1, 2]", "[1, true]", "[0, false]", "[[1], [true]]", "['1', 1]", "[{a: 1}, {b: 1}]"],
            invalid: ["[1, 1.0]", "[{a: 1, b: 2}, {b: 2, a: 1}]", "[[1], [1.0]]", "[~, 2, ~]"]),
        KeywordCase(
            "{properties: {a: {type: integer}, b: false}}", valid: ["{a: 1}", "{c: x}", "[]"],
            invalid: ["{a: x}", "{b: 1}"]),
        KeywordCase("{required: [a, b]}", valid: ["{a: 1, b: ~}", "[]"], invalid: ["{}", "{a: 1}"]),
        KeywordCase(
            "{properties: {a: {}}, patternProperties: {'^x': {type: integer}}, additionalProperties: false}",
            valid: ["{a: 1, x1: 1}", "{}"], invalid: ["{c: 1}", "{x1: a}"]),
        KeywordCase(
            "{properties: {a: {}}, additionalProperties: {type: integer}}", valid: ["{a: x, b: 1}"], invalid: ["{b: x}"]
        ),
        KeywordCase("{propertyNames: {maxLength: 2}}", valid: ["{ab: 1}", "{}"], invalid: ["{abc: 1}"]),
        KeywordCase("{propertyNames: false}", valid: ["{}"], invalid: ["{a: 1}"]),
        KeywordCase("{propertyNames: {enum: [a, '1']}}", valid: ["{a: 1, 1: 2}"], invalid: ["{b: 1}"]),
        KeywordCase(
            "{minProperties: 1, maxProperties: 2}", valid: ["{a: 1}", "[]"], invalid: ["{}", "{a: 1, b: 1, c: 1}"]),
        KeywordCase(
            "{dependentRequired: {a: [b, c]}}", valid: ["{}", "{b: 1}", "{a: 1, b: 1, c: 1}"], invalid: ["{a: 1, b: 1}"]
        ),
        KeywordCase(
            "{dependentSchemas: {a: {required: [b]}, z: false}}", valid: ["{}", "{a: 1, b: 1}"],
            invalid: ["{a: 1}", "{z: 1}"]),
    ]

    static let combinations = [
        KeywordCase("{allOf: [{minimum: 1}, {maximum: 3}]}", valid: ["2"], invalid: ["0", "4"]),
        KeywordCase("{anyOf: [{type: integer}, {minimum: 2}]}", valid: ["1", "2.5"], invalid: ["1.5"]),
        KeywordCase("{oneOf: [{type: integer}, {minimum: 2}]}", valid: ["1", "2.5"], invalid: ["3", "1.5"]),
        KeywordCase("{oneOf: [true, false]}", valid: ["1"], invalid: []),
        KeywordCase("{not: {type: integer}}", valid: ["a"], invalid: ["1"]),
        KeywordCase("{not: {not: {type: integer}}}", valid: ["1"], invalid: ["a"]),
        KeywordCase(
            "{if: {properties: {a: {const: 1}}, required: [a]}, then: {required: [b]}, else: {required: [c]}}",
            valid: ["{a: 1, b: 1}", "{c: 1}"], invalid: ["{a: 1}", "{a: 2}", "{}"]),
        KeywordCase("{then: false, else: false}", valid: ["1"], invalid: []),
        KeywordCase("{$ref: '#/$defs/a', maximum: 5, $defs: {a: {minimum: 1}}}", valid: ["3"], invalid: ["0", "6"]),
        KeywordCase(
            "{properties: {n: {$ref: '#'}}, additionalProperties: false}", valid: ["{n: {n: {}}}"],
            invalid: ["{n: {x: 1}}"]),
        KeywordCase(
            "{$ref: '#/$defs/a~1b/properties/c~0d%25', $defs: {a/b: {properties: {'c~d%': {type: integer}}}}}",
            valid: ["1"], invalid: ["a"]),
        KeywordCase(
            "{properties: {a: {}}, allOf: [{properties: {b: {}}}], unevaluatedProperties: false}",
            valid: ["{a: 1, b: 1}"], invalid: ["{c: 1}"]),
        KeywordCase(
            "{anyOf: [{properties: {a: {const: 1}}, required: [a]}, {properties: {b: {}}, required: [b]}], unevaluatedProperties: false}",
            valid: ["{a: 1}", "{b: 1}", "{a: 1, b: 1}"], invalid: ["{a: 2, b: 1}", "{a: 1, c: 1}"]),
        KeywordCase(
            "{if: {properties: {a: {const: 1}}, required: [a]}, then: {properties: {b: {}}}, unevaluatedProperties: {type: string}}",
            valid: ["{a: 1, b: 1}", "{a: x}"], invalid: ["{a: 2}", "{b: 1}"]),
        KeywordCase(
            "{not: {not: {properties: {a: {}}}}, unevaluatedProperties: false}", valid: ["{}"], invalid: ["{a: 1}"]),
        KeywordCase(
            "{allOf: [{unevaluatedProperties: true}], unevaluatedProperties: false}", valid: ["{a: 1}"], invalid: []),
        KeywordCase(
            "{x-cairn-secret: true}", valid: ["{fromEnv: A_B}", "{fromFile: /x}"],
            invalid: [
                "abc", "12", "{}", "{fromEnv: A, fromFile: b}", "{fromEnv: ''}", "{fromEnv: 1}", "{fromEnv: A, x: 1}",
                "~", "[a]", "{fromEnv: 'a b'}",
            ]),
    ]
}
