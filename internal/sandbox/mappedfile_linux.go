package sandbox

import "golang.org/x/sys/unix"

// mapPopulate maps all pages at once instead of one fault for each sixteen.
const mapPopulate = unix.MAP_POPULATE
