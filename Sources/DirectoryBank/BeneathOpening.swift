internal import CLinux
private import Glibc

/// What became of opening a path in one call.
enum BeneathOpening {
    case opened(Descriptor)
    case missing
    /// Nothing more than that the way must be gone name by name, which finds out why.
    case refused
}

extension Descriptor {
    /// The flag of an open that only finds out what is there.
    static var pathOnly: Int32 { clinux_o_path }

    /// Opens a path of several names below this directory in one call, following no symbolic link.
    func openBeneath(_ path: String, flags: Int32) -> BeneathOpening {
        while true {
            let opened = clinux_open_beneath(raw, path, flags | O_NOFOLLOW | O_CLOEXEC)
            if opened >= 0 { return .opened(Descriptor(owning: opened)) }
            if errno == ENOENT { return .missing }
            if errno != EINTR { return .refused }
        }
    }
}
