/*
 * The lease of one owner, and one who watches it, with time: whoever takes an owner for gone is right, by the owner's own
 * count. docs/models/README.md says what is proven, and what the names of the variants mean.
 *
 * Any time may pass between two steps. A write may take effect long after it was sent, or not at all.
 */

/* A lease lasts so many ticks, and its owner begins nothing in the last one. */
#define WINDOW 4
#ifdef NO_RESERVE
#define RESERVE 0
#else
#define RESERVE 1
#endif
/* How many ticks the owner's clock loses against the watcher's. It is far less than one in truth. */
#define DRIFT 2
#define RENEWALS 2
#define END 10

/* The watcher's clock; the owner's is behind it by what it has lost. */
byte now = 0, lost = 0;
#define clock (now - lost)
/* leases/<owner>: the number of the renewal, and what the owner's wall clock said when it was sent. */
byte record = 0;
#ifdef TRUST_CLOCKS
byte renewed = 0;
#define RENEW(number, sent) record = number; renewed = sent
#else
#define RENEW(number, sent) record = number
#endif
/* Whether the watcher has taken the owner for gone. */
bool gone = false;
/* When the renewal was sent that the owner counts from. */
byte counted = 0;

#define LASTS (clock < counted + WINDOW - RESERVE)

proctype Time() {
    do
    :: now < END ->
        atomic {
            now++;
            if
            :: true
            :: lost < DRIFT -> lost++
            fi
        }
    :: now == END -> break
    od
}

/* A renewal of which no answer came; it may still take effect. */
proctype Late(byte number; byte sent) { atomic { RENEW(number, sent) } }

proctype Owner() {
    byte number = 1, sent;
    do
    :: number <= RENEWALS ->
#ifndef NO_FENCING
        if :: !LASTS -> break :: else fi;
#endif
        sent = clock;
        if
        :: atomic { RENEW(number, sent) };
            /* The answer. */
            atomic {
                if
#ifdef NO_FENCING
                :: true -> counted = sent
#else
                :: LASTS -> counted = sent
                :: else -> break
#endif
                fi
            }
#ifdef COUNT_FROM_ANSWER
            counted = clock
#endif
        :: run Late(number, sent)
        fi;
        number++
    :: break
    od
}

proctype Watcher() {
    byte seen, since, until;
#ifdef TRUST_CLOCKS
    /* Compares its own clock with what the record says of the owner's. */
    byte skew;
    select(skew : 0 .. 2);
    seen = record; since = renewed; until = now + skew;
    if
    :: until > since + WINDOW -> gone = true
    :: else
    fi
#else
    seen = record;
    /* From behind the answer of the first look to before the last look. */
    since = now;
    until = now;
    atomic {
        if
        :: seen == record && until > since + WINDOW -> gone = true
        :: else
        fi
    }
#endif
}

/* Who was taken for gone never counts on its lease again. */
proctype Judge() { atomic { gone && LASTS -> assert(false) } }

init { atomic { run Time(); run Owner(); run Watcher(); run Judge() } }
