import CommandLineSupport
import PlanCompiler
import PlanIR
import YAMLSource

extension CompilerOptions {
    /// The IR of a file that holds a plan or a compiled plan. Errors are printed, and warnings too if `warns`.
    func loadPlan(
        _ path: String, from files: any FileSource = HostFiles(), inventories: [String] = [], warns: Bool = true
    ) throws -> PlanIR {
        if let ir = try loadCompiledPlan(path, from: files) { return ir }
        let (compiler, ir) = try compileOne(path, from: files, inventories: inventories)
        if warns { printFaults(of: compiler) }
        return ir
    }

    /// The IR in a file that holds one; `nil` for everything else, which is the compiler's to judge.
    func loadCompiledPlan(_ path: String, from files: any FileSource = HostFiles()) throws -> PlanIR? {
        // A compiled plan is known by its format member.
        guard path != "-", case .success(let bytes) = files.contents(of: path), PlanIR.isLikely(bytes) else {
            return nil
        }
        do {
            let (ir, decoding) = try PassTiming.measure("decode") { () throws(IRLoadError) in
                try PlanIR(decoding: bytes)
            }
            printTiming(decoding)
            let (_, verifying) = try PassTiming.measure("verify-ir") { () throws(IRLoadError) in
                do throws(IRFault) { try IRVerifier.verify(ir) } catch { throw .unsound(error) }
            }
            printTiming(verifying)
            return ir
        } catch { throw MessageFailure("\(path): \(error)") }
    }
}
