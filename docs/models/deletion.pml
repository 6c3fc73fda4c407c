/*
 * One available checkpoint, those who delete it (a person, a retention, a collection), those who restore it meanwhile,
 * and one who pins it. docs/models/README.md says what is proven, and what the names of the variants mean.
 *
 * A process may stand still between any two of its steps, for ever if it likes.
 */

#define DELETERS 2
#ifndef RESTORERS
#define RESTORERS 1
#endif
#define FIRST_RESTORER (DELETERS + 1)
#define PROCESSES (DELETERS + RESTORERS + 1)

#define NOTHING 0
#define MARKED 1
#define REMOVING 2

/* tombstone.json: its stage, whose it is, and its version. Versions are never used again. */
byte tombstone = NOTHING, version = 0, marker = 0;
/* uses/<owner>.json, and whether a listing has it. */
bool use[PROCESSES], listed[PROCESSES];
/* pin.json, and whether someone was told that the checkpoint is pinned. */
bool pin = false, pinned = false;
/* What plugins keep elsewhere, index.json, and the content. */
bool outside = true, index = true, content = true;
/* Whose lease has run out, as others found. */
bool gone[PROCESSES];
/* How many of those who delete, and of those who restore, have begun. They are all alike: the second is the one that begins
 * second. */
byte deleters = 0, restorers = 0;

#define SEES_GONE(p) if :: gone[p] = true :: goto stop fi

#ifdef NO_FENCING
#define FENCE skip
#else
#define FENCE if :: gone[me] -> goto stop :: else fi
#endif

/* Looks for what must keep a checkpoint from being deleted. A use counts while its owner's lease lives. */
inline look() {
    needed = pin;
    p = FIRST_RESTORER;
    do
    :: p < PROCESSES ->
        if
        :: use[p] && listed[p] -> if :: gone[p] = true :: needed = true fi
        :: else
        fi;
        p++
    :: else -> break
    od
}

/* Waits until the mark is older than any listing is late: what was written before it is listed by then. */
inline wait_for_margin() {
#ifdef LISTONLY
#ifndef NO_MARGIN
    p = FIRST_RESTORER;
    do
    :: p < PROCESSES -> (!unlisted[p] || listed[p] || !use[p]); p++
    :: else -> break
    od
#else
    skip
#endif
#else
    skip
#endif
}

proctype Deleter(byte me) {
    byte p, v, stage;
    bool needed, unlisted[PROCESSES];
    atomic { deleters == me - 1 -> deleters++ }
    look();
    if :: needed -> goto stop :: else fi;
    FENCE;
#ifndef NO_MARK
    /* Marks it, or finds it marked. Looking and writing are two steps. */
again:
    atomic { stage = tombstone; v = version };
    atomic {
        if
        :: stage == NOTHING ->
#ifndef MARK_OVER
            if :: tombstone != NOTHING -> goto again :: else fi;
#endif
            tombstone = MARKED; version++; marker = me; stage = MARKED; v = version
        :: else
        fi;
        d_step {
            p = FIRST_RESTORER;
            do
            :: p < PROCESSES -> unlisted[p] = use[p] && !listed[p]; p++
            :: else -> break
            od
        }
    }
    if :: stage == REMOVING -> goto remove :: else fi;
#endif
#ifndef MARGIN_BEHIND_LOOK
    wait_for_margin();
#endif
#ifndef NO_SECOND_LOOK
    look();
    if
    :: needed ->
#ifdef COMPARE_AND_SWAP
        /* Takes the mark away, if it is still the one behind which it looked. */
        atomic { if :: tombstone == MARKED && version == v -> tombstone = NOTHING :: else fi };
#endif
        goto stop
    :: else
    fi;
#endif
#ifdef MARGIN_BEHIND_LOOK
    wait_for_margin();
#endif
    FENCE;
    /* From here on nobody takes the mark away. */
#ifndef NO_MARK
    atomic {
#ifdef COMPARE_AND_SWAP
#ifndef UNVERSIONED
        if :: tombstone == NOTHING || (tombstone == MARKED && version != v) -> goto stop :: else fi;
#endif
#endif
#ifdef UNVERSIONED
        skip
#else
        tombstone = REMOVING; version++; marker = me
#endif
    }
#endif
remove:
    outside = false;
    if :: tombstone == NOTHING -> goto stop :: else fi;
    index = false;
    content = false;
    tombstone = NOTHING;
stop:
    skip
}

proctype Restorer(byte me) {
    atomic { restorers == me - FIRST_RESTORER -> restorers++ }
#ifdef USE_BEHIND_LOOK
    if :: tombstone != NOTHING || !index -> goto stop :: else fi;
    use[me] = true;
    listed[me] = true;
#else
    use[me] = true;
#ifdef LISTONLY
    run Listing(me);
#else
    listed[me] = true;
#endif
    if :: tombstone != NOTHING -> goto done :: else fi;
    if :: !index -> goto done :: else fi;
#endif
    /* Nothing is removed while someone reads it whose lease lasts. */
    assert((content && outside) || gone[me]);
done:
    use[me] = false;
stop:
    skip
}

#ifdef LISTONLY
/* A new key is in the listings some time later. */
proctype Listing(byte user) { listed[user] = true }
#endif

proctype Pinner() {
    pin = true;
    /* Whoever deletes looks for pins behind the mark: one of the two sees the other. */
    if :: tombstone != NOTHING || !index -> pin = false :: else -> pinned = true fi
}

#ifdef COMPARE_AND_SWAP
/* Leads a checkpoint out of a deletion whose owner is gone, as long as nothing can have been removed. */
proctype Resetter() {
    byte v, stage, owner;
    d_step { stage = tombstone; v = version; owner = marker }
    if :: stage != MARKED -> goto stop :: else fi;
    SEES_GONE(owner);
    atomic { if :: tombstone == MARKED && version == v -> tombstone = NOTHING :: else fi };
stop:
    skip
}
#endif

proctype Judge() {
    /* What is available is whole, and what is pinned stays. */
    atomic {
        (tombstone == NOTHING && index && !(content && outside)) || (pinned && !(content && outside)) -> assert(false)
    }
}

init {
    atomic {
        run Deleter(1); run Deleter(2);
        run Restorer(FIRST_RESTORER);
#if RESTORERS == 2
        run Restorer(FIRST_RESTORER + 1);
#else
        run Pinner();
#endif
#ifdef COMPARE_AND_SWAP
        run Resetter();
#endif
        run Judge()
    }
}
