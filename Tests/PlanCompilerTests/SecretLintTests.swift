import Diagnostics
import PlanCompiler
import Testing

@Suite("Lints about secrets") struct SecretLintTests {
    private func setting(_ text: String) -> LintRun {
        LintRun.resources("  - {id: a, type: Test::Plain, properties: {\(text)}}")
    }

    @Test(
        "Keys that are called like secrets",
        arguments: [
            "password", "dbPassword", "PGPASSWORD", "db_password", "passwd", "passphrase", "secret", "clientSecret",
            "client-secret", "token", "authToken", "API_TOKEN", "apiKey", "api_key", "APIKEY", "secretKey",
            "secretAccessKey", "privateKey", "encryptionKey", "credentials", "pwd", "user.password",
        ])
    func secretNames(_ name: String) {
        let run = setting("\(name): Hunter.2")
        #expect(run.codes == [.plainSecret], "\(run.text)")
        #expect(!run.text.contains("Hunter") && run.text.contains("********"))
        #expect(!run.messages.joined().contains("Hunter"))
        #expect(setting("\(name): {fromEnv: NAME}").codes.isEmpty)
        #expect(setting("\(name): {fromFile: /none}").codes.isEmpty)
    }

    @Test(
        "Keys that are not",
        arguments: [
            "passwordFile", "password_file", "tokenURL", "tokens", "tokenizer", "secretName", "secretRef", "key",
            "publicKey", "accessKeyId", "accessKey", "keyring", "compass", "bypass", "database", "monkey", "maxTokens",
            "passwords", "tokenLifetime", "hostkey", "primaryKey", "sortKey", "d", "ed",
        ])
    func otherNames(_ name: String) { #expect(setting("\(name): Hunter.2").codes.isEmpty) }

    @Test(
        "Values that say where a secret is, or none",
        arguments: [
            "''", "' '", "null", "true", "$DB_PASSWORD", "'${DB_PASSWORD}'", "/run/secrets/db", "<password>",
            "'{{ vault.db }}'", "vault://shop/db", "'%env(DB)%'",
        ])
    func references(_ value: String) { #expect(setting("password: \(value)").codes.isEmpty) }

    @Test("A number, an element and a value deep down are found") func shapes() {
        #expect(setting("password: 12345").codes == [.plainSecret])
        #expect(setting("token: [a, b]").codes == [.plainSecret, .plainSecret])
        #expect(setting("auth: {basic: [{user: a, password: b}]}").codes == [.plainSecret])
        #expect(LintRun.resources("  - {id: a, type: Test::Plain, parameters: {token: abc}}").codes == [.plainSecret])
        #expect(
            LintRun.plan("parameters: {Test::Plain: {token: abc}}").codes == [.plainSecret])
        #expect(LintRun.plan("restoreParameters: {Test::Plain: {token: abc}}").codes == [.plainSecret])
    }

    @Test("A secret that an alias repeats is told once") func aliases() {
        let run = LintRun.resources(
            """
              - {id: a, type: Test::Plain, properties: &p {password: abc}}
              - {id: b, type: Test::Plain, properties: *p}
            """)
        #expect(run.codes == [.plainSecret])
    }

    @Test("A secret that a comment allows stays hidden in what is said about its line") func allowed() {
        let run = LintRun.resources(
            """
              # cairn: allow W0501 a throw-away account
              - {id: a, type: Test::Plain, properties: {password: hunter2}, dependsOn: [nobody]}
            """)
        #expect(run.codes == [.unknownDependency], "\(run.text)")
        #expect(run.text.contains("dependsOn: [nobody]") && !run.text.contains("hunter2"), "\(run.text)")
    }

    @Test("Secrets in the arguments of programs") func secretArguments() {
        for argument in ["--password=hunter2", "PGPASSWORD=hunter2", "-token=hunter2", "--api-key=hunter2"] {
            let run = setting("dump: [tool, '\(argument)']")
            #expect(run.codes == [.plainSecret], "\(run.text)")
            #expect(!run.text.contains("hunter2"))
        }
        for argument in [
            "--password-file=/run/x", "--password=$PASSWORD", "--password=", "--user=shop", "a password=b", "?token=a",
            "--max-tokens=5", "=",
        ] {
            #expect(setting("dump: [tool, '\(argument)']").codes.isEmpty, "\(argument)")
        }
    }

    @Test(
        "Secrets in headers that a program is to send, of resources and of notifications",
        arguments: [
            "Authorization: Bearer hunter2", "authorization: Basic hunter2", "X-Api-Key: hunter2",
            "-HAuthorization: Bearer hunter2", "-H X-Auth-Token:hunter2", "--header=Cookie: session=hunter2",
        ])
    func headers(_ argument: String) {
        for run in [
            setting("dump: [curl, -H, '\(argument)']"),
            LintRun.plan("notify: [{command: [curl, -H, '\(argument)', 'https://example.org']}]"),
        ] {
            #expect(run.codes == [.plainSecret], "\(run.text)")
            #expect(!run.text.contains("hunter2"))
        }
    }

    @Test(
        "Headers without",
        arguments: [
            "Content-Type: application/json", "X-Team: shop", "Authorization:", "Authorization: Bearer $TOKEN",
            "Authorization: Bearer <token>", "@/run/secrets/header", "10:30", "the token: is elsewhere", "a:b:token",
        ])
    func otherHeaders(_ argument: String) {
        let run = LintRun.plan("notify: [{command: [curl, -H, '\(argument)']}]")
        #expect(run.codes.isEmpty, "\(run.text)")
    }

    @Test(
        "Passwords in addresses",
        arguments: [
            "postgres://shop:hunter2@db/shop", "https://:hunter2@example.org", "redis+tls://a:b@c:1/0?x=y",
            "'connect to amqp://u:p@h then go'", "mysql://u:p@ss@h", "x://h y://u:p@h",
        ])
    func addresses(_ value: String) {
        let run = setting("url: \(value)")
        #expect(run.codes == [.plainSecret], "\(run.text)")
        #expect(!run.text.contains("hunter2"))
    }

    @Test(
        "Addresses without",
        arguments: [
            "postgres://shop@db/shop", "https://example.org:8080/a@b", "https://u:@h", "'://u:p@h'",
            "'https://u:${PASSWORD}@h'", "https://u:<password>@h", "https://u:***@h", "https://example.org/x:y@z",
            "https://h?a=u:p@x", "'a: b@c'", "'http://[::1]:80/'", "git@host:path", "file:///u:p@h",
        ])
    func otherAddresses(_ value: String) {
        let run = setting("url: \(value)")
        #expect(run.codes.isEmpty, "\(run.text)")
    }

    @Test("A private key is found whatever its name, and no line of it is shown") func privateKey() {
        let run = LintRun.resources(
            """
              - id: a
                type: Test::Plain
                properties:
                  identity: |
                    -----BEGIN OPENSSH PRIVATE KEY-----
                    hunter2
                    -----END OPENSSH PRIVATE KEY-----
            """)
        #expect(run.codes == [.plainSecret])
        #expect(!run.text.contains("hunter2") && !run.text.contains("BEGIN"))
        let certificate = "-----BEGIN CERTIFICATE-----\\nabc\\n-----END CERTIFICATE-----"
        #expect(setting("identity: \"\(certificate)\"").codes.isEmpty)
    }

    @Test("No other diagnostic shows the secret beside it") func otherDiagnostics() {
        let run = LintRun.resources("  - {id: a, type: Test::Plain, properties: {password: hunter2}, nmae: x}")
        #expect(run.codes == [.plainSecret, .unknownKey])
        #expect(!run.text.contains("hunter2"))
    }

    @Test("The settings of the bank and the parameters of the provider are looked at") func provider() {
        let provider = """
            apiVersion: cairn/v1
            kind: Provider
            name: all
            bank: {plugin: directory, config: {path: "/bank"}}
            plugins: [{name: traits, parameters: {Test::Plain: {token: abc}}}]
            """
        #expect(LintRun("resources: [{id: a, type: Test::Plain}]\n", provider: provider).codes == [.plainSecret])
    }

    // MARK: Files

    private static let open: [String: (device: UInt64, mode: UInt32)] = [
        "/": (1, 0o040755), "/etc": (1, 0o040755), "/etc/open": (1, 0o100644), "/etc/group": (1, 0o100640),
        "/etc/closed": (1, 0o100600), "/etc/write": (1, 0o100622), "/root": (1, 0o040700),
        "/root/open": (1, 0o100644), "/etc/directory": (1, 0o040755),
    ]

    @Test("A file that everybody can read is told") func readableFile() {
        let run = LintRun.resources(
            "  - {id: a, type: Test::Plain, properties: {password: {fromFile: /etc/open}}}",
            machine: LintRun.machine(Self.open))
        #expect(run.codes == [.readableSecretFile])
    }

    @Test(
        "Others are not",
        arguments: [
            "/etc/group", "/etc/closed", "/etc/write", "/root/open", "/etc/none", "etc/open", "/etc/directory",
        ])
    func otherFiles(_ path: String) {
        let run = LintRun.resources(
            "  - {id: a, type: Test::Plain, properties: {password: {fromFile: \(path)}}}",
            machine: LintRun.machine(Self.open))
        #expect(run.codes.isEmpty, "\(run.text)")
    }
}
