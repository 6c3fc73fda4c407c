import CanonicalForm
import Foundation
import Testing

/// What a terminal shows while the executor runs on it: a small emulator of one reads what is written, and looks at the
/// screen after each piece.
@Suite("The live view on a terminal") struct LiveViewTests {
    /// Runs a command on a terminal of its own, resizes that as `sizes` says after so many pieces, and prints what the
    /// screens were, in JSON.
    private static let terminal = #"""
        import fcntl, json, os, pty, re, select, struct, sys, termios, time
        columns, rows, hangup, *command = sys.argv[1:]
        columns, rows = int(columns), int(rows)
        class Screen:
            # Cursor, lines and scrolling, and the few sequences that the view may use: any other is an error.
            def __init__(self, columns, rows):
                self.columns, self.rows, self.x, self.y, self.scrolled = columns, rows, 0, 0, []
                self.lines = [""] * rows
            def put(self, c):
                if self.x >= self.columns: self.newline(); self.x = 0
                line = self.lines[self.y].ljust(self.x)
                self.lines[self.y] = line[:self.x] + c + line[self.x + 1:]
                self.x += 1
            def newline(self):
                if self.y == self.rows - 1: self.scrolled.append(self.lines.pop(0)); self.lines.append("")
                else: self.y += 1
            def feed(self, text):
                for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\s\S]", text):
                    if piece == "\r": self.x = 0
                    elif piece == "\n": self.newline()
                    elif piece == "\x1b[K": self.lines[self.y] = self.lines[self.y][:self.x]
                    elif piece == "\x1b[J":
                        self.lines[self.y] = self.lines[self.y][:self.x]
                        for y in range(self.y + 1, self.rows): self.lines[y] = ""
                    elif re.fullmatch(r"\x1b\[\d+A", piece):
                        assert int(piece[2:-1]) <= self.y, "above the screen"
                        self.y -= int(piece[2:-1])
                    elif re.fullmatch(r"\x1b\[[0-9;]*m", piece): assert color, "coloured"
                    else:
                        assert piece >= " " and piece != "\x7f", repr(piece)
                        self.put(piece)
            def resize(self, columns, rows):
                # As terminals do that wrap lines anew: the cursor stays at its character.
                self.lines, y = [], None
                for number, line in enumerate(self.before):
                    if number == self.y: y = len(self.lines)
                    parts = [line[i:i + columns] for i in range(0, len(line), columns)] or [""]
                    self.lines += parts
                while len(self.lines) > rows and not self.lines[-1] and len(self.lines) - 1 > y: self.lines.pop()
                while len(self.lines) > rows: self.scrolled.append(self.lines.pop(0)); y -= 1
                self.lines += [""] * (rows - len(self.lines))
                self.columns, self.rows, self.y = columns, rows, max(0, y)
        color = "NO_COLOR" not in os.environ
        pid, fd = pty.fork()
        if pid == 0:
            if hangup == "hangup": import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execv(command[0], command)
        def size(columns, rows): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        size(columns, rows)
        screen, frames, raw, resized = Screen(columns, rows), [], "", 0
        began = time.time()
        while True:
            ready, _, _ = select.select([fd], [], [], 30)
            assert ready, "it hangs"
            try: data = os.read(fd, 65536).decode("utf-8", "replace")
            except OSError: break
            if not data: break
            raw += data
            screen.feed(data)
            frames.append([line.rstrip() for line in screen.lines if line.strip()])
            if hangup == "hangup" and len(frames) == 3: os.close(fd); break
            if hangup == "resize" and len(frames) in (3, 6):
                columns, rows = (30, 6) if len(frames) == 3 else (100, 20)
                screen.before = screen.lines
                screen.resize(columns, rows)
                size(columns, rows)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status), "frames": frames, "scrolled": screen.scrolled,
                          "last": [l.rstrip() for l in screen.lines if l.strip()], "raw": raw}))
        """#

    private struct Shown: Decodable {
        let code: Int32
        let frames: [[String]]
        let scrolled: [String]
        let last: [String]
        let raw: String
    }

    private func site() async throws -> Site {
        // Slow enough to be drawn a few times.
        let site = try await Site(parameters: "{level: 19}")
        _ = try await site.shell("head -c 6000000 /dev/urandom | base64 > source/large")
        try await site.compile()
        try site.write("terminal.py", Self.terminal)
        return site
    }

    private func show(
        _ site: Site, _ columns: Int, _ rows: Int, _ kind: String, _ command: String,
        environment: [String: String?] = ["TERM": "xterm", "NO_COLOR": nil]
    ) async throws -> Shown {
        let ending = try await Programs.run(
            "/usr/bin/env",
            ["python3", site.place + "/terminal.py", "\(columns)", "\(rows)", kind, "/bin/sh", "-c", command],
            in: site.place, environment: environment.merging(["CAIRN": Programs.directory]) { $1 })
        try #require(ending.code == 0, "\(ending)")
        return try JSONDecoder().decode(Shown.self, from: Data(ending.output.utf8))
    }

    @Test("has several lines that fit, and leaves a clean screen") func clean() async throws {
        let shown = try await show(
            try await site(), 72, 12, "none", "\"$CAIRN/cairn\" protect plan.ir > id; echo code $?")
        #expect(shown.code == 0 && shown.last.last == "code 0", "\(shown.last)")
        let drawn = shown.frames.filter { $0.contains { $0.hasPrefix("protect shop  ") } }
        #expect(drawn.count >= 3, "\(shown.frames)")
        #expect(drawn.contains { $0.contains("0/1 resources  1 copying") }, "\(drawn)")
        #expect(drawn.contains { $0.contains { $0.hasSuffix("Host::FileSystem::Directory#data") } }, "\(drawn)")
        // What stays is how it ended; nothing of the picture.
        #expect(shown.last.contains { $0.contains("is available: 1 resource") }, "\(shown.last)")
        #expect(!(shown.last + shown.scrolled).contains { $0.contains("resources  ") || $0.hasPrefix("protect shop") })
        #expect(shown.raw.contains("\u{1B}[1mprotect shop"))
    }

    @Test("fits after each resize, and leaves nothing of what was wider") func resize() async throws {
        let shown = try await show(
            try await site(), 110, 12, "resize", "\"$CAIRN/cairn\" protect plan.ir > id; echo code $?",
            environment: ["TERM": "xterm", "NO_COLOR": "1"])
        #expect(shown.frames.count > 6 && shown.last.last == "code 0", "\(shown.last)")
        for frame in shown.frames {
            #expect(frame.filter { $0.hasPrefix("protect shop") }.count <= 1, "\(frame)")
        }
        #expect(!(shown.last + shown.scrolled).contains { $0.contains("resources  ") || $0.hasPrefix("protect shop") })
        #expect(!shown.raw.contains("\u{1B}[1m"))
    }

    @Test("is plain lines on a terminal that can do no more") func dumb() async throws {
        let site = try await site()
        for kind in ["dumb", ""] {
            let shown = try await show(
                site, 80, 12, "none", "\"$CAIRN/cairn\" protect plan.ir > id; echo code $?",
                environment: ["TERM": kind, "NO_COLOR": nil])
            #expect(!shown.raw.contains("\u{1B}"), "\(shown.raw)")
            #expect(shown.last.contains { $0.contains("#data done, ") && $0.hasSuffix("(1/1)") }, "\(shown.last)")
        }
    }

    @Test("may vanish with its terminal; the run goes on") func hangup() async throws {
        let site = try await site()
        // SIGHUP is ignored here, as by nohup: what is tested is that nothing can be written any more.
        let shown = try await show(
            site, 80, 12, "hangup",
            "trap '' HUP; \"$CAIRN/cairn\" protect plan.ir --events events > id; echo $? > code; exit 0")
        #expect(shown.code == 0)
        let code = try await site.shell("cat code")
        #expect(code.output == "0\n" || code.output == "3\n", "\(code)")
        let list = try await site.cairn("checkpoints", "list", "--output", "json")
        #expect(try list.json().arrayValue?.first?.objectValue?["status"]?.stringValue != "protecting")
    }
}
