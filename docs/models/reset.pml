/*
 * The announced reset, in banks that cannot replace under a condition: those who delete a checkpoint (a person, a
 * retention, a collection), those who want it back whose deletion was broken off (a person, or a collection, which also
 * takes away what a reset has left), and one who restores it, or pins it, beside them. docs/models/README.md says what
 * is proven, and what the names of the variants mean.
 *
 * A process may stand still between any two of its steps, for ever if it likes.
 */

#ifndef DELETERS
#define DELETERS 2
#endif
#ifndef RESETTERS
#define RESETTERS 1
#endif
#define USER (DELETERS + RESETTERS + 1)
#define PROCESSES (USER + 1)

/* tombstone.json: its stage, whether it says why deleting has failed, and whose it is. */
#define NOTHING 0
#define MARKED 1
#define REMOVING 2
byte tombstone = NOTHING, marker = 0;
bool failed = false;
/* removing: something may have been removed. Nobody writes over it. */
bool removing = false;

/* reset.json: what it says, and whether it is more than a day old. */
#define ANNOUNCED 1
#define OVER 2
byte reset = NOTHING;
bool ripe = false;

/* What plugins keep elsewhere, index.json, and the content. */
bool outside = true, index = true, content = true;

/* uses/<owner>.json, whether a listing has it, and whether a mark was written that a listing may know before it. */
bool use = false, listed = false, unlisted = false;
/* pin.json, and whether someone was told that the checkpoint is pinned. */
bool pin = false, pinned = false;

/* Whose lease has run out. */
bool gone[PROCESSES];
/* Who has begun, and has neither ended nor shown what it does; who of them had begun when reset.json was written; and
 * who has looked at its lease, and not yet done what it did so for. */
bool busy[PROCESSES], before[PROCESSES], sending[PROCESSES];
/* Who deletes; and who of them began before a mark was taken away. */
bool deleting[PROCESSES], stale[PROCESSES];
/* Everybody has stopped for ever, and the rest has come to its end: see Rest. */
bool over = false;

/* How many of those who delete, and of those who reset, have begun. They are all alike. */
byte deleters = 0, resetters = 0;

#ifdef NO_FENCING
#define FENCE sending[me] = true
#else
/* Looks whether its lease lasts. The write that it does so for is a step of its own. */
#define FENCE if :: gone[me] -> goto stop :: else -> sending[me] = true fi
#endif
#define SENT sending[me] = false
#define DONE busy[me] = false; before[me] = false; sending[me] = false

#define FINISHED outside = false; index = false; content = false; removing = false; tombstone = NOTHING

/* What is written or removed for a deletion must not take effect when a mark was taken away that it may rest on. */
#define STILL_MEANT assert(!stale[me] || over)

/* Writes tombstone.json, over whatever is there. */
#define WRITE_TOMBSTONE(stage, why) STILL_MEANT; tombstone = stage; failed = why; marker = me; unlisted = use && !listed

/* Writes reset.json, whose age begins then. */
inline write_reset(word) {
    reset = word; ripe = false;
    p = 1;
    do
    :: p < USER -> before[p] = busy[p] && p != me; p++
    :: else -> p = 0; break
    od
}

/* Looks for what must keep a checkpoint from being deleted. */
inline look(with_reset) {
#ifdef WITH_PIN
    needed = pin;
#endif
    needed = needed || (with_reset && reset != NOTHING);
#ifdef WITH_RESTORER
    if :: use && listed -> if :: gone[USER] = true :: needed = true fi :: else fi
#endif
}

#ifdef NO_LOOK_BEFORE
#define LOOKS_BEFORE false
#else
#define LOOKS_BEFORE true
#endif
#ifdef NO_LOOK_BEHIND
#define LOOKS_BEHIND false
#else
#define LOOKS_BEHIND true
#endif

