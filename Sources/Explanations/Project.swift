import Diagnostics

extension Explanation {
    /// Several files, the project and its plans: 04xx.
    static let project: [Explanation] = [
        Explanation(
            .duplicatePlanName,
            meaning: """
                Two plans of one check have the same name, and write into different banks. People and scripts choose \
                checkpoints by the name of their plan.

                Give each plan a name of its own. Where two plans are meant to have one name, as for staging and \
                production, allow it with a comment.
                """,
            reason: """
                Whoever asks for the last checkpoint of `shop` should not have to know which `shop` the bank at hand is \
                about. In a hurry, the wrong one is restored.
                """,
            wrong: Example(plan: oneDirectory, beside: [second(name: "shop", provider: "other"), otherProvider]),
            right: Example(
                plan: oneDirectory, beside: [second(name: "shop-staging", provider: "other"), otherProvider])),
        Explanation(
            .planTwiceInBank,
            meaning: """
                Two plans of the same name write into one bank. They name the same provider, or two providers whose \
                banks are in the same place.

                Give each plan a name of its own, or each provider a bank of its own.
                """,
            reason: """
                A bank tells checkpoints apart by the name of the plan. With one name for two plans, the retention of \
                the one deletes the checkpoints of the other, and the last checkpoint may be of either.
                """,
            wrong: Example(plan: oneDirectory, beside: [second(name: "shop", provider: "local")]),
            right: Example(plan: oneDirectory, beside: [second(name: "pictures", provider: "local")])),
        Explanation(
            .duplicatePlugin,
            meaning: """
                Two manifests declare a plugin or a bank plugin of the same name, or one declares a name that is built \
                in.

                Give each plugin a name of its own, and check each manifest once.
                """,
            reason: """
                A provider names its plugins. With two of one name, the plan would be checked against one manifest and \
                run with the other.
                """,
            wrong: Example(plan: oneDirectory, beside: [plugin(name: "files")]),
            right: Example(plan: oneDirectory, beside: [plugin(name: "tapes")])),
        Explanation(
            .unknownLint,
            meaning: """
                A project file or a comment names a lint that does not exist. Lints are named by their code or by their \
                name, such as `W0212` or `duplicate-dependency`.

                Write a code or a name that `cairnc explain --list` lists.
                """,
            reason: """
                A level for a lint that does not exist changes nothing. Whoever wrote it believes that the lint is an \
                error now, and it is not.
                """,
            wrong: Example(plan: oneDirectory, beside: [project("lints: {W0499: error}")]),
            right: Example(plan: oneDirectory, beside: [project("lints: {unused-allow: error}")])),
        Explanation(
            .errorNotSilenced,
            meaning: """
                A project file or a comment is to silence an error, or to give it a level. That is possible for lints \
                only, whose codes begin with `W`.

                Mend what the error is about, and remove the level or the comment.
                """,
            reason: """
                An error says that a plan cannot be compiled. Silenced, it would still not be compiled, and nobody would \
                know why nothing is protected.
                """,
            wrong: Example(plan: oneDirectory, beside: [project("lints: {E0208: off}")]),
            right: Example(plan: oneDirectory, beside: [project("lints: {W0212: error}")])),
        Explanation(
            .allowWithoutReason,
            meaning: """
                A comment allows a lint and does not say why. The lint is silenced all the same, so that there is one \
                thing to mend.

                Write the reason behind the lint.
                """,
            reason: """
                A lint warns of lost data. Whoever reads the plan in a year, or restores from it, must see why someone \
                thought that it does not apply here.
                """,
            wrong: Example(plan: allowing("# cairn: allow W0212")),
            right: Example(plan: allowing("# cairn: allow W0212 the generator writes each edge from both ends"))),
        Explanation(
            .unusedAllow,
            meaning: """
                A comment allows a lint, and there is nothing to allow: the line that it is about does not give this \
                lint. That is told of files without errors only, since a lint may not have come to a faulty plan.

                Remove the comment; `cairnc check --fix` does it.
                """,
            reason: """
                What is left of an old exception silences the next fault in this line, which nobody has thought about.
                """,
            wrong: Example(plan: "# cairn: allow W0212 the generator writes each edge twice\n" + oneDirectory),
            right: Example(plan: oneDirectory)),
        Explanation(
            .unknownComment,
            meaning: """
                A comment that begins with `cairn:` looks as if it was to allow something, and does not say so rightly.

                Write `# cairn: allow`, the lints, and the reason.
                """,
            reason: """
                A comment with a slip allows nothing. The author believes that the matter is settled, and takes the next \
                warning for another one.
                """,
            wrong: Example(plan: "# cairn: ignore W0212 the generator writes each edge twice\n" + oneDirectory),
            right: Example(plan: allowing("# cairn: allow W0212 the generator writes each edge from both ends"))),
    ]

    private static func second(name: String, provider: String) -> Example.File {
        Example.File(
            "second.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: \(name)
            provider: \(provider)
            resources:
              - {id: pictures, type: Host::FileSystem::Directory, properties: {path: /srv/pictures}}

            """)
    }

    private static let otherProvider = Example.File(
        "providers/other.yaml",
        """
        apiVersion: cairn/v1
        kind: Provider
        name: other
        bank: {plugin: directory, config: {path: /var/lib/cairn/other}}
        plugins:
          - {name: files}

        """)

    private static func plugin(name: String) -> Example.File {
        Example.File(
            "more.plugin.yaml",
            """
            apiVersion: cairn/v1
            kind: Plugin
            name: \(name)
            version: 1
            description: Saves files to tapes
            resourceTypes:
              - type: Host::Tape::Directory
                operations:
                  protect: {hooks: [main]}
                  restore: {hooks: [main]}
                  verify: {hooks: [main]}
                  delete: {hooks: []}

            """)
    }

    private static func project(_ line: String) -> Example.File {
        Example.File("cairn.yaml", "apiVersion: cairn/v1\nkind: Project\n\(line)\n")
    }

    /// A plan that names a dependent twice, with a comment about it.
    private static func allowing(_ comment: String) -> String {
        """
        resources:
          - id: data
            type: Host::FileSystem::Directory
            properties: {path: /srv/data}
            dependsOn: [index, index] \(comment)
          - {id: index, type: Host::FileSystem::Directory, properties: {path: /srv/index}}

        """
    }
}
