import CanonicalForm
import Diagnostics
import Manifests
import Testing
import YAMLSource

@Suite("Messages and places of schema violations")
struct MessageTests {
    static let schema = """
        type: object
        required: [path]
        additionalProperties: false
        properties:
          path: {type: string, format: absolute-path, description: The directory to protect}
          compression: {description: How to pack, enum: [zstd, gzip, none], default: zstd}
          level: {type: integer, minimum: 1, maximum: 19, default: 3}
          follow: {type: boolean, deprecated: true}
          exclude: {type: array, items: {type: string, minLength: 1}, uniqueItems: true}
          password: {x-cairn-secret: true}
          tag: {type: string}
          retry:
            type: object
            additionalProperties: false
            required: [times]
            properties: {times: {type: integer}, wait: {anyOf: [{type: integer}, {type: string, pattern: '^[0-9]+s$'}]}}
          target:
            oneOf:
              - {type: object, properties: {kind: {const: local}, dir: {type: string}}, required: [kind, dir]}
              - {type: object, properties: {kind: {const: s3}, bucket: {type: string}}, required: [kind, bucket]}
          size: {anyOf: [{type: integer}, {type: string}]}
          either: {anyOf: [{required: [a]}, {required: [b]}]}
        """

    /// `line:column-column code message [help]` of each violation.
    private func faults(_ instance: String, partial: Bool = false) throws -> [String] {
        var bench = Workbench()
        let schema = try bench.schema(MessageTests.schema)
        let node = try bench.node(instance)
        #expect(bench.rendered(bench.faults.sorted) == "")
        let index = LineIndex(SourceText(name: "", bytes: Array(instance.utf8)))
        return try schema.validate(.node(node), as: Subject(.parameter, of: "T::X"), partial: partial).map { fault in
            let range = try #require(fault.range)
            let start = index.position(of: range.start)
            let help = fault.suggestions.map { " [\($0.message)|\($0.replacement)]" }.joined()
            return "\(start.line):\(start.column)-\(index.position(of: range.end).column) "
                + "\(fault.code.rawValue) \(fault.message)\(help)"
        }
    }

