import CFuzzer
import FuzzTargets
import Glibc

/// libFuzzer over the target `check`; scripts/fuzz builds and runs it.
@main
enum FuzzCheck {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { start, count in
                let bytes = Array(UnsafeBufferPointer(start: start, count: count))
                guard let fault = FuzzTarget.check.run(bytes) else { return 0 }
                let line = Array("\(fault)\n".utf8)
                _ = write(STDERR_FILENO, line, line.count)
                abort()
            })
    }
}
