import Diagnostics

extension Explanation {
    /// The shape of documents: E01xx.
    static let documents: [Explanation] = [
        Explanation(
            .unknownKind,
            meaning: """
                A document does not say what it is in `apiVersion` and `kind`, or says something unknown.

                Begin a plan with `apiVersion: cairn/v1` and `kind: Plan`, a provider with `kind: Provider`.
                """,
            reason: """
                A document of an unknown kind cannot be checked, and nothing in it is protected. A later version of \
                Cairn could mean something else by the same words; so the version is asked for, and never guessed.
                """,
            wrong: Example([
                .init("plan.yaml", "apiVersion: cairn/v1\nkind: Paln\nname: shop\nprovider: local\n" + oneDirectory)
            ]),
            right: Example([.init("plan.yaml", Example.head + oneDirectory)])),
        Explanation(
            .missingField,
            meaning: """
                A mapping lacks a key that it must have. For keys that a plugin demands, see E0302.

                Add the key. [plan-reference.md](plan-reference.md) lists the keys of every mapping.
                """,
            reason: """
                Without its type, nobody knows how to save the resource. A program that passed over it would protect \
                all but this one.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: data
                        properties: {path: /srv/data}

                    """),
            right: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}

                    """)),
        Explanation(
            .unknownKey,
            meaning: """
                A mapping has a key that it cannot have.

                Mend the spelling, or take the key away. Keys of your own start with `x-`, at the top level of a \
                document.
                """,
            reason: """
                A key that nobody reads has no effect. Here `more` would be saved as if `data` had nothing to do with \
                it, and the two copies would not fit each other.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}, dependOn: [data]}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}, dependsOn: [data]}

                    """)),
        Explanation(
            .wrongType,
            meaning: """
                A value has another kind than its key wants: text, a whole number, a mapping or a sequence. A key \
                without a value has the value null, which is none of these.

                Quote what should be text. Write `[a]` for a sequence of one, `{}` for an empty mapping, or leave the \
                key out.
                """,
            reason: """
                YAML reads `0123`, `1e3` and `null` as something else than they look like. An id that silently turned \
                into a number would not be the one that other people and the bank know.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: 12, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: "12", type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .invalidValue,
            meaning: """
                A value has the right kind and breaks a rule: a name, an id, a type, a schedule, a time zone, a \
                duration, a number of checkpoints, an address, a command, a limit, a plan without resources, or a name that is there twice.

                Follow the rule that the diagnostic states. [plan-reference.md](plan-reference.md) has all of them.
                """,
            reason: """
                A schedule that cannot be read never starts. The fault would be found on the day when the newest \
                checkpoint is needed, and is months old.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "61 2 * * *", timezone: UTC, operation: protect}
                    retention: {keepLast: 7}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "16 2 * * *", timezone: UTC, operation: protect}
                    retention: {keepLast: 7}

                    """)),
        Explanation(
            .leaseWindows,
            meaning: """
                The windows of a provider's leases do not fit together. A lease must last two renewals and the validity \
                window at least, and a day at most.

                Raise `expireWindow`, or lower the others. A window that is not there has its default: 60s, 20s and 10s.
                """,
            reason: """
                A process that cannot renew its lease in time stops itself. If a single renewal that is late were enough \
                for that, every hiccup of the bank would end a backup.
                """,
            wrong: Example(plan: oneDirectory, beside: [leases("{expireWindow: 30s, renewWindow: 15s}")]),
            right: Example(
                plan: oneDirectory,
                beside: [leases("{expireWindow: 60s, renewWindow: 15s}")])),
    ]

    private static func leases(_ leases: String) -> Example.File {
        .init(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
            plugins:
              - {name: files}
            leases: \(leases)

            """)
    }
}