proctype Deleter(byte me) {
    byte stage;
    bool needed, why, old = true;
    atomic { deleters == me - 1 -> deleters++; deleting[me] = true; busy[me] = true }
    look(LOOKS_BEFORE);
    /* Marks it, or finds it marked. */
    atomic { if :: needed -> goto stop :: else fi; FENCE };
again:
    atomic { stage = tombstone; why = failed; if :: stage != NOTHING && !why -> SENT; goto marked :: else fi };
    atomic {
        if
#ifndef LISTONLY
        :: stage == NOTHING && tombstone != NOTHING -> goto again
#endif
        :: else
        fi;
        if :: stage == NOTHING -> stage = MARKED :: else fi;
        WRITE_TOMBSTONE(stage, false);
        SENT
    }
marked:
    why = false;
#ifdef LISTONLY
    /* The mark is older than any listing is late, or it is for another time. */
    old = !unlisted || listed || !use;
#endif
    look(LOOKS_BEHIND);
    if
    :: atomic { needed -> FENCE };
        /* Says why it was not deleted. A mark cannot be taken away under a condition. */
        atomic { WRITE_TOMBSTONE(stage, true) };
        goto stop
    :: atomic { !needed }
    fi;
    atomic { if :: !old -> goto stop :: else fi; FENCE };
#ifndef NO_REMOVING
    atomic { STILL_MEANT; removing = true };
#endif
    atomic { WRITE_TOMBSTONE(REMOVING, false); DONE; stage = 0 };
    /* From here on nobody takes the mark away. */
    atomic { if :: outside -> STILL_MEANT; outside = false :: else fi };
    if
    :: atomic { STILL_MEANT; tombstone = REMOVING; failed = true; marker = me }; goto stop /* A hook has failed. */
    :: skip
    fi;
    if :: tombstone == NOTHING -> goto stop :: else fi;
    atomic { if :: index -> STILL_MEANT; index = false :: else fi };
    if :: tombstone == NOTHING -> goto stop :: else fi;
    atomic { if :: content -> STILL_MEANT; content = false :: else fi; removing = false };
    tombstone = NOTHING;
stop:
    atomic { DONE; stage = 0; needed = false; why = false; old = false; deleting[me] = false; stale[me] = false }
}

/* A reset, or a collection: it is run again and again. */
proctype Resetter(byte me) {
    byte word, p;
    bool due, whole;
    resetters == me - DELETERS - 1 -> resetters++;
end:
    do
    :: atomic { (tombstone != NOTHING || reset != NOTHING) && !gone[me] -> busy[me] = true; word = reset; due = ripe };
        atomic {
            if
            :: tombstone == NOTHING -> goto unmarked
            :: tombstone != NOTHING && !failed && marker != 0 -> gone[marker] = true
            :: else
            fi;
            /* Looks whether all is there that can be seen. */
            whole = tombstone == MARKED && index && content;
#ifndef NO_REMOVING
            whole = whole && !removing
#endif
        }
#ifdef AGE_BEHIND_LOOK
        atomic { word = reset; due = ripe };
#endif
#ifdef NO_WAITING
        due = true;
#endif
        atomic { FENCE };
        if
        :: atomic { !whole -> reset = NOTHING }; goto next /* What cannot be had back holds up no deletion. */
#ifndef NO_ANNOUNCEMENT
        :: atomic { whole && word != ANNOUNCED -> write_reset(ANNOUNCED) }; goto next
        :: atomic { whole && word == ANNOUNCED && !due -> goto next }
        :: atomic { whole && word == ANNOUNCED && due }
#else
        :: atomic { whole }
#endif
        fi;
#ifdef RESET_FIRST
        reset = NOTHING;
#endif
        atomic {
            if
            :: tombstone != NOTHING ->
                assert((outside && index && content) || over);
                tombstone = NOTHING; failed = false; marker = 0;
                p = 1;
                do
                :: p <= DELETERS -> stale[p] = deleting[p]; p++
                :: else -> p = 0; break
                od
            :: else
            fi;
            SENT
        }
        word = ANNOUNCED; due = false;
unmarked:
        /* Nothing is marked: takes away the announcement. */
        atomic { if :: word == NOTHING -> goto next :: else fi; FENCE };
#ifdef FORGET_AT_ONCE
        reset = NOTHING;
#else
        if
        :: atomic { word == ANNOUNCED -> write_reset(OVER) }
        :: atomic { word == OVER && due -> reset = NOTHING }
        :: atomic { word == OVER && !due }
        fi;
#endif
next:
        atomic { DONE; word = 0; due = false; whole = false }
    od;
stop:
    atomic { DONE; word = 0; due = false; whole = false }
}

