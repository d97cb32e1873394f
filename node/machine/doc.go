// Package machine senses the machine that a node runs on: whether it is on
// battery, how long nobody has touched it, how busy it is and how much memory is
// free. What a system does not tell is reported as unknown with the reason, never
// guessed.
//
//	          on battery            idle                          load           free memory
//	Linux     /sys/class/           logind; without it the time   /proc/loadavg  /proc/meminfo
//	          power_supply          of the last input of a
//	                                terminal, if there is no
//	                                graphical session
//	macOS     pmset                 ioreg, HIDIdleTime            vm.loadavg     unknown
//	Windows   GetSystemPowerStatus  GetLastInputInfo, but not     unknown        GlobalMemoryStatusEx
//	                                in a service
//	others    unknown               unknown                       unknown        unknown
//
// On Linux a desktop must tell logind when its session is idle (IdleHint). One
// that does not looks as if it were always in use.
//
// Nothing is kept or sent anywhere, no key or pointer position is read, and every
// look is bounded: in time, and in how much is read of what other programs say.
package machine
