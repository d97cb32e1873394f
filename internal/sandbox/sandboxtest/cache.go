package sandboxtest

import (
	"cmp"
	"os"
)

// CodeCache is where a test's sandbox keeps native code: the directory that
// KRAKO_TEST_CODE_CACHE names, or else its own. Test programs may share one as the
// processes of a node do: under the race detector it takes ten seconds to make
// what a fraction of one loads.
func CodeCache(own string) string { return cmp.Or(os.Getenv("KRAKO_TEST_CODE_CACHE"), own) }
