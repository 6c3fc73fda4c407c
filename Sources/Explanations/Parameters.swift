import Diagnostics

extension Explanation {
    /// Parameters, properties and settings against the schemas of plugins and banks: E03xx.
    static let parameters: [Explanation] = [
        Explanation(
            .schemaViolation,
            meaning: """
                A parameter, a property or a setting breaks a rule of the plugin's schema that none of the codes below \
                is for.

                Follow the rule that the diagnostic states.
                """,
            reason: """
                The plugin would refuse the value when the plan runs, in the night, after other resources were stopped \
                for it.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {level: 50}

                    """),
            right: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {level: 19}

                    """)),
        Explanation(
            .missingRequired,
            meaning: """
                A property, a parameter or a setting is missing that the plugin demands.

                Add it. The note says what it is for.
                """,
            reason: "The plugin does not know what to save.",
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory}

                    """),
            right: Example(plan: oneDirectory)),
        Explanation(
            .unknownParameter,
            meaning: """
                The plugin has no parameter, property or setting of this name.

                Mend the spelling, or take it away.
                """,
            reason: """
                A parameter that nobody reads has no effect, and the default holds. With `exclude` misspelt, a \
                checkpoint grows by what should be left out; with `consistency` misspelt, files are copied while they \
                change.
                """,
            wrong: Example(
                plan: """
                    parameters:
                      Host::FileSystem::Directory: {consistancy: quiesced}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    parameters:
                      Host::FileSystem::Directory: {consistency: quiesced}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .schemaType,
            meaning: """
                A parameter, a property or a setting has another kind of value than the plugin wants.

                Write a value of the kind that the diagnostic states. `yes`, `no`, `on` and `off` are text, not truth \
                values.
                """,
            reason: """
                Where text is taken for a truth value, `no` can come to mean yes: what should be left out is saved, \
                or what should be saved is left out.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {oneFileSystem: yes}

                    """),
            right: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {oneFileSystem: true}

                    """)),
        Explanation(
            .schemaEnum,
            meaning: """
                A value is none of those that the plugin knows.

                Write one of the values that the diagnostic lists.
                """,
            reason: """
                The plugin could only refuse it when the plan runs, or do something else than was asked for.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {compression: gzip}

                    """),
            right: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {compression: zstd}

                    """)),
        Explanation(
            .literalSecret,
            meaning: """
                A secret stands in the file. Where a plugin's schema says that a value is secret, only a reference may \
                stand, and so in a header of a notification that is for a secret. The message never repeats the value.

                Write `{fromEnv: NAME}` or `{fromFile: path}`, and change the secret: it has been in a file that \
                others read.
                """,
            reason: """
                A plan lies in version control, in the compiled plan and in every checkpoint. Whoever can read one of \
                them would have the secret, and it could not be taken back.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Shop::Database
                        properties: {password: tr0ub4dor}

                    """, beside: databaseFiles),
            right: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Shop::Database
                        properties: {password: {fromEnv: ORDERS_PASSWORD}}

                    """, beside: databaseFiles)),
    ]

    /// A plugin with a secret property, and a provider that uses it.
    private static let databaseFiles = [
        provider(of: "database"),
        Example.File(
            "plugins/database.plugin.yaml",
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: database
            version: 1
            description: Saves databases
            resourceTypes:
              - type: Shop::Database
                properties:
                  type: object
                  required: [password]
                  additionalProperties: false
                  properties:
                    password: {x-cairn-secret: true, description: The password of the database}
                operations:
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: [main]}

            """),
    ]
}
