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
    case leaseWindows = "E0106"

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
    case plainSecret = "W0501"
    case readableSecretFile = "W0502"
    case pathProtectedTwice = "W0503"
    case nestedPaths = "W0504"
    case copiedLive = "W0505"
    case quiescesForNothing = "W0506"
    case bankInProtectedPath = "W0507"
    case bankOnSameFileSystem = "W0508"
    case keepsTooFew = "W0509"
    case retentionWithoutTrigger = "W0510"
    case triggerWithoutRetention = "W0511"
    case neverFires = "W0512"
    case firesWithinWindow = "W0513"
    case shiftedHour = "W0514"
    case unknownTimeZone = "W0515"
    case excludesEverything = "W0516"
    case malformedExclude = "E0517"
    case unusedProvider = "W0518"
    case unusedPlugin = "W0519"
    case unusedProviderParameters = "W0520"
    case disabledWithTriggers = "W0521"
    case deprecatedOption = "W0522"
    case savesNothing = "W0523"
    case expiresBetweenRuns = "W0524"
    case pathInSeveralPlans = "W0525"
    case secretOverHTTP = "W0526"

    // Discovery and inventories.
    case cannotDiscover = "E0601"
    case inventoryWithoutPlan = "E0602"
    case inventoryOfOtherProvider = "E0603"
    case staleInventory = "E0604"
    case unusedInventoryEntry = "W0605"
    case missingInventoryEntry = "E0606"
    case tooFewFound = "E0607"
    case unexpectedFoundType = "E0608"
    case foundTwice = "E0609"
    case inventoryNeeded = "E0610"
    case inventoryParameter = "E0611"
    case duplicateInventory = "E0612"

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
        case .leaseWindows: "lease-windows"
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
        case .plainSecret: "plain-secret"
        case .readableSecretFile: "readable-secret-file"
        case .pathProtectedTwice: "path-protected-twice"
        case .nestedPaths: "nested-paths"
        case .copiedLive: "copied-live"
        case .quiescesForNothing: "quiesces-for-nothing"
        case .bankInProtectedPath: "bank-in-protected-path"
        case .bankOnSameFileSystem: "bank-on-same-file-system"
        case .keepsTooFew: "keeps-too-few"
        case .retentionWithoutTrigger: "retention-without-trigger"
        case .triggerWithoutRetention: "trigger-without-retention"
        case .neverFires: "never-fires"
        case .firesWithinWindow: "fires-within-window"
        case .shiftedHour: "shifted-hour"
        case .unknownTimeZone: "unknown-time-zone"
        case .excludesEverything: "excludes-everything"
        case .malformedExclude: "malformed-exclude"
        case .unusedProvider: "unused-provider"
        case .unusedPlugin: "unused-plugin"
        case .unusedProviderParameters: "unused-provider-parameters"
        case .disabledWithTriggers: "disabled-with-triggers"
        case .deprecatedOption: "deprecated-option"
        case .savesNothing: "saves-nothing"
        case .expiresBetweenRuns: "expires-between-runs"
        case .pathInSeveralPlans: "path-in-several-plans"
        case .secretOverHTTP: "secret-over-http"
        case .cannotDiscover: "cannot-discover"
        case .inventoryWithoutPlan: "inventory-without-plan"
        case .inventoryOfOtherProvider: "inventory-of-other-provider"
        case .staleInventory: "stale-inventory"
        case .unusedInventoryEntry: "unused-inventory-entry"
        case .missingInventoryEntry: "missing-inventory-entry"
        case .tooFewFound: "too-few-found"
        case .unexpectedFoundType: "unexpected-found-type"
        case .foundTwice: "found-twice"
        case .inventoryNeeded: "inventory-needed"
        case .inventoryParameter: "inventory-parameter"
        case .duplicateInventory: "duplicate-inventory"
        case .invalidIR: "invalid-ir"
        }
    }

    /// Whether the text at a diagnostic's place is a secret, which nothing that is printed may show.
    package var hidesItsText: Bool { self == .literalSecret || self == .plainSecret }

    package var severity: Severity { rawValue.hasPrefix("E") ? .error : .warning }

    /// Whether it depends on more than the file itself, such as the other files of the run or the host: then one run
    /// may give it and another not, and a comment that allows it may be needed although it silences nothing here.
    package var dependsOnSurroundings: Bool {
        switch self {
        case .duplicatePlanName, .pathInSeveralPlans, .unusedProvider, .unusedPlugin, .unusedProviderParameters,
            .readableSecretFile, .bankOnSameFileSystem, .unknownTimeZone, .shiftedHour:
            true
        default: false
        }
    }
}
