/*
 * One checkpoint, the executor that made it, and others that take it over because it seems to have gone: epochs, claims
 * and commit records. docs/models/README.md says what is proven, and what the names of the variants mean.
 *
 * A process may stand still between any two of its steps, for ever if it likes. So a write that is late is a process that
 * slept before it, and a crash is a process that does not go on. Reading a record, writing one, and listing keys are one
 * step each; what a bank's level does not promise is not used.
 */

#ifndef TAKERS
#define TAKERS 2
#endif
/* What an epoch's number can be. Where a bank cannot say who was first, numbers have a random part: of two claims behind
 * the same one either may be the higher, and no two are the same. */
#ifdef LISTONLY
#define STEP 2
#else
#define STEP 1
#endif
#define LAST (1 + STEP * TAKERS)

#define NOTHING 0
#define AVAILABLE 1
#define ERROR 2

#define CREATOR 1
#define RESTORER (TAKERS + 2)
#define PROCESSES (TAKERS + 3)

/* epochs/<n>.json: whose it is, 0 without a claim. */
byte claim[LAST + 1];
/* commits/<n>.json: the status, and for each of two resources the epoch it lies in and whose work it is (its digest). */
byte status[LAST + 1];
byte epochA[LAST + 1], epochB[LAST + 1], digestA[LAST + 1], digestB[LAST + 1];
/* What lies in an epoch of the two resources: whose work, 0 for nothing. */
byte contentA[LAST + 1], contentB[LAST + 1];
/* indices/unfinished/<id>. */
bool marker = true;
/* uses/<owner>.json of the one who restores. */
bool use = false;
/* Whose lease has run out, as others found; by its own clock a process knew it before they did. That a lease has run out
 * which nobody looks at changes nothing, since a process may sleep for ever anyway. */
bool gone[PROCESSES];
/* How many takers have begun. */
byte begun = 0;
/* Whether someone was told that the checkpoint is available. */
bool told = false;

/* The highest epoch with a commit record: its record is in force. */
inline inForce(c) {
    d_step {
        c = LAST;
        do
        :: c > 0 && status[c] == NOTHING -> c--
        :: else -> break
        od
    }
}

/* The same, with what the record says. */
inline readInForce(c) {
    d_step {
        c = LAST;
        do
        :: c > 0 && status[c] == NOTHING -> c--
        :: else -> break
        od;
        s = status[c]; a = epochA[c]; da = digestA[c]; b = epochB[c]; db = digestB[c]
    }
}

inline newest(n) {
    d_step {
        n = LAST;
        do
        :: n > 0 && claim[n] == 0 -> n--
        :: else -> break
        od
    }
}

/* Before each write of its own a process looks whether its lease still lasts. It may fall asleep behind that. */
#ifdef NO_FENCING
#define FENCE skip
#else
#define FENCE if :: gone[me] -> goto stop :: else fi
#endif

/* Goes on only if a lease has run out. */
#define SEES_GONE(p) if :: gone[p] = true :: goto stop fi

/* Two executors' work never mixes. */
inline putA(e) { atomic { assert(contentA[e] == 0 || contentA[e] == me); contentA[e] = me } }
inline putB(e) { atomic { assert(contentB[e] == 0 || contentB[e] == me); contentB[e] = me } }

inline commit(e, s, a, da, b, db) {
    atomic {
        assert(status[e] == NOTHING || claim[e] == me);
        status[e] = s; epochA[e] = a; digestA[e] = da; epochB[e] = b; digestB[e] = db
    }
}

#define WHOLE(c) (status[c] == AVAILABLE && contentA[epochA[c]] == digestA[c] && contentB[epochB[c]] == digestB[c])

/* Who made the checkpoint, and its first epoch. */
proctype Creator() {
    byte me = CREATOR, n, s;
    FENCE; putA(1);
#ifndef ONE_RESOURCE
    FENCE; putB(1);
#endif
    if :: s = AVAILABLE :: s = ERROR fi;
    FENCE; commit(1, s, 1, me, 1, contentB[1]);
    /* Whoever claims looks for commit records behind that: one of the two sees the other. */
    newest(n);
    if
    :: n > 1 -> goto stop
    :: n <= 1 && s == AVAILABLE -> atomic { told = true; marker = false }
    :: else
    fi;
stop:
    skip
}

