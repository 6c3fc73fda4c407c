/// How long an object may be that is read as a whole, in bytes. What is longer has grown since it was written, and is refused
/// unread: nothing that is damaged takes more memory than what is whole.
package enum ObjectLimit {
    /// A record that says little, whatever the plan.
    package static let record: Int64 = 16 << 20
    /// What grows with the resources of a plan or the parts of an artifact: an IR, a commit record, a segment of a
    /// journal, a pack of definitions, the record of an artifact.
    package static let bulk: Int64 = 512 << 20
}
