package rewrite_test

import (
	"bytes"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/internal/sandbox/rewrite"
)

// TestHusk looks at the husks of two modules that differ in a body only.
func TestHusk(t *testing.T) {
	var husks [2][]byte
	for i := range husks {
		module := rewritten(t, single(nil, types(i32), types(i32), i32c(int32(7+i))), options(nil))
		husk, functions, err := rewrite.Husk(module)
		if err != nil || functions != 1 {
			t.Fatal(functions, err)
		}
		husks[i] = husk
		for _, e := range engines(t) {
			if o := e.start(husk).call("f", plenty, plenty); o.results != "no code" {
				t.Errorf("a husk gave %v", o)
			}
		}
		if again, _, _ := rewrite.Husk(module); !bytes.Equal(again, husk) {
			t.Error("a module has two husks")
		}
		for n := range module {
			if _, _, err := rewrite.Husk(module[:n]); err != nil && contracts.CodeOf(err) != contracts.CodeValidation {
				t.Errorf("%d bytes of a module: %v", n, err)
			}
		}
	}
	if bytes.Equal(husks[0], husks[1]) {
		t.Error("two modules have one husk")
	}
	if _, _, err := rewrite.Husk(single(nil, types(i32), types(i32), i32c(7))); contracts.CodeOf(err) != contracts.CodeValidation {
		t.Errorf("the husk of a module that was not rewritten: %v", err)
	}
}