/* A resume or a collection: it finishes what others left, or records that it failed, or brings it to rest. */
proctype Taker(byte me) {
    byte c, n, k, s, a, b, da, db, e;
    /* They are all alike: the second is the one that begins second. */
    atomic { begun == me - 2 -> begun++ }
#ifdef CLAIMS_FIRST
    newest(n); readInForce(c);
#else
    readInForce(c); newest(n);
#endif
    /* It works on what has a marker, and belongs to no one who lives. */
    if :: !marker -> goto stop :: else fi;
    if
    :: c > 0 && n <= c -> goto rest
#ifdef TRUST_COMMIT
    :: c > 0 && n > c -> SEES_GONE(claim[n]); goto rest
#endif
    :: else
    fi;
    SEES_GONE(claim[n]);
#ifdef NO_EPOCHS
    k = 1; claim[1] = me;
#else
    FENCE;
    atomic {
        if
        :: STEP == 1 && claim[n + 1] == 0 -> k = n + 1
        :: STEP == 2 && claim[n + 1] == 0 -> k = n + 1
        :: STEP == 2 && claim[n + 2] == 0 -> k = n + 2
        :: else -> goto stop
        fi;
        claim[k] = me
    }
#endif
    /* What was committed before this claim stays what the checkpoint is: it is said again under this epoch, which
     * leaves behind everyone who claimed before and knew nothing of it. */
#ifdef NO_SECOND_LOOK
    c = 0;
#else
    readInForce(c);
#endif
    if
    :: c > 0 ->
#ifdef WITHDRAW
        goto stop;
#endif
        skip
    :: else ->
        /* What is finished in the epoch before is taken over; or done again. */
        a = k; da = me; b = k; db = me; e = n;
        if :: contentA[e] != 0 -> atomic { a = e; da = contentA[e] } :: true fi;
        if :: a == k -> FENCE; putA(k) :: else fi;
#ifdef ONE_RESOURCE
        b = 1; db = 0;
#else
        if :: contentB[e] != 0 -> atomic { b = e; db = contentB[e] } :: true fi;
        if :: b == k -> FENCE; putB(k) :: else fi;
#endif
        if :: s = AVAILABLE :: s = ERROR fi
    fi;
    FENCE; commit(k, s, a, da, b, db);
    newest(n);
    if :: n > k -> goto stop :: else fi;
    c = k;
rest:
    /* The record in force was read, and behind that no later claim was there. What it does not name goes. */
    if :: s == AVAILABLE -> told = true :: else fi;
#ifndef SWEEP_USED
    if :: use -> SEES_GONE(RESTORER) :: else fi;
#endif
    e = 1;
    do
    :: e > LAST -> break
    :: else ->
        atomic {
            if :: e < c -> status[e] = NOTHING :: else fi;
            if :: s != AVAILABLE || a != e -> contentA[e] = 0 :: else fi;
            if :: s != AVAILABLE || b != e -> contentB[e] = 0 :: else fi
        }
        e++
    od;
    marker = false;
stop:
    skip
}

/* Lists the checkpoint. */
proctype Lister() {
    byte c, n;
    inForce(c);
    if :: status[c] != AVAILABLE -> goto stop :: else fi;
#ifndef LIST_COMMIT_ONLY
    newest(n);
    /* A later claim says that it may yet become another; unless it was brought to rest. */
    if
    :: n > c && marker -> goto stop
    :: n > c && !marker -> inForce(c); if :: status[c] != AVAILABLE -> goto stop :: else fi
    :: else
    fi;
#endif
    told = true;
stop:
    skip
}

/* Restores it; does not mind later claims. */
proctype Restorer() {
    byte me = RESTORER, c, s, a, da, b, db;
    readInForce(c);
    if :: s != AVAILABLE -> goto stop :: else fi;
    use = true;
#ifndef OLD_RECORD
    /* What the record was before the use counts for nothing. */
    readInForce(c);
    if :: s != AVAILABLE -> goto done :: else fi;
#endif
    assert(gone[me] || contentA[a] == da);
    assert(gone[me] || contentB[b] == db);
done:
    use = false;
stop:
    skip
}

/* What someone was told stays true. */
proctype Judge() {
    byte c;
    atomic { told -> inForce(c); assert(WHOLE(c)) }
}

init {
    byte p = 2;
    atomic {
        claim[1] = CREATOR;
        run Creator();
        do
        :: p < TAKERS + 2 -> run Taker(p); p++
        :: else -> break
        od;
#ifdef WITH_LISTER
        run Lister();
#endif
#ifdef WITH_RESTORER
        run Restorer();
#endif
        run Judge()
    }
}
