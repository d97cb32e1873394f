//go:build !wasip1

package sdk

// blobDir is the second argument of a native build, whose invocation is
// "program ENTRY [BLOB_DIRECTORY]"; by default the directory is "blobs".
func blobDir(args []string) string {
	if len(args) > 2 {
		return args[2]
	}
	return "blobs"
}

// declareMediaType has no one to tell: a native program's output is bytes.
func declareMediaType(string) {}
