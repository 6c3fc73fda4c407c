import Diagnostics

extension Explanation {
    /// Files and YAML: E00xx.
    static let files: [Explanation] = [
        Explanation(
            .unreadableFile,
            meaning: """
                A file that was named cannot be read. It does not exist, it is a directory or no regular file, it is \
                larger than 1024 MiB, or there is no permission. A directory given with `--providers` that is not \
                there is told with this code, too, and so is a directory or a pattern in which there is nothing to check.

                Mend the path, or the permissions of the file.
                """,
            reason: """
                A check that passes over a missing file says that all is well. With a misspelt path in a script, every \
                later change would go unchecked.
                """,
            wrong: Example([.init("plan.yaml", Example.head + oneDirectory)], checked: ["plan.yml"]),
            right: Example(plan: oneDirectory)),
        Explanation(
            .notUTF8,
            meaning: """
                The file is not UTF-8. Cairn reads no other encoding.

                Convert the file, for example with `iconv -f ISO-8859-1 -t UTF-8`.
                """,
            reason: """
                A path is a row of bytes. Read in a guessed encoding, `/srv/café` names another directory than the one \
                that holds the data, and that one is not saved.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/caf⟨byte E9⟩}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/café}}

                    """)),
        Explanation(
            .yamlSyntax,
            meaning: """
                The file is not YAML. The place is where the parser could not go on; the fault may be above it. \
                Nothing behind it in this file is checked.

                Close what is open, and indent with spaces.
                """,
            reason: """
                Where the text cannot be read, nobody knows what it would protect. A parser that guesses could drop a \
                resource, and no one would see it before the restore.
                """,
            wrong: Example(
                plan: """
                    resources: [
                      {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}
                    ]

                    """),
            right: Example(
                plan: """
                    resources: [
                      {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    ]

                    """)),
        Explanation(
            .tooDeep,
            meaning: """
                The file is nested deeper than 1000 levels, counted with what its aliases stand for.

                Name dependents with `dependsOn` instead of nesting them.
                """,
            reason: """
                Time and memory would grow with each level, so that one file could stop the checks of all. No plan \
                that a person wrote is nested like this; the program that wrote it is at fault.
                """,
            wrong: Example(
                plan: """
                    resources: ⟨1001 × [⟩

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, dependsOn: [more]}
                      - {id: more, type: Host::FileSystem::Directory, properties: {path: /srv/more}}

                    """)),
        Explanation(
            .aliasLimit,
            meaning: """
                An alias lies within its own anchor, or the aliases of the file stand for more than 1,000,000 nodes in \
                all.

                Take the alias out of its anchor, or write the values themselves.
                """,
            reason: """
                A value that contains itself has no end. A few lines of aliases to aliases can stand for billions of \
                values, and would fill the memory of whatever reads them.
                """,
            wrong: Example(
                plan: """
                    x-list: &list [1, 2, *list]
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    x-list: &list [1, 2]
                    x-lists: [*list]
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .unknownAlias,
            meaning: """
                An alias names an anchor that does not stand above it in the same document.

                Mend the name, or put the anchor above the alias.
                """,
            reason: """
                The value is not there. Read as nothing, the resource below would be saved with other parameters than \
                its author chose.
                """,
            wrong: Example(
                plan: """
                    x-quiet: &quiet {consistency: quiesced}
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: *quit

                    """),
            right: Example(
                plan: """
                    x-quiet: &quiet {consistency: quiesced}
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: *quiet

                    """)),
        Explanation(
            .duplicateKey,
            meaning: """
                A mapping has a key twice.

                Take one away. Keys that come from a merge (`<<`) may be repeated: the mapping's own key wins.
                """,
            reason: """
                Programs that read YAML differ in which of the two they take. A reviewer reads one path, the program \
                saves the other.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties:
                          path: /srv/data
                          path: /srv/old-data

                    """),
            right: Example(
                plan: """
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties:
                          path: /srv/data

                    """)),
        Explanation(
            .keyNotText,
            meaning: """
                A key is a sequence or a mapping.

                Write the key as text.
                """,
            reason: """
                Every key of a plan is a name. A key that is none is a slip in the punctuation, and what stands behind \
                it has lost its name.
                """,
            wrong: Example(
                plan: """
                    x-hosts: {[web, mail]: here}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    x-hosts: {web: here, mail: here}
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .unknownTag,
            meaning: """
                A value carries a tag that is not one of YAML's core schema, or one that does not fit the value, as in \
                `!!int often`.

                Take the tag away. To make something text, quote it.
                """,
            reason: """
                A tag asks the reader to do something with the value. Cairn would not do it: `!vault` decrypts \
                nothing, and the text behind it would be taken as it stands.
                """,
            wrong: Example(
                plan: """
                    description: !vault 9f86d081
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """),
            right: Example(
                plan: """
                    description: The web shop
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """)),
        Explanation(
            .emptyDocument,
            meaning: """
                There is nothing but white space, comments and empty documents in the file.

                Write the plan, or leave the file out.
                """,
            reason: """
                An empty plan protects nothing. Mostly something went wrong before: a template came out empty, or an \
                editor lost the text.
                """,
            wrong: Example([.init("plan.yaml", "# The plan of the shop, to be written.\n")]),
            right: Example([
                .init("plan.yaml", "# The plan of the shop.\n" + Example.head + oneDirectory)
            ])),
        Explanation(
            .invalidMerge,
            meaning: """
                `<<` merges something that is neither a mapping nor a sequence of mappings.

                Merge a mapping.
                """,
            reason: """
                Nothing can be merged, so the keys that the author counts on are missing, and the defaults hold \
                instead.
                """,
            wrong: Example(
                plan: """
                    x-base: &base [quiesced]
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {<<: *base}

                    """),
            right: Example(
                plan: """
                    x-base: &base {consistency: quiesced}
                    resources:
                      - id: data
                        type: Host::FileSystem::Directory
                        properties: {path: /srv/data}
                        parameters: {<<: *base}

                    """)),
    ]

    /// The shortest plan, below its head.
    static let oneDirectory = """
        resources:
          - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

        """
}
