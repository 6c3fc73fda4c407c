package import YAMLSource

/// The files of the host, some of them with other content.
package struct OverlayFiles: FileSource {
    /// The other content, by `FileSource.identity`.
    package var texts: [String: [UInt8]] = [:]
    private let host = HostFiles()

    package init() {}

    package func contents(of path: String) -> Result<[UInt8], SourceReader.Fault> {
        if !texts.isEmpty, let identity = host.identity(of: path), let bytes = texts[identity] {
            return .success(bytes)
        }
        return host.contents(of: path)
    }

    package func yamlFiles(in directory: String) -> [String]? { host.yamlFiles(in: directory) }
    package func identity(of path: String) -> String? { host.identity(of: path) }
}
