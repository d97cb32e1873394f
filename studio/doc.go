// Package studio is KORA Studio's server: chats, the runs that answer them, and
// everything there is to see about a run, for one person in a browser on the same
// machine.
//
// It listens where it is told, answers only to names it knows, and to others'
// pages not at all. It asks nobody but its Engine, and loads nothing from
// elsewhere. A run goes on when the page is gone: who comes back sees all of it.
// It is not for several people: there is one history, and no accounts.
package studio
