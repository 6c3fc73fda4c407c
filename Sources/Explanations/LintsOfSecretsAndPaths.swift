import Diagnostics

extension Explanation {
    /// Lints about secrets, paths, banks and copies: W0501 to W0508.
    static let lintsOfSecretsAndPaths: [Explanation] = [
        Explanation(
            .plainSecret,
            meaning: """
                A secret stands in the plan or the provider in clear text. No schema says that it is one; the name \
                of its key does (`password`, `token`, `apiKey` and the like), or its form: an address with a \
                password in it, an argument such as `--password=…` or `Authorization: Bearer …`, or a private key.

                Name the place of the secret: `{fromEnv: NAME}` or `{fromFile: path}`. No message shows the \
                secret.
                """,
            reason: """
                Whoever may read the plan reads the secret, and so does everybody who can read the repository, its \
                history, the compiled plan and every checkpoint. Change a secret that was written down.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: hunter2}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)]),
            right: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: {fromEnv: SHOP_DB_PASSWORD}}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)])),
        Explanation(
            .readableSecretFile,
            meaning: """
                Every user of this machine can read a file that holds a secret. Only files that exist here are \
                looked at, and of their permissions only those of everybody. What a file's group may do is not \
                judged, and a relative path is not looked up.

                Take the permission away: `chmod o= FILE`.
                """,
            reason: """
                Any program on the host, whoever runs it, can take the secret and with it what the secret opens.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: {fromFile: /etc/shop/password}}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)],
                onMachine: [
                    ("/", 0o040755), ("/etc", 0o040755), ("/etc/shop", 0o040755), ("/etc/shop/password", 0o100644),
                ]),
            right: Example(
                plan: """
                    resources:
                      - id: orders
                        type: Host::PostgreSQL::Database
                        properties: {database: shop, password: {fromFile: /etc/shop/password}}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)],
                onMachine: [
                    ("/", 0o040755), ("/etc", 0o040755), ("/etc/shop", 0o040755), ("/etc/shop/password", 0o100600),
                ])),
        Explanation(
            .pathProtectedTwice,
            meaning: """
                Two resources of a plan protect the same path, perhaps in two spellings, such as `/srv/data` and \
                `/srv//data/`.

                Remove one of them. Where both are needed as dependents, declare one and name it in `dependsOn`.
                """,
            reason: """
                The path is saved twice, in two states of which neither belongs to the other. A restore writes it \
                twice, and the last one wins.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: again, type: Host::FileSystem::Directory, properties: {path: /srv//data/}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: again, type: Host::FileSystem::Directory, properties: {path: /srv/other}}

                    """)),
        Explanation(
            .nestedPaths,
            meaning: """
                A resource protects a path inside of another one that a resource of the plan protects with all \
                below it.

                Exclude the inner path from the outer resource, or remove the inner resource. There is no report \
                where the outer resource excludes the inner path already, or stays on one file system \
                (`oneFileSystem`).
                """,
            reason: """
                What is inside is saved twice, at two moments. A restore writes it twice, and which of the two \
                states is left depends on the order.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                      - {id: orders, type: Host::FileSystem::Directory, properties: {path: /srv/data/orders}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}, parameters: {exclude: [/orders]}}
                      - {id: orders, type: Host::FileSystem::Directory, properties: {path: /srv/data/orders}}

                    """)),
        Explanation(
            .copiedLive,
            meaning: """
                A resource below a service that is brought to a standstill is copied when the service runs again. \
                The standstill ends when all dependents have done their `prepareFinish`; what is copied live is \
                copied behind that, in `main`.

                Have it copied within the standstill: for directories, `consistency: quiesced`.
                """,
            reason: """
                The service stops, and its users wait, for a copy that is no better than one from a running \
                service: files of different moments, which may not fit together.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: web
                        type: Host::Process::Service
                        properties: {quiesce: [systemctl, stop, shop], resume: [systemctl, start, shop]}
                        resources:
                          - id: uploads
                            type: Host::FileSystem::Directory
                            properties: {path: /srv/shop/uploads}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)]),
            right: Example(
                plan: """
                    resources:
                      - id: web
                        type: Host::Process::Service
                        properties: {quiesce: [systemctl, stop, shop], resume: [systemctl, start, shop]}
                        resources:
                          - id: uploads
                            type: Host::FileSystem::Directory
                            properties: {path: /srv/shop/uploads}
                            parameters: {consistency: quiesced}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)])),
        Explanation(
            .quiescesForNothing,
            meaning: """
                A service is brought to a standstill, and nothing depends on it.

                Nest what the service writes to below it, or name that in its `dependsOn`. If nothing is to be \
                copied meanwhile, leave the service out, or its property `quiesce`.
                """,
            reason: """
                The service is down for nothing at each run, and what it writes to is copied while it runs.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - id: web
                        type: Host::Process::Service
                        properties: {quiesce: [systemctl, stop, shop], resume: [systemctl, start, shop]}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)]),
            right: Example(
                plan: """
                    resources:
                      - id: web
                        type: Host::Process::Service
                        properties: {quiesce: [systemctl, stop, shop], resume: [systemctl, start, shop]}
                        resources:
                          - id: uploads
                            type: Host::FileSystem::Directory
                            properties: {path: /srv/shop/uploads}
                            parameters: {consistency: quiesced}

                    """,
                beside: [.init("providers/local.yaml", noopProvider)])),
        Explanation(
            .bankInProtectedPath,
            meaning: """
                The bank lies inside of a path that the plan protects, or the path inside of the bank.

                Move the bank, or exclude it from the resource.
                """,
            reason: """
                Every checkpoint holds all earlier ones: the bank doubles with each run until the disk is full. \
                And what destroys the path destroys its checkpoints.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /var/lib}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /var/lib}, parameters: {exclude: [/cairn/bank]}}

                    """)),
        Explanation(
            .bankOnSameFileSystem,
            meaning: """
                The bank is on the same file system as a path that it is to guard. Only what exists on the machine \
                that runs `cairnc` is looked at, so that another machine may say something else; the first such \
                path of a plan is told.

                Put the bank on another disk or another host.
                """,
            reason: """
                A disk that fails takes the data and all checkpoints with it. A bank on the same disk helps \
                against mistakes, not against this.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                onMachine: [("/srv/data", 0o040755), ("/var/lib/cairn/bank", 0o040755)]),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}

                    """,
                onMachine: [("/srv/data", 0o040755)])),
        Explanation(
            .secretOverHTTP,
            meaning: """
                A notification sends a header with a secret to an address that begins with `http://`, on another machine.

                Write `https://`. Where the other side does not have it, let the notification run a command that takes \
                another way.
                """,
            reason: """
                Whoever can read the traffic on the way has the secret, and can use it.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    notify:
                      - url: http://hooks.example.org/backup
                        headers: {Authorization: {fromEnv: HOOK_AUTHORIZATION}}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    notify:
                      - url: https://hooks.example.org/backup
                        headers: {Authorization: {fromEnv: HOOK_AUTHORIZATION}}

                    """)),
    ]
}
