package import Diagnostics
import Glibc

/// Reads files whole.
package enum SourceReader {
    /// Reads the file at `path`; a file that cannot be read is one diagnostic.
    ///
    /// Only regular files are read, so that a FIFO or a device cannot hold the program up.
    package static func read(
        _ path: String, from files: any FileSource = HostFiles(), into diagnostics: inout DiagnosticList
    ) -> SourceText? {
        switch files.contents(of: path) {
        case .success(let bytes): return SourceText(name: path, bytes: bytes)
        case .failure(let fault):
            diagnostics.add(Diagnostic(.unreadableFile, "cannot read '\(path)': \(fault.reason)", file: path))
            return nil
        }
    }

    /// Reads standard input to its end.
    package static func readStandardInput(name: String, into diagnostics: inout DiagnosticList) -> SourceText? {
        switch drain(0) {
        case .success(let bytes): return SourceText(name: name, bytes: bytes)
        case .failure(let fault):
            diagnostics.add(Diagnostic(.unreadableFile, "cannot read standard input: \(fault.reason)", file: name))
            return nil
        }
    }

    /// Why a file could not be read.
    package struct Fault: Error, Sendable, Hashable {
        package let reason: String
        /// Whether there is nothing of this name.
        package let isMissing: Bool

        /// The reason for a directory.
        package static let isDirectory = "it is a directory"

        package init(reason: String, isMissing: Bool) {
            self.reason = reason
            self.isMissing = isMissing
        }
    }

    /// The bytes of the regular file at `path`.
    package static func contents(of path: String) -> Result<[UInt8], Fault> {
        // Without O_NONBLOCK the open itself would wait for a FIFO's writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(fault(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(fault(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: return .failure(Fault(reason: Fault.isDirectory, isMissing: false))
        default: return .failure(Fault(reason: "it is not a regular file", isMissing: false))
        }
        if Int(status.st_size) > SourceText.maximumLength {
            return .failure(Fault(reason: "it is larger than \(SourceText.maximumLength >> 20) MiB", isMissing: false))
        }
        return drain(descriptor, expecting: Int(status.st_size))
    }

    /// What tells a file from all others, however its path is written; `nil` when there is none.
    package static func identity(of path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func fault(_ code: Int32) -> Fault {
        Fault(reason: String(cString: strerror(code)), isMissing: code == ENOENT)
    }

    private static func drain(_ descriptor: Int32, expecting size: Int = 0) -> Result<[UInt8], Fault> {
        var failure: Int32 = 0
        var isAtEnd = false
        // A file usually has the length that it was said to have: one array takes it, with room to see its end.
        var bytes = [UInt8](unsafeUninitializedCapacity: max(size + 1, 65536)) { buffer, count in
            (isAtEnd, failure) = fill(buffer, descriptor, &count)
        }
        while !isAtEnd {
            if bytes.count > SourceText.maximumLength {
                return .failure(
                    Fault(reason: "it is longer than \(SourceText.maximumLength >> 20) MiB", isMissing: false))
            }
            bytes.append(
                contentsOf: [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
                    (isAtEnd, failure) = fill(buffer, descriptor, &count)
                })
        }
        return failure == 0 ? .success(bytes) : .failure(fault(failure))
    }

    /// Reads until `buffer` is full, or there is no more, or reading fails with an error number other than 0.
    private static func fill(
        _ buffer: UnsafeMutableBufferPointer<UInt8>, _ descriptor: Int32, _ count: inout Int
    ) -> (isAtEnd: Bool, failure: Int32) {
        while count < buffer.count {
            let result = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            if result < 0 && errno == EINTR { continue }
            if result <= 0 { return (true, result < 0 ? errno : 0) }
            count += result
        }
        return (false, 0)
    }

    /// Whether a file of this name is looked into when a directory is read.
    package static func isYAMLName(_ name: Substring) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    /// The names of the entries of a directory that end in `.yaml` or `.yml`, in byte order; `nil` when there is no
    /// such directory.
    package static func yamlFiles(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if isYAMLName(name[...]) { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
