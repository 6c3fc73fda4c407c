import Checkpoints
import Testing

@testable import ProtectionService

/// Whether the owner of a lease has certainly ended: what cannot be seen proves nothing.
@Suite struct HostViewTests {
    private static func view(
        machine: String? = "m", boot: String? = "b", namespace: String? = "n",
        _ look: HostView.Look = .running(start: 7)
    ) -> HostView {
        HostView(host: "h", machine: machine, boot: boot, namespace: namespace) { $0 == 12 ? look : .absent }
    }

    private static func owner(
        host: String = "h", boot: String = "b", start: Int64 = 7, namespace: String = "n", machine: String? = "m"
    ) -> Owner {
        Owner(
            id: "0000000000000000", host: host, process: 12, boot: boot, processStart: start, namespace: namespace,
            machine: machine)
    }

    @Test func aProcessThatIsThereRuns() {
        #expect(Self.view().isRunning(Self.owner()))
        #expect(!Self.view().hasEnded(Self.owner()))
    }

    @Test func anIdThatIsFreeOrAnothersHasEnded() {
        for look in [HostView.Look.absent, .running(start: 8)] {
            #expect(Self.view(look).hasEnded(Self.owner()))
            #expect(!Self.view(look).isRunning(Self.owner()))
        }
    }

    @Test func anotherBootOfThisMachineHasEndedIt() {
        #expect(Self.view(boot: "c").hasEnded(Self.owner()))
        #expect(!Self.view(boot: "c").isRunning(Self.owner()))
    }

    @Test(arguments: [
        ("another host of that name", view(machine: "other", boot: "c"), owner()),
        ("an owner whose record names no machine", view(boot: "c"), owner(machine: nil)),
        ("a machine that is not known here", view(machine: nil, boot: "c"), owner()),
        ("two machines that nobody knows", view(machine: nil, boot: "c"), owner(machine: nil)),
        ("a boot that cannot be read", view(boot: nil), owner()),
        ("an owner that could not read its boot", view(), owner(boot: "unknown")),
        ("both boots unknown", view(boot: nil), owner(boot: "unknown")),
        ("a namespace that cannot be read", view(namespace: nil, .absent), owner(namespace: "unknown")),
        ("another container", view(.absent), owner(namespace: "o")),
        ("a process that cannot be looked at", view(.unknown), owner()),
        ("an owner that could not read its start", view(.running(start: 8)), owner(start: 0)),
        ("another host", view(.absent), owner(host: "i")),
    ])
    func whatCannotBeSeenProvesNothing(_ name: String, _ view: HostView, _ owner: Owner) {
        #expect(!view.hasEnded(owner), "\(name)")
        #expect(!view.isRunning(owner), "\(name)")
    }

    @Test func thisProcessRuns() {
        let own = OwnerProcess.current()
        #expect(OwnerProcess.isRunning(own))
        #expect(!OwnerProcess.hasEnded(own))
        #expect(HostView.current().look(.max) == .unknown)
    }
}
