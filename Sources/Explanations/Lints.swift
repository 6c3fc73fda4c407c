import Diagnostics

extension Explanation {
    /// Plans that compile and still lose data: W05xx.
    static let lints: [Explanation] = lintsOfSecretsAndPaths + lintsOfSchedules + lintsOfUse

    /// A provider that takes every type: for plans that are drawn, or tried without their plugins.
    static let noopProvider = """
        apiVersion: cairn/v1
        kind: Provider
        name: local
        bank: {plugin: directory, config: {path: /var/lib/cairn/bank}}
        plugins:
          - {name: files}
          - {name: noop}

        """
}
