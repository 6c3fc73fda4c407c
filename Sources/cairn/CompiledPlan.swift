import CommandLineSupport
import PlanIR
import YAMLSource

/// A compiled plan from a file, with the bytes that it was read from.
struct CompiledPlan {
    let ir: PlanIR
    let bytes: [UInt8]

    /// Reads and verifies a file that `cairnc compile` wrote; throws `MessageFailure`.
    init(reading path: String) throws {
        switch SourceReader.contents(of: path) {
        case .success(let read): bytes = read
        case .failure(let fault): throw MessageFailure("cannot read '\(path)': \(fault.reason)")
        }
        do { ir = try PlanIR(loading: bytes) } catch {
            guard PlanIR.isLikely(bytes) else {
                throw MessageFailure(
                    "\(path): this is not a compiled plan; compile one with 'cairnc compile PLAN.yaml -o PLAN.ir'")
            }
            throw MessageFailure("\(path): \(error)")
        }
    }
}
