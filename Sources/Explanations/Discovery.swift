import Diagnostics

/// The explanations of codes about what resources discover, and about inventories.
extension Explanation {
    /// E0601 to E0612.
    static let discovery: [Explanation] = [
        Explanation(
            .cannotDiscover,
            meaning: """
                A resource says `discover`, and its plugin cannot find what is below such a resource. \
                [plugins.md](plugins.md) says which types have a discovery.

                Name the dependents in `resources` or `dependsOn`.
                """,
            reason: """
                The author counts on everything below the resource being found and saved. Nobody would look for it.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: shop, type: Cloud::Volume, discover: true}

                    """, beside: [providerOfAllTypes]),
            right: Example(
                plan: """
                    resources:
                      - {id: shop, type: Cloud::Volume}

                    """, beside: [providerOfAllTypes])),
        Explanation(
            .inventoryWithoutPlan,
            meaning: """
                An inventory that was given with `--inventory` is for a plan that is not compiled.

                Give the inventory of this plan, or the plan of this inventory.
                """,
            reason: """
                What the inventory says would have no effect, and the plan that it was meant for goes without.
                """,
            wrong: Example(plan: customers, beside: [inventory(replacing: "plan: shop", by: "plan: wiki")]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .inventoryOfOtherProvider,
            meaning: """
                The plan names another provider than the one whose plugins were asked for the inventory.

                Make the inventory anew, or mend the plan's `provider`.
                """,
            reason: """
                Another provider may have other plugins, or be for another host. What it would find may be more, and \
                that would not be saved.
                """,
            wrong: Example(
                plan: customers, beside: [inventory(replacing: "provider: local", by: "provider: remote")]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .staleInventory,
            meaning: """
                A resource has other properties now, or asks for other dependents, than when its dependents were found.

                Make the inventory anew.
                """,
            reason: """
                The inventory says what was at the old place. What is at the new one would not be saved.
                """,
            wrong: Example(
                plan: customers, beside: [inventory(replacing: "\"/srv/customers\"}", by: "\"/home/customers\"}")]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .unusedInventoryEntry,
            meaning: """
                An inventory says what was found below a resource that the plan does not have, or that no longer says \
                `discover`. That is left out.

                Make the inventory anew, or let the resource say `discover` again.
                """,
            reason: """
                What was found and saved before is no longer saved. Mostly a resource was renamed, or `discover` was \
                lost when the plan was edited.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: customers, type: Host::FileSystem::Directory, properties: {path: /srv/customers}}

                    """, beside: [found]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .missingInventoryEntry,
            meaning: """
                A resource says `discover`, and the inventory does not say what was found below it.

                Make the inventory anew.
                """,
            reason: """
                The resource came into the plan after the inventory was made. What is below it would not be saved by \
                itself, as the plan says.
                """,
            wrong: Example(
                plan: customers + """
                      - id: partners
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/partners}
                        discover: true

                    """, beside: [found]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .tooFewFound,
            meaning: """
                Fewer dependents were found than there must be: one, or as many as `atLeast` says.

                See why, and make the inventory anew. Where nothing is right, too, write `discover: {atLeast: 0}`.
                """,
            reason: """
                A disk that is not mounted is an empty directory. Without this error, the backup would be a success \
                with nothing in it.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: customers
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/customers}
                        discover: {atLeast: 3}

                    """, beside: [inventory(replacing: "{\"atLeast\": 1}", by: "{\"atLeast\": 3}")]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .unexpectedFoundType,
            meaning: """
                An inventory has a dependent of a type that the plugin of the resource above it does not find.

                Make the inventory anew; it is not made to be written by hand.
                """,
            reason: """
                The file is damaged, or of another plugin. Nothing in it can be trusted to be all that there is.
                """,
            wrong: Example(
                plan: customers,
                beside: [
                    providerOfAllTypes,
                    inventory(
                        replacing: "- type: Host::FileSystem::Directory\n        id: customers/bob",
                        by: "- type: Cloud::Volume\n        id: customers/bob"),
                ]),
            right: Example(plan: customers, beside: [providerOfAllTypes, found])),
        Explanation(
            .foundTwice,
            meaning: """
                A dependent that was found is declared in the plan, too, or was found below two resources.

                Take the declaration away, and give its parameters in the plan's `parameters` by `TYPE#ID`. Or leave it \
                out of what is discovered.
                """,
            reason: """
                Type and id say which resource a saved copy belongs to. Of two with one identity, only one could be \
                kept.
                """,
            wrong: Example(
                plan: customers + """
                      - id: customers/alice
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/alice}

                    """, beside: [found]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .inventoryNeeded,
            meaning: """
                A plan discovers dependents, and is compiled without an inventory that says which there are. \
                [inventory.md](inventory.md) shows how one is made.

                Make an inventory and give it with `--inventory`. `cairnc check` and `cairnc graph` do without.
                """,
            reason: """
                The compiled plan would have none of the dependents, and would save less than the plan says.
                """,
            wrong: Example(compiledPlan: customers),
            right: Example(compiledPlan: customers, beside: [found])),
        Explanation(
            .inventoryParameter,
            meaning: """
                An inventory appends to a parameter that is no list, or to one that does not fit then.

                Make the inventory anew, or mend the parameter in the plan.
                """,
            reason: """
                With these lists, a resource leaves to its dependents what they save themselves. Otherwise it is saved \
                twice, or not at all.
                """,
            wrong: Example(
                plan: customers,
                beside: [inventory(replacing: "exclude: [/alice/, /bob/]", by: "level: [3]")]),
            right: Example(plan: customers, beside: [found])),
        Explanation(
            .duplicateInventory,
            meaning: """
                Two inventories are for the same plan.

                Give one of them, mostly the newer one.
                """,
            reason: """
                What one of them found may be gone since, or not have been there yet. If chance chose, nobody would know \
                what is saved.
                """,
            wrong: Example(
                plan: customers, beside: [found, .init("inventories/yesterday.yaml", found.text)]),
            right: Example(plan: customers, beside: [found])),
    ]

    /// A plan that discovers, below the usual head.
    private static let customers = """
        resources:
          - id: customers
            type: Host::FileSystem::Directory
            properties: {path: /srv/customers}
            discover: true

        """

    /// The inventory of that plan.
    private static let found = Example.File(
        "inventories/shop.yaml",
        """
        apiVersion: cairn/v1
        kind: Inventory
        plan: shop
        provider: local
        discovered:
          - resource: Host::FileSystem::Directory#customers
            properties: {"path": "/srv/customers"}
            selector: {"atLeast": 1}
            parameters: {exclude: [/alice/, /bob/]}
            dependents:
              - type: Host::FileSystem::Directory
                id: customers/alice
                name: alice
                properties: {"path": "/srv/customers/alice"}
              - type: Host::FileSystem::Directory
                id: customers/bob
                name: bob
                properties: {"path": "/srv/customers/bob"}

        """)

    /// The inventory with one text in place of another.
    private static func inventory(replacing old: String, by new: String) -> Example.File {
        .init(found.name, found.text.replacing(old, with: new))
    }
}