    @Test(
        "Each fault once, at its exact characters, in words that help",
        arguments: [
            ("{}", ["1:1-2 E0302 missing parameter 'path' of T::X"]),
            ("level: 3", ["1:1-6 E0302 missing parameter 'path' of T::X"]),
            ("path: srv", ["1:7-10 E0301 parameter 'path' must be an absolute path, not 'srv'"]),
            ("pth: /a", ["1:1-4 E0303 unknown parameter 'pth' of T::X [did you mean 'path'?|path]"]),
            (
                "{path: /a, compresion: gzip}",
                ["1:12-22 E0303 unknown parameter 'compresion' of T::X [did you mean 'compression'?|compression]"]
            ),
            (
                "{path: /a, compression: 'gzipp'}",
                [
                    "1:25-32 E0305 parameter 'compression' must be one of zstd, gzip, none, not 'gzipp' [did you mean 'gzip'?|gzip]"
                ]
            ),
            ("{path: /a, level: 22}", ["1:19-21 E0301 parameter 'level' must be at most 19, not 22"]),
            (
                "{path: /a, level: '3'}",
                ["1:19-22 E0304 parameter 'level' must be an integer, not '3' [remove the quotes|3]"]
            ),
            (
                "{path: /a, follow: yes}",
                ["1:20-23 E0304 parameter 'follow' must be true or false, not 'yes' [write 'true'|true]"]
            ),
            ("{path: /a, follow: perhaps}", ["1:20-27 E0304 parameter 'follow' must be true or false, not 'perhaps'"]),
            (
                "path: /a\ntag: 1.0\n",
                ["2:6-9 E0304 parameter 'tag' must be a string, not 1.0 [write \"1.0\", with quotes|\"1.0\"]"]
            ),
            ("path: /a\ntag:\n", ["2:1-4 E0304 parameter 'tag' must be a string, not nothing"]),
            (
                "path: /a\nexclude: \"*.tmp\"",
                ["2:10-17 E0304 parameter 'exclude' must be a list, not '*.tmp' [write [\"*.tmp\"]|[\"*.tmp\"]]"]
            ),
            (
                "path: /a\nexclude: [ä, '', ä, 3]",
                [
                    "2:14-16 E0301 element 2 of parameter 'exclude' must not be empty",
                    "2:18-19 E0301 element 3 of parameter 'exclude' is the same as element 1",
                    "2:21-22 E0304 element 4 of parameter 'exclude' must be a string, not 3 [write \"3\", with quotes|\"3\"]",
                ]
            ),
            (
                "path: /a\nretry: {tims: 3, wait: 3m}",
                [
                    "2:9-13 E0303 unknown key 'tims' [did you mean 'times'?|times]",
                    "2:24-26 E0301 'wait' must match the pattern '^[0-9]+s$', which '3m' does not",
                ]
            ),
            ("path: /a\ntarget: {kind: s3, dir: /x}", ["2:10-14 E0302 missing key 'bucket' of parameter 'target'"]),
            (
                "path: /a\ntarget: {kind: s4, dir: /x}",
                ["2:16-18 E0305 'kind' must be one of local, s3, not 's4' [did you mean 's3'?|s3]"]
            ),
            ("path: /a\ntarget: here", ["2:9-13 E0304 parameter 'target' must be a mapping, not 'here'"]),
            ("path: /a\nsize: [1]", ["2:7-8 E0304 parameter 'size' must be a string or an integer, not a list"]),
            ("path: /a\neither: {}", ["2:9-10 E0302 missing 'a' or 'b' of parameter 'either'"]),
            (
                "path: /a\npassword: hunter2",
                ["2:11-18 E0306 parameter 'password' is a secret and must not be written here"]
            ),
            (
                "path: /a\npassword: {fromEnvv: A}",
                ["2:12-20 E0303 unknown key 'fromEnvv' [did you mean 'fromEnv'?|fromEnv]"]
            ),
            ("- a", ["1:1-2 E0304 the parameters of T::X must be a mapping, not a list"]),
        ] as [(String, [String])])
    func goldens(instance: String, expected: [String]) throws {
        #expect(try faults(instance) == expected)
    }

    @Test("A layer may leave out what another brings, but not say what is wrong")
    func partial() throws {
        #expect(try faults("{level: 3}", partial: true) == [])
        #expect(try faults("{level: 33, pth: 1}", partial: true).count == 2)
        #expect(try faults("{retry: {}}", partial: true) == ["1:9-10 E0302 missing key 'times' of parameter 'retry'"])
        let conditions = "{oneOf: [{required: [a]}, {required: [b]}], not: {required: [c]}, minProperties: 2}"
        #expect(try messages(conditions, "{d: 1}", partial: true) == [])
        #expect(try messages(conditions, "{d: 1}").count == 2)
    }

    @Test("Merged mappings are one instance; what is missing is reported at their head")
    func merged() throws {
        var bench = Workbench()
        let schema = try bench.schema(MessageTests.schema)
        let plan = try bench.node("compression: bzip\n", name: "plan.yaml")
        let provider = try bench.node("level: 40\n", name: "provider.yaml")
        let head = try bench.node("id", name: "head.yaml").range
        let mapping = MergedMapping(entries: plan.entries + provider.entries, head: head)
        let faults = schema.validate(.merged(mapping), as: Subject(.parameter, of: "T::X"), partial: false)
        let places = faults.map { fault in fault.range.map { bench.sources[$0.source].name } ?? "" }
        #expect(places == ["plan.yaml", "provider.yaml", "head.yaml"])
        #expect(faults.map(\.code) == [.schemaEnum, .schemaViolation, .missingRequired])
        #expect(faults[2].notes == ["'path': The directory to protect"])
    }

