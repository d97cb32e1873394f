package list

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

func TestSet(t *testing.T) {
	a, b := []string{"x", "Y", "x", "z"}, []string{"y", "z", "w"}
	for _, tc := range []struct {
		in   SetInput
		want string
	}{
		{SetInput{a, b, "union", false}, "[x Y z y w]"}, {SetInput{a, b, "union", true}, "[x Y z w]"}, {SetInput{a, b, "intersection", true}, "[Y z]"},
		{SetInput{a, b, "difference", false}, "[x Y]"}, {SetInput{a, b, "symmetric_difference", true}, "[x w]"},
	} {
		out, err := Set(context.Background(), tc.in)
		if err != nil || fmt.Sprint(out.Items) != tc.want || out.Count != len(out.Items) || out.Subset || out.Disjoint {
			t.Errorf("%+v = %+v, %v", tc.in, out, err)
		}
	}
	if out, err := Set(context.Background(), SetInput{A: []string{"a"}, B: []string{"a", "b"}, Do: "union"}); err != nil || !out.Subset || out.Disjoint {
		t.Errorf("%+v, %v", out, err)
	}
	_, err := Set(context.Background(), SetInput{Do: "xor"})
	if fault, ok := errors.AsType[*field.Error](err); !ok || fault.Field != "do" {
		t.Error(err)
	}
}

func TestCountItems(t *testing.T) {
	out, err := CountItems(context.Background(), CountInput{[]string{"b", "a", "A", "a", "c"}, true})
	if err != nil || fmt.Sprint(out) != "{5 3 [{a 3} {b 1} {c 1}]}" {
		t.Errorf("%v, %v", out, err)
	}
}