/* A day passes: who had begun before reset.json was written has come to its end, or lost its lease. What was sent has
 * taken effect. */
#ifdef LATE_WRITE
#define ON_ITS_WAY(p) false
#else
#define ON_ITS_WAY(p) (before[p] && sending[p])
#endif
#if DELETERS + RESETTERS == 2
#define NOTHING_ON_ITS_WAY !(ON_ITS_WAY(1) || ON_ITS_WAY(2))
#elif DELETERS + RESETTERS == 3
#define NOTHING_ON_ITS_WAY !(ON_ITS_WAY(1) || ON_ITS_WAY(2) || ON_ITS_WAY(3))
#else
#define NOTHING_ON_ITS_WAY !(ON_ITS_WAY(1) || ON_ITS_WAY(2) || ON_ITS_WAY(3) || ON_ITS_WAY(4))
#endif
proctype Day() {
    byte p;
end:
    do
    :: d_step {
        reset != NOTHING && !ripe && NOTHING_ON_ITS_WAY ->
        p = 1;
        do
        :: p < USER -> gone[p] = gone[p] || before[p]; before[p] = false; p++
        :: else -> p = 0; break
        od;
        ripe = true
    }
    od
}

#ifdef WITH_PIN
proctype Pinner() {
    pin = true;
    /* Whoever deletes looks for pins behind the mark: one of the two sees the other. */
    if :: tombstone != NOTHING -> pin = false :: else -> if :: !index -> pin = false :: else -> pinned = true fi fi
}
#endif

#ifdef WITH_RESTORER
proctype Restorer() {
    use = true;
#ifndef LISTONLY
    listed = true;
#endif
    if :: tombstone != NOTHING -> goto done :: else fi;
    if :: !index -> goto done :: else fi;
    /* Nothing is removed while someone reads it whose lease lasts. */
    assert((content && outside) || gone[USER]);
done:
    use = false
}
#ifdef LISTONLY
/* A new key is in the listings some time later. */
proctype Listing() { use -> listed = true }
#endif
#endif

#ifdef WITH_REST
/* At any moment everybody may stop for ever. Then a collection, or a reset, on each of three days brings the checkpoint
 * to rest: it is whole, or nothing is left of it. */
proctype Rest() {
    byte days = 0;
    atomic {
        over = true;
        do
        :: days < 3 ->
            days++;
            if
            :: tombstone == NOTHING && reset == ANNOUNCED -> reset = OVER
            :: tombstone == NOTHING && reset == OVER -> reset = NOTHING
            :: tombstone == NOTHING && reset == NOTHING && !index -> content = false; removing = false
            :: tombstone == NOTHING && reset == NOTHING && index
            :: tombstone == MARKED && index && content && !removing ->
                if
                :: reset == ANNOUNCED -> tombstone = NOTHING; reset = OVER
                :: reset != ANNOUNCED -> reset = ANNOUNCED
                :: reset == NOTHING -> FINISHED
                fi
            :: else -> reset = NOTHING; FINISHED
            fi
        :: else -> break
        od;
        assert(tombstone == NOTHING && reset == NOTHING && !removing);
        assert((outside && index && content) || !(index || content));
        /* What the others would do from here on is of no interest. */
        days = 1;
        do
        :: days <= USER -> gone[days] = true; days++
        :: else -> break
        od;
        days = 0; FINISHED; failed = false; marker = 0; ripe = false
    }
}
#endif

proctype Judge() {
    /* What is available is whole, and what is pinned stays. */
    atomic {
        !over && !(content && outside) && ((tombstone == NOTHING && index) || pinned) -> assert(false)
    }
}

init {
    byte p;
    atomic {
        /* Who is gone has marked it. */
        tombstone = MARKED;
        p = 1;
        do :: p <= DELETERS -> run Deleter(p); p++ :: else -> break od;
        do :: p < USER -> run Resetter(p); p++ :: else -> break od;
        p = 0;
        run Day();
#ifdef WITH_PIN
        run Pinner();
#endif
#ifdef WITH_RESTORER
        run Restorer();
#ifdef LISTONLY
        run Listing();
#endif
#endif
#ifdef WITH_REST
        run Rest();
#endif
        run Judge()
    }
}
