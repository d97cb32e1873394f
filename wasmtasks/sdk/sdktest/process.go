// Package sdktest runs the native build of a program of tasks as a process, in
// the program's own tests: the test binary itself is started again and told to
// be the program. It is for tests only and never part of a guest.
package sdktest

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// asProgram tells a test binary to be the program.
const asProgram = "KRAKO_TEST_AS_PROGRAM"

// Main is the body of TestMain of a program whose main function is program. It
// does not return.
func Main(m *testing.M, program func()) {
	if os.Getenv(asProgram) != "" {
		program()
	}
	os.Exit(m.Run())
}

// Run runs an entry of the program on a JSON input, with the files of blobDir
// as its blobs. The error is that of a process that exits with another code
// than 0.
func Run(t testing.TB, entry, input, blobDir string) (stdout []byte, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], entry, blobDir)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdin = strings.NewReader(input)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	return out.Bytes(), log.String(), err
}
