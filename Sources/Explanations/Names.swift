import Diagnostics

extension Explanation {
    /// Names and references: 02xx.
    static let names: [Explanation] = [
        Explanation(
            .unknownProvider,
            meaning: """
                The plan's provider was not found.

                Mend the name, put the manifest into `providers/` beside the plan, or name its directory with \
                `--providers`.
                """,
            reason: """
                The provider says how and where things are kept. Without it, the plan cannot run, and nothing of it is \
                saved anywhere.
                """,
            wrong: Example([
                .init("plan.yaml", "apiVersion: cairn/v1\nkind: Plan\nname: shop\nprovider: lcoal\n" + oneDirectory)
            ]),
            right: Example([.init("plan.yaml", Example.head + oneDirectory)])),
        Explanation(
            .duplicateProvider,
            meaning: """
                Two providers have the name that the plan uses. A manifest that is given on the command line and lies \
                in a provider directory, too, counts once.

                Rename one of them, or take it away.
                """,
            reason: """
                The two may keep things in different places. Checkpoints would go to a bank in which nobody looks for \
                them.
                """,
            wrong: Example(
                plan: oneDirectory,
                beside: [
                    Example.provider,
                    .init(
                        "providers/old.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /mnt/old-bank}}
                        plugins:
                          - {name: files}

                        """),
                ]),
            right: Example(plan: oneDirectory, beside: [Example.provider])),
        Explanation(
            .unknownPlugin,
            meaning: """
                A provider names a plugin or a bank that this program does not have, or limits a plugin that it does not \
                use.

                Mend the name. `cairnc plugins` lists the plugins of this version.
                """,
            reason: """
                No one is there to save what the plugin would save, or to keep what the bank would keep.
                """,
            wrong: Example(
                plan: oneDirectory,
                beside: [
                    .init(
                        "providers/local.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Provider
                        name: local
                        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
                        plugins:
                          - {name: flies}

                        """)
                ]),
            right: Example(plan: oneDirectory, beside: [Example.provider])),
        Explanation(
            .unknownResourceType,
            meaning: """
                No plugin of the provider takes the type of a resource, or a type that the provider limits.

                Mend the type, or add a plugin that takes it to the provider. `noop` takes every type, and saves \
                nothing.
                """,
            reason: "A resource that no plugin takes is not saved, and there would be nothing to restore.",
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directry, properties: {path: /srv/data}}

                    """),
            right: Example(plan: oneDirectory)),
        Explanation(
            .duplicateResource,
            meaning: """
                Two resources have the same type and the same id.

                Give one another id. A resource that several others need is declared once and named in their \
                `dependsOn`.
                """,
            reason: """
                Type and id say which resource a saved copy belongs to. Of two with one identity, only one could be \
                kept, and a restore could put one's data in the place of the other's.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/more}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}}

                    """)),
        Explanation(
            .unknownDependency,
            meaning: """
                `dependsOn` names a resource that the plan does not have.

                Mend the name, or declare the resource.
                """,
            reason: """
                The author counts on something being saved together with this resource. It is not in the plan, so it \
                is not saved at all.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}, dependsOn: [dta]}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}, dependsOn: [data]}

                    """)),
        Explanation(
            .ambiguousDependency,
            meaning: """
                `dependsOn` names an id that resources of several types have.

                Name the resource by `TYPE#ID`.
                """,
            reason: """
                If the program chose one of them, the other would be saved at another time than the resource that \
                needs it, and the copies would not fit.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: shop, type: Host::FileSystem::Directory, properties: {path: /srv/shop}}
                      - {id: shop, type: Cloud::Volume}
                      - {id: logs, type: Host::FileSystem::Directory, properties: {path: /srv/logs}, dependsOn: [shop]}

                    """, beside: [providerOfAllTypes]),
            right: Example(
                plan: """
                    resources:
                      - {id: shop, type: Host::FileSystem::Directory, properties: {path: /srv/shop}}
                      - {id: shop, type: Cloud::Volume}
                      - id: logs
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/logs}
                        dependsOn: [Cloud::Volume#shop]

                    """, beside: [providerOfAllTypes])),
        Explanation(
            .dependencyCycle,
            meaning: """
                Resources depend on each other in a circle, or one depends on itself. A nested resource is a dependent \
                of the one around it. Circles that share no resource are all told; of those that do, a shortest one at \
                a time.

                Take away one of the dependencies.
                """,
            reason: """
                A resource is made quiet before what it depends on is copied, and woken after it. In a circle none can \
                be the first, so there is no order in which the copies would fit each other.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, dependsOn: [more]}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}, dependsOn: [data]}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, dependsOn: [more]}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}}

                    """)),
        Explanation(
            .parentNotAllowed,
            meaning: """
                A plugin says under which types its own may stand, and the resource's parent is none of them. The \
                plugins of this version allow every parent.

                Nest the resource elsewhere, or take it out of the other's `dependsOn`.
                """,
            reason: """
                The plugin can save the resource only together with what it belongs to. Below another one, its copy \
                could not be put back.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: disk
                        type: Cloud::Volume
                        resources:
                          - {id: web, type: Cloud::Server}

                    """, beside: cloudFiles),
            right: Example(
                plan: """
                    resources:
                      - id: web
                        type: Cloud::Server
                        resources:
                          - {id: disk, type: Cloud::Volume}

                    """, beside: cloudFiles)),
        Explanation(
            .typeClaimedTwice,
            meaning: """
                Two plugins of a provider take the same resource type. No two plugins of this version do: `noop` takes \
                every type, but only where no other plugin of the provider takes it.

                Take one of the plugins out of the provider.
                """,
            reason: """
                Each plugin keeps data in its own form. If chance chose the plugin, a checkpoint could need the one \
                that a later run no longer uses.
                """,
            wrong: Example(
                plan: oneDirectory,
                beside: [
                    provider(of: "files", "copies"),
                    .init(
                        "plugins/copies.plugin.yaml",
                        """
                        apiVersion: cairn/v1
                        kind: Plugin
                        name: copies
                        version: 1
                        description: Copies directories
                        resourceTypes:
                          - type: Host::FileSystem::Directory
                            operations:
                              protect: {hooks: [main]}
                              restore: {hooks: [main]}
                              verify: {hooks: [main]}
                              delete: {hooks: [main]}

                        """),
                ]),
            right: Example(plan: oneDirectory, beside: [provider(of: "files")])),
        Explanation(
            .unknownParameterTarget,
            meaning: """
                A plan has parameters for a type or a resource that it does not have, or a provider for a type that \
                the plugin does not take.

                Mend the type or the id, or take the parameters away.
                """,
            reason: """
                The parameters have no effect. The resource that they were meant for is saved with others, for example \
                while its service still writes to it.
                """,
            wrong: Example(
                plan: """
                    parameters:
                      Host::FileSystem::Directory#dta: {level: 9}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    parameters:
                      Host::FileSystem::Directory#data: {level: 9}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .duplicateDependency,
            meaning: """
                A resource is a dependent of another one twice. A nested resource is a dependent already.

                Name it once.
                """,
            reason: """
                The second time has no effect. Mostly another resource was meant, and that one is now saved out of \
                step.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: logs, type: Host::FileSystem::Directory, properties: {path: /srv/logs}}
                      - id: shop
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/shop}
                        dependsOn: [data, data]

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: logs, type: Host::FileSystem::Directory, properties: {path: /srv/logs}}
                      - id: shop
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/shop}
                        dependsOn: [data, logs]

                    """)),
    ]

    /// The provider `local` with these plugins.
    static func provider(of plugins: String...) -> Example.File {
        .init(
            "providers/local.yaml",
            """
            apiVersion: cairn/v1
            kind: Provider
            name: local
            bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
            plugins:

            """ + plugins.map { "  - {name: \($0)}\n" }.joined())
    }

    /// A provider that takes every type.
    static let providerOfAllTypes = provider(of: "files", "noop")

    /// A plugin with rules about parents, and a provider that uses it.
    private static let cloudFiles = [
        provider(of: "cloud"),
        Example.File(
            "plugins/cloud.plugin.yaml",
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: cloud
            version: 1
            description: Saves servers with their volumes
            resourceTypes:
              - type: Cloud::Server
                parents: []
                operations: &every
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: [main]}
              - type: Cloud::Volume
                parents: [Cloud::Server]
                operations: *every

            """),
    ]
}
