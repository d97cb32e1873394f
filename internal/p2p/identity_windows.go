package p2p

import "io/fs"

// checkMode accepts every file: access is governed by the ACL that the file
// inherits from the user's profile, which mode bits do not show.
func checkMode(string, fs.FileMode) error { return nil }

// syncDir does nothing: NTFS journals directory entries.
func syncDir(string) error { return nil }