    @Test("No message, excerpt or suggestion repeats a secret")
    func secrets() throws {
        let schemas = [
            "{properties: {p: {x-cairn-secret: true}}}",
            "{properties: {p: {anyOf: [{x-cairn-secret: true}, {type: 'null'}]}}}",
            "{properties: {p: {$ref: '#/$defs/s', maxLength: 3, type: integer}}, $defs: {s: {x-cairn-secret: true}}}",
            "{allOf: [{properties: {p: {enum: [hunter1, x]}}}, {properties: {p: {x-cairn-secret: true}}}]}",
        ]
        for schema in schemas {
            for secret in ["hunter2", "'hunter2'", "[hunter2]", "\"hunter2\\n\""] {
                let shown = try check(schema, "p: \(secret)")
                #expect(shown.contains("E0306"))
                #expect(!shown.contains("hunter2"), "\(shown)")
            }
        }
    }

    @Test("Properties and defaults are listed in the order of the schema")
    func properties() throws {
        var bench = Workbench()
        let schema = try bench.schema(MessageTests.schema)
        #expect(
            schema.properties.map { "\($0.name): \($0.typeSummary)" } == [
                "path: string (absolute-path)", "compression: one of zstd, gzip, none", "level: integer",
                "follow: boolean",
                "exclude: list of string", "password: secret reference", "tag: string", "retry: mapping",
                "target: mapping",
                "size: integer or string", "either: mapping",
            ])
        #expect(schema.properties.filter(\.isRequired).map(\.name) == ["path"])
        #expect(schema.properties.filter(\.isDeprecated).map(\.name) == ["follow"])
        #expect(schema.properties[0].description == "The directory to protect")
        #expect(schema.defaults == ["compression": "zstd", "level": 3])
    }

    @Test(
        "Faults of a schema are reported at their place",
        arguments: [
            ("{typ: string}", "1:2: error[E0105]: unknown schema keyword 'typ'"),
            ("{type: strin}", "1:8: error[E0105]: unknown type 'strin'"),
            ("{pattern: '('}", "1:11: error[E0105]: the regular expression is faulty: a group does not end with ')'"),
            (
                "{pattern: 'a(?=b)'}",
                "1:11: error[E0105]: the regular expression is faulty: look-ahead is not supported; combine"
            ),
            (
                "{patternProperties: {'[': {}}}",
                "1:22: error[E0105]: the regular expression is faulty: a set does not end with ']'"
            ),
            ("{format: dat}", "1:10: error[E0105]: unknown format 'dat'"),
            ("{$ref: '#/$defs/x'}", "1:8: error[E0105]: '$ref' names nothing: there is no '$defs' there"),
            ("{$ref: 'other.yaml'}", "1:8: error[E0105]: '$ref' can only name a schema of the same manifest"),
            ("{minimum: a}", "1:11: error[E0105]: 'minimum' must be a number"),
            ("{minLength: -1}", "1:13: error[E0105]: 'minLength' must be an integer that is not negative"),
            ("{multipleOf: 0}", "1:14: error[E0105]: 'multipleOf' must be larger than 0"),
            ("{required: [a, a]}", "1:16: error[E0105]: 'a' is twice in 'required'"),
            ("{items: [{}]}", "1:9: error[E0105]: a schema is a mapping, or true or false"),
            ("{anyOf: []}", "1:9: error[E0105]: 'anyOf' needs at least one schema"),
            ("{$dynamicRef: '#a'}", "1:2: error[E0105]: the schema keyword '$dynamicRef' is not supported"),
            ("{$schema: 'http://json-schema.org/draft-07/schema#'}", "1:11: error[E0105]: '$schema' must be https"),
            ("{items: {$id: a}}", "1:10: error[E0105]: '$id' can only stand at the top of a schema"),
            ("{$ref: '#b', items: {$anchor: a}}", "1:8: error[E0105]: '$ref' names nothing: there is no 'b' there"),
            ("{$ref: '#b'}", "1:8: error[E0105]: '$ref' must be '#', a JSON pointer such as '#/$defs/name', or an"),
            (
                "{items: {$anchor: a}, not: {$anchor: a}}",
                "1:38: error[E0105]: two schemas have the anchor 'a'"
            ),
            ("{$ref: '#'}", "1:8: error[E0105]: the schema refers to itself for the same value"),
            (
                "{properties: {a: {allOf: [{$ref: '#/properties/a'}]}}}",
                "1:34: error[E0105]: the schema refers to itself"
            ),
            (
                "{properties: {a: {type: integer, default: x}}}",
                "1:43: error[E0105]: the default of 'a' must be an integer"
            ),
            ("{x-cairn-secrets: true}", "1:2: error[E0105]: unknown schema keyword 'x-cairn-secrets'"),
        ])
    func schemaFaults(schema: String, expected: String) throws {
        let shown = try faults(schema)
        #expect(shown.hasPrefix("schema.yaml:" + expected), "\(shown)")
        #expect(shown.components(of: "error[").count == 2, "one fault, one diagnostic: \(shown)")
    }

    private func faults(_ schema: String) throws -> String { try JSONSchemaTests.faults(schema) }

    @Test("Extensions of others and annotations are accepted")
    func annotations() throws {
        #expect(
            try faults(
                """
                {x-ui: 1, title: t, description: d, examples: [1], readOnly: true, $comment: c, $id: i,
                $schema: "https://json-schema.org/draft/2020-12/schema", $anchor: a}
                """)
                == "")
    }
}

