/// The stable code of each kind of diagnostic; `E` codes are errors, `W` codes are warnings.
///
/// What there is to say about each is in the room `Explanations`; a test fails when a code has no entry there.
package enum DiagnosticCode: String, Sendable, Hashable, CaseIterable {
    // Files and YAML.
    case unreadableFile = "E0001"
    case notUTF8 = "E0002"
    case yamlSyntax = "E0003"
    case tooDeep = "E0004"
    case aliasLimit = "E0005"
    case unknownAlias = "E0006"
    case duplicateKey = "E0007"
    case keyNotText = "E0008"
    case unknownTag = "E0009"
    case emptyDocument = "E0010"
    case invalidMerge = "E0011"

    // The shape of documents.
    case unknownKind = "E0101"
    case missingField = "E0102"
    case unknownKey = "E0103"
    case wrongType = "E0104"
    case invalidValue = "E0105"

    // Names and references.
    case unknownProvider = "E0201"
    case duplicateProvider = "E0202"
    case unknownPlugin = "E0203"
    case unknownResourceType = "E0204"
    case duplicateResource = "E0205"
    case unknownDependency = "E0206"
    case ambiguousDependency = "E0207"
    case dependencyCycle = "E0208"
    case parentNotAllowed = "E0209"
    case typeClaimedTwice = "E0210"
    case unknownParameterTarget = "W0211"
    case duplicateDependency = "W0212"

    // Parameters and properties against the plugin's schema.
    case schemaViolation = "E0301"
    case missingRequired = "E0302"
    case unknownParameter = "E0303"
    case schemaType = "E0304"
    case schemaEnum = "E0305"
    case literalSecret = "E0306"

    // Several files: the project and its plans.
    case duplicatePlanName = "W0401"
    case planTwiceInBank = "E0402"
    case duplicatePlugin = "E0403"
    case unknownLint = "E0406"
    case errorNotSilenced = "E0407"
    case allowWithoutReason = "E0408"
    case unusedAllow = "W0409"
    case unknownComment = "W0410"

    // Lints: a plan that compiles and still loses data.

    // Internal consistency.
    case invalidIR = "E0901"

    /// The code's name in kebab case.
    package var name: String {
        switch self {
        case .unreadableFile: "unreadable-file"
        case .notUTF8: "not-utf8"
        case .yamlSyntax: "yaml-syntax"
        case .tooDeep: "nested-too-deep"
        case .aliasLimit: "alias-limit"
        case .unknownAlias: "unknown-alias"
        case .duplicateKey: "duplicate-key"
        case .keyNotText: "key-not-text"
        case .unknownTag: "unknown-tag"
        case .emptyDocument: "empty-document"
        case .invalidMerge: "invalid-merge"
        case .unknownKind: "unknown-kind"
        case .missingField: "missing-field"
        case .unknownKey: "unknown-key"
        case .wrongType: "wrong-type"
        case .invalidValue: "invalid-value"
        case .unknownProvider: "unknown-provider"
        case .duplicateProvider: "duplicate-provider"
        case .unknownPlugin: "unknown-plugin"
        case .unknownResourceType: "unknown-resource-type"
        case .duplicateResource: "duplicate-resource"
        case .unknownDependency: "unknown-dependency"
        case .ambiguousDependency: "ambiguous-dependency"
        case .dependencyCycle: "dependency-cycle"
        case .parentNotAllowed: "parent-not-allowed"
        case .typeClaimedTwice: "type-claimed-twice"
        case .unknownParameterTarget: "unknown-parameter-target"
        case .duplicateDependency: "duplicate-dependency"
        case .schemaViolation: "schema-violation"
        case .missingRequired: "missing-required"
        case .unknownParameter: "unknown-parameter"
        case .schemaType: "schema-type"
        case .schemaEnum: "schema-enum"
        case .literalSecret: "literal-secret"
        case .duplicatePlanName: "duplicate-plan-name"
        case .planTwiceInBank: "plan-twice-in-bank"
        case .duplicatePlugin: "duplicate-plugin"
        case .unknownLint: "unknown-lint"
        case .errorNotSilenced: "error-not-silenced"
        case .allowWithoutReason: "allow-without-reason"
        case .unusedAllow: "unused-allow"
        case .unknownComment: "unknown-comment"
        case .invalidIR: "invalid-ir"
        }
    }

    package var severity: Severity { rawValue.hasPrefix("E") ? .error : .warning }

    /// Whether it depends on more than the file itself, such as the other files of the run or the host: then one run
    /// may give it and another not, and a comment that allows it may be needed although it silences nothing here.
    package var dependsOnSurroundings: Bool {
        switch self {
        case .duplicatePlanName: true
        default: false
        }
    }
}
