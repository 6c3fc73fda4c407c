import Diagnostics

extension Explanation {
    /// Lints about exclude patterns, and what is unused, disabled or deprecated: W0516 to W0523, and W0525.
    static let lintsOfUse: [Explanation] = [
        Explanation(
            .excludesEverything,
            meaning: """
                The exclude patterns of a resource leave out everything below its path.

                A pattern without a slash matches names at any depth, so that `*` matches all. Write what is to be \
                left out, such as `*.tmp` or `/cache/`.
                """,
            reason: """
                The checkpoint says `available` and holds an empty directory.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, parameters: {exclude: ["*"]}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, parameters: {exclude: ["*.tmp"]}}

                    """)),
        Explanation(
            .malformedExclude,
            meaning: """
                An exclude pattern cannot be read: a `[` without `]`, a range that runs backwards, a lone `\\` at \
                the end, or nothing but slashes.

                Mend the pattern. `\\[` stands for the character itself.
                """,
            reason: """
                The plugin refuses the pattern when the plan runs, and nothing is saved.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, parameters: {exclude: ["[0-9.log"]}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, parameters: {exclude: ["[0-9].log"]}}

                    """)),
        Explanation(
            .unusedProvider,
            meaning: """
                No plan of the project names this provider. It is told when a whole project is checked, and only \
                of providers in the project.

                Remove it, or name it in a plan.
                """,
            reason: """
                Whoever reads it believes that something is kept in its bank.
                """,
            wrong: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files}

                        """),
                    .init(
                        "providers/offsite.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: offsite
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files}

                        """),
                ]),
            right: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files}

                        """)
                ])),
        Explanation(
            .unusedPlugin,
            meaning: """
                No resource of the project's plans is bound to this plugin of a provider. It is told when a whole \
                project is checked.

                Remove the plugin from the provider.
                """,
            reason: """
                `noop` takes every type. While it stands in a provider for nothing, a misspelt type is not an \
                error: it is taken and not saved.
                """,
            wrong: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)]),
            right: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files}

                        """)
                ])),
        Explanation(
            .unusedProviderParameters,
            meaning: """
                A provider has parameters for a type or a resource that no plan of the project has. It is told \
                when a whole project is checked. For the parameters of a plan, see W0211.

                Mend the type or the id, or remove the parameters.
                """,
            reason: """
                They were meant for something, which now gets the defaults: without its `exclude`, or copied live.
                """,
            wrong: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files, parameters: {Host::FileSystem::Directory#dta: {level: 9}}}

                        """)
                ]),
            right: Example(
                project: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: files, parameters: {Host::FileSystem::Directory#data: {level: 9}}}

                        """)
                ])),
        Explanation(
            .disabledWithTriggers,
            meaning: """
                A plan is disabled (`enabled: false`) and has triggers. They start nothing.

                Enable the plan. While it must stay disabled, allow this with the reason: so nobody forgets it.
                """,
            reason: """
                A plan is disabled for an hour of maintenance and forgotten. Its triggers look as if checkpoints \
                were made.
                """,
            wrong: Example(
                plan: """
                    enabled: false
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    enabled: true
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .deprecatedOption,
            meaning: """
                The plugin's manifest calls a property, a parameter or a setting deprecated. Where the manifest \
                names the one that stands in its place, `cairnc check --fix` writes it.

                Write the new one, or take the old one away.
                """,
            reason: """
                A later version of the plugin does not know it any more: then the plan does not compile.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::Volume, parameters: {compress: true}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: volumes}

                        """),
                    .init(
                        "plugins/volumes.plugin.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Plugin
                        name: volumes
                        version: 2
                        description: Volumes of this host
                        resourceTypes:
                          - type: Host::Volume
                            operations:
                              protect:
                                hooks: [main]
                                parameters:
                                  type: object
                                  additionalProperties: false
                                  properties:
                                    compress: {type: boolean, deprecated: true, x-cairn-replacement: compressed}
                                    compressed: {type: boolean, default: false}
                              restore: {hooks: [main]}
                              verify: {hooks: [main]}
                              delete: {hooks: []}

                        """),
                ]),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::Volume, parameters: {compressed: true}}

                    """,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: volumes}

                        """),
                    .init(
                        "plugins/volumes.plugin.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Plugin
                        name: volumes
                        version: 2
                        description: Volumes of this host
                        resourceTypes:
                          - type: Host::Volume
                            operations:
                              protect:
                                hooks: [main]
                                parameters:
                                  type: object
                                  additionalProperties: false
                                  properties:
                                    compress: {type: boolean, deprecated: true, x-cairn-replacement: compressed}
                                    compressed: {type: boolean, default: false}
                              restore: {hooks: [main]}
                              verify: {hooks: [main]}
                              delete: {hooks: []}

                        """),
                ])),
        Explanation(
            .savesNothing,
            meaning: """
                A trigger starts `protect` for a plan of which nothing is saved: all its resources are taken by \
                plugins such as `noop`.

                Name a provider whose plugins save the plan's types. Plans that are only drawn need no trigger.
                """,
            reason: """
                At each run a checkpoint is made that says `available` and holds nothing.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: {fromEnv: SHOP_DB_PASSWORD}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)]),
            right: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: {fromEnv: SHOP_DB_PASSWORD}}
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)])),
        Explanation(
            .pathInSeveralPlans,
            meaning: """
                Several plans protect the same path into the same bank. Plans with different banks are not told: a \
                second copy elsewhere is wanted.

                Leave the path to one of the plans, or give one of them another bank.
                """,
            reason: """
                The path is saved twice into one place. Nobody knows which of the plans to restore it from, and its \
                checkpoints go by two retention policies.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "accounts.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Plan
                        name: accounts
                        provider: local
                        resources:
                          - {id: all, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                        """)
                ]),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                beside: [
                    .init(
                        "accounts.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Plan
                        name: accounts
                        provider: local
                        resources:
                          - {id: all, type: Host::FileSystem::Directory, properties: {path: /srv/accounts}}

                        """)
                ])),
    ]
}