extension String {
    /// The pieces between occurrences of `separator`.
    fileprivate func components(of separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}

@Suite("Bounds of validation")
struct BoundsTests {
    private func nested(_ depth: Int, _ leaf: String) -> String {
        String(repeating: "{n: ", count: depth) + leaf + String(repeating: "}", count: depth)
    }

    @Test("Deep values and recursive schemas need no deep stack")
    func depth() throws {
        let tree = "{type: [object, integer], properties: {n: {$ref: '#'}}, additionalProperties: false}"
        #expect(try messages(tree, nested(999, "1")) == [])
        #expect(try messages(tree, nested(999, "a")).count == 1)
        #expect(try messages("{const: 1}", nested(999, "a")).count == 1)
        #expect(
            try messages("{anyOf: [{type: integer}, {type: object, properties: {n: {$ref: '#'}}}]}", nested(999, "1"))
                == [])
        #expect(
            try messages("{type: [object, integer], unevaluatedProperties: {$ref: '#'}}", nested(999, "a")).count == 1)
    }

    @Test("Ways that meet again are walked once")
    func sharing() throws {
        let branching = [
            "{anyOf: [{properties: {n: {$ref: '#'}}, type: object}, {properties: {n: {$ref: '#'}}, type: [object, integer]}]}",
            "{type: [object, integer], properties: {n: {allOf: [{$ref: '#'}, {$ref: '#'}]}}}",
            "{type: [object, integer], properties: {n: {$ref: '#'}}, patternProperties: {n: {$ref: '#'}}}",
        ]
        for schema in branching {
            #expect(try messages(schema, nested(300, "1")) == [])
            #expect(try !messages(schema, nested(300, "a")).isEmpty)
        }
    }

    @Test("A schema that branches without end is given up, not waited for")
    func steps() throws {
        let schema =
            "{type: [object, integer], unevaluatedProperties: {allOf: [{$ref: '#', unevaluatedProperties: true}, {$ref: '#', unevaluatedProperties: true}]}}"
        #expect(try messages(schema, nested(8, "1")) == [])
        #expect(
            try messages(schema, nested(60, "1")) == [
                "error[E0301]: the parameters of T::X cannot be checked in reasonable time: the schema branches too often"
            ])
    }
}
