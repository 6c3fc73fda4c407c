import Foundation
import Testing

/// Two directories in each other, each a resource of its own.
@Suite struct NestedDirectoryTests {
    private static let outer = """
          - id: outer
            type: Host::FileSystem::Directory
            properties: {path: PLACE/source}
            parameters: {exclude: [/a/b/]}
        """
    private static let inner = """
          - id: inner
            type: Host::FileSystem::Directory
            properties: {path: PLACE/source/a/b}
        """

    /// A site whose plan lists the two in this order, the one named depending on the other.
    private func site(_ order: String, dependent: String) async throws -> Site {
        let site = try await Site(plan: "nested")
        let outer = Self.outer + (dependent == "outer" ? "\n    dependsOn: [inner]" : "")
        let inner = Self.inner + (dependent == "inner" ? "\n    dependsOn: [outer]" : "")
        let resources = order == "outer-inner" ? [outer, inner] : [inner, outer]
        try site.write(
            "plan.yaml",
            """
            apiVersion: cairn/v1
            kind: Plan
            name: nested
            description: Directories in each other
            provider: local
            resources:
            \(resources.joined(separator: "\n").replacing("PLACE", with: site.place))
            """)
        let made = try await site.shell(
            """
            cd source; mkdir -p a/b/deep c; echo 1 > f; echo 2 > a/g; echo 3 > a/b/h; echo 4 > a/b/deep/i
            chmod 0751 .; chmod 0555 a; chmod 0701 a/b; chmod 0500 a/b/deep
            touch -d '2001-02-03 04:05:06.5' a/b/deep a/b a c .
            """)
        try #require(made.code == 0, "\(made)")
        try await site.compile()
        return site
    }

    @Test(arguments: ["outer-inner", "inner-outer"], ["none", "outer", "inner"])
    func everyOrderRestores(_ order: String, _ dependent: String) async throws {
        let site = try await site(order, dependent: dependent)
        let before = try await site.picture(of: site.source)
        let checkpoint = try await site.protect()
        for jobs in ["1", "4"] {
            let out = "\(site.restored)-\(jobs)"
            let done = try await site.cairn("restore", checkpoint, "--to", out, "--jobs", jobs)
            #expect(done.code == 0 && !done.errors.contains("warning"), "\(done)")
            #expect(try await site.picture(of: out + site.source) == before)
            let refused = try await site.cairn("restore", checkpoint, "--to", out, "--jobs", jobs)
            #expect(refused.code == 1 && refused.errors.contains("exists and is not empty"), "\(refused)")
            _ = try await site.shell("chmod 700 '\(out)\(site.source)/a'; rm '\(out)\(site.source)/a/g'")
            let again = try await site.cairn("restore", checkpoint, "--to", out, "--overwrite", "--jobs", jobs)
            #expect(again.code == 0 && !again.errors.contains("warning"), "\(again)")
            #expect(try await site.picture(of: out + site.source) == before)
        }
        _ = try await site.shell("chmod -R u+rwx source; rm -rf source")
        let back = try await site.cairn("restore", checkpoint)
        #expect(back.code == 0, "\(back)")
        #expect(try await site.picture(of: site.source) == before)
    }

    /// Whoever is not root cannot make a directory in one that is read-only already.
    @Test(arguments: ["outer-inner", "inner-outer"])
    func withoutRoot(_ order: String) async throws {
        let site = try await site(order, dependent: "none")
        let isRoot = geteuid() == 0
        if isRoot { _ = try await site.shell("chown -R 65534:65534 .") }
        let before = try await site.picture(of: site.source)
        let prefix = isRoot ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        for jobs in [1, 4] {
            let done = try await site.shell(
                """
                \(prefix)"$CAIRN/cairn" protect plan.ir && \(prefix)"$CAIRN/cairn" restore --last --to restored\(jobs) -j \(jobs)
                """)
            #expect(done.code == 0, "\(done)")
            #expect(try await site.picture(of: "\(site.restored)\(jobs)\(site.source)") == before)
        }
    }
}
