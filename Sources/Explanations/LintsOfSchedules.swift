import Diagnostics

extension Explanation {
    /// Lints about retention and triggers: W0509 to W0515, and W0524.
    static let lintsOfSchedules: [Explanation] = [
        Explanation(
            .keepsTooFew,
            meaning: """
                A retention policy keeps a single checkpoint.

                Keep at least two, better some of different age.
                """,
            reason: """
                When the last checkpoint turns out to hold damage that came in before it, there is no earlier one.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 1}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7}

                    """)),
        Explanation(
            .retentionWithoutTrigger,
            meaning: """
                A plan has a retention policy, and no trigger that starts `protect`.

                Add one. Where something else starts `cairn protect`, such as a timer of the system, allow this \
                with that reason.
                """,
            reason: """
                Whoever reads the policy believes that checkpoints are made. None is, until somebody makes one by \
                hand.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .triggerWithoutRetention,
            meaning: """
                A trigger makes checkpoints, and there is no retention policy.

                Add `retention`. Where something else deletes checkpoints, allow this with that reason.
                """,
            reason: """
                The bank grows until it is full. From then on no checkpoint is made, which is found out when one \
                is needed.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .neverFires,
            meaning: """
                No day fits the schedule of a trigger, such as 31 February.

                Mend the day or the month. For the last day of each month take the first of the next.
                """,
            reason: """
                The trigger looks like protection and never starts anything.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "0 3 31 2 *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "0 3 28 2 *", operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .firesWithinWindow,
            meaning: """
                A trigger fires again before the window of its last firing has ended.

                Shorten the window, or let the trigger fire less often.
                """,
            reason: """
                A run that starts late and the next one fall together. One of them is dropped, so that fewer \
                checkpoints are made than the schedule says.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "*/15 * * * *", window: 30m, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "*/15 * * * *", window: 10m, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .shiftedHour,
            meaning: """
                A trigger fires at a time that clocks in its time zone skip when summer time begins, or show twice \
                when it ends. Schedules that fire in every hour are not told. The tz database of the machine that \
                runs `cairnc` says when clocks are shifted; counted are the years from 2026 to 2053.

                Choose an hour at which clocks are not shifted, or `timezone: UTC`.
                """,
            reason: """
                Once a year a run is left out, or starts an hour early or late, and once there are two.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 2 * * *", timezone: Europe/Berlin, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", timezone: Europe/Berlin, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .unknownTimeZone,
            meaning: """
                The tz database of the machine that runs `cairnc` has no time zone of this name. It is a warning \
                and no error, because a newer database may have it. On a machine without a database, `cairnc` says \
                so once and checks no zone.

                Write the name as the database has it: `Europe/Berlin`, with its capitals.
                """,
            reason: """
                The service that runs the triggers cannot know when they fire, so that they do not.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", timezone: Europe/Berlni, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: nightly, cron: "15 3 * * *", timezone: Europe/Berlin, operation: protect}
                    retention: {keepLast: 7, keepDaily: 14}

                    """)),
        Explanation(
            .expiresBetweenRuns,
            meaning: """
                `maxAge` is shorter than the longest time between two runs of the triggers that start `protect`.

                Raise `maxAge`, or run more often. Plans whose triggers have different time zones are not judged.
                """,
            reason: """
                When the next checkpoint is made, all before it have expired and go. A single one is left, and when it \
                turns out to be bad, there is none before it.
                """,
            wrong: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: weekly, cron: "15 3 * * 0", operation: protect}
                    retention: {keepLast: 7, maxAge: 3d}

                    """),
            right: Example(
                plan: """
                    resources:
                      - {id: data, type: Host::FileSystem::Directory, properties: {path: /srv/data}}
                    triggers:
                      - {name: weekly, cron: "15 3 * * 0", operation: protect}
                    retention: {keepLast: 7, maxAge: 60d}

                    """)),
    ]
}
