"""What the benchmarks share: runs of commands, medians and ratios of them, and bars."""
import random
import statistics
import subprocess
import sys


class Run:
    """One run of a command: wall and CPU seconds, peak memory in MiB, bytes written."""

    def __init__(self, bench, command, directory):
        made = subprocess.run([f"{bench.work}/run", *command], cwd=directory, capture_output=True, text=True,
                              check=True)
        wall, cpu, peak, code, written = made.stdout.split()
        if code != "0":
            sys.exit(f"failed with {code}: {' '.join(command)}")
        self.wall, self.cpu, self.peak, self.written = float(wall), float(cpu), int(peak) / 1024, int(written)


def median(runs, figure):
    return statistics.median(getattr(run, figure) for run in runs)


def milliseconds(runs, figure):
    return f"{median(runs, figure) * 1000:.1f} ms"


def ratio(above, below, figure):
    ratios = [getattr(a, figure) / getattr(b, figure) for a, b in zip(above, below)]
    return statistics.median(ratios), f"{min(ratios):.2f}..{max(ratios):.2f}"


def skip(name, why):
    print(f"{name}: skipped, {why}", flush=True)


class Bench:
    """One benchmark: where it works, how often each side runs, and which bars it has missed."""

    def __init__(self, work, scripts, rounds, program="cairnc"):
        self.work, self.rounds, self.missed, self.program = work, rounds, [], program
        subprocess.run(["cc", "-O2", f"{scripts}/bench-run.c", "-o", f"{work}/run"], check=True)

    def verdict(self, is_reached, what):
        if not is_reached:
            self.missed.append(what)
        return "within" if is_reached else "OVER"

    def run(self, command, directory=None):
        return Run(self, command, directory or self.work)

    def compare(self, ours, theirs, directory=None, rounds=None):
        """Runs both commands in turn; returns their runs, the first round of each left out."""
        sides = {"ours": [], "theirs": []}
        for number in range((rounds or self.rounds) + 1):
            for side in ["ours", "theirs"] if number % 2 else ["theirs", "ours"]:
                run = self.run(ours if side == "ours" else theirs, None if side == "ours" else directory)
                if number:
                    sides[side].append(run)
        return sides["ours"], sides["theirs"]

    def report(self, name, cpu, wall, bar, ours, theirs, peer, memory_bar=None):
        verdict = "no bar"
        if bar:
            is_reached = cpu[0] >= bar[1] if bar[0] == ">=" else cpu[0] <= bar[1]
            verdict = f"bar {bar[0]} {bar[1]}: {self.verdict(is_reached, name)}"
        print(f"{name}: CPU {cpu[0]:.2f} x ({cpu[1]}), {verdict}; wall {wall[0]:.2f} x ({wall[1]})")
        print(f"    {self.program} {milliseconds(ours, 'cpu')} CPU, {milliseconds(ours, 'wall')} wall, "
              f"{self.memory(name, ours, memory_bar)}; "
              f"{peer} {milliseconds(theirs, 'cpu')} CPU, {milliseconds(theirs, 'wall')} wall, "
              f"{max(run.peak for run in theirs):.1f} MiB", flush=True)

    def report_less(self, name, ours, theirs, figure, bar, peer):
        """Reports how many times less of a figure, `cpu` or `wall`, ours takes."""
        times = ratio(theirs, ours, figure)
        print(f"{name}: {times[0]:.0f} x ({times[1]}), bar >= {bar}: {self.verdict(times[0] >= bar, name)}")
        for program, runs in [(self.program, ours), (peer, theirs)]:
            print(f"    {program} {milliseconds(runs, 'cpu')} CPU, {milliseconds(runs, 'wall')} wall, "
                  f"{max(run.peak for run in runs):.1f} MiB", flush=True)

    def memory(self, name, runs, bar):
        peak = max(run.peak for run in runs)
        if bar is None:
            return f"{peak:.1f} MiB"
        return f"{peak:.1f} MiB (bar <= {bar}: {self.verdict(peak <= bar, name + ', memory')})"

    def finish(self):
        if self.missed:
            sys.exit(f"bars that are not reached: {'; '.join(self.missed)}")


def write_provider(work):
    with open(f"{work}/providers/bench.yaml", "w") as file:
        file.write("apiVersion: cairn/v1\nkind: Provider\nname: bench\n"
                   "bank: {plugin: directory, config: {path: /bank}}\nplugins: [{name: files}]\n")


def tree(count):
    """The dependents of each resource: an earlier one at random, so that each but the first has one."""
    random.seed(count)
    return [[random.randrange(number)] if number else [] for number in range(count)]


def chain(count):
    return [[number + 1] if number + 1 < count else [] for number in range(count)]


def diamonds(count):
    """A ladder of stacked diamonds: layers of two, each resource with both of the next layer."""
    return [[other for other in (number // 2 * 2 + 2, number // 2 * 2 + 3) if other < count]
            for number in range(count)]


def write_plan(path, dependents):
    """Writes a plan of directories with these dependents."""
    with open(path, "w") as file:
        file.write("apiVersion: cairn/v1\nkind: Plan\nname: big\nprovider: bench\nresources:\n")
        for number, others in enumerate(dependents):
            file.write(f"  - id: r{number}\n    type: Host::FileSystem::Directory\n    name: Resource {number}\n"
                       f"    properties: {{path: /srv/data/{number}}}\n"
                       f"    parameters: {{level: {number % 19 + 1}}}\n")
            if others:
                file.write(f"    dependsOn: [{', '.join(f'r{other}' for other in others)}]\n")
    return path


def write_ninja(directory, graph):
    """Writes the build.ninja of an activity graph, as `cairnc graph --format json` prints it."""
    inputs = {node["id"]: [] for node in graph["nodes"]}
    for edge in graph["edges"]:
        inputs[edge["to"]].append(edge["from"])

    def escaped(identity):
        return identity.replace("$", "$$").replace(":", "$:").replace(" ", "$ ")

    with open(f"{directory}/build.ninja", "w") as out:
        out.write("rule activity\n  command = true\n")
        for identity, needed in inputs.items():
            out.write(f"build {escaped(identity)}: activity {' '.join(map(escaped, needed))}\n")
