// Nothing is called from here: the functions in locks.c take the place of those in Swift's library.
