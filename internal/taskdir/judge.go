package taskdir

import (
	"bytes"
	"fmt"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox"
)

// judge compares an outcome with what an example asks for. It returns a problem
// for people, or "".
func (t *tester) judge(x *Example, got, again sandbox.Outcome) (string, error) {
	if got.Code != again.Code || got.FuelUsed != again.FuelUsed || got.MemoryPages != again.MemoryPages || !bytes.Equal(got.Output, again.Output) {
		return "a second run ended differently", nil
	}
	if got.Code != x.Error {
		return fmt.Sprintf("ended with %s, want %s", ending(got.Code, got.Detail), ending(x.Error, "")), nil
	}
	if x.Error != "" {
		return "", nil
	}
	if got.MediaType != t.entry.mediaType() {
		return fmt.Sprintf("output is %s, want %s", got.MediaType, t.entry.mediaType()), nil
	}
	if t.out != nil {
		if err := t.out.Check(got.Output); err != nil {
			return "output does not fit output_schema: " + err.Error(), nil
		}
	}
	return t.compare(x, got.Output)
}

func (t *tester) compare(x *Example, output []byte) (string, error) {
	switch {
	case x.OutputFile != "":
		want, err := t.dir.read(x.OutputFile)
		if err != nil {
			return "", err
		}
		if !bytes.Equal(output, want) {
			return "output is not the content of " + x.OutputFile, nil
		}
	case !x.Output.IsZero():
		got, err := contracts.NewJSON(output)
		if err != nil {
			return "output is not JSON: " + err.Error(), nil
		}
		if !bytes.Equal(got, x.Output) {
			return fmt.Sprintf("output is %s, want %s", clip(got), clip(x.Output)), nil
		}
	}
	return "", nil
}

func ending(code contracts.Code, detail string) string {
	switch {
	case code == "":
		return "success"
	case detail == "":
		return string(code)
	}
	return fmt.Sprintf("%s (%s)", code, detail)
}

// clip shortens what stands in a message.
func clip(b []byte) string {
	const limit = 300
	if len(b) <= limit {
		return string(b)
	}
	return fmt.Sprintf("%s… (%d bytes)", bytes.ToValidUTF8(b[:limit], nil), len(b))
}
